"""Rename and delete the checkpoints of the data folder. Those that ship with the project stay as they are."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

from explorer.errors import ExplorerError
from explorer.home import data_home, temporary_name, write_atomically
from explorer.jobs.kinds import ModelTask
from explorer.jobs.manage import list_jobs
from explorer.models.checkpoints import CheckpointInfo, find_checkpoint, list_checkpoints
from explorer.training.plan import check_new_name

__all__ = ["delete_checkpoint", "find_own", "own_checkpoints", "rename_checkpoint"]


def own_checkpoints() -> list[CheckpointInfo]:
    """The checkpoints that can be renamed and deleted, by name; damaged ones too."""
    place = data_home() / "checkpoints"
    return [info for info in list_checkpoints() if info.path.parent == place]


def delete_checkpoint(name: str) -> None:
    """Remove a checkpoint with its report. The run that made it stays, and so do catalogs.

    Raises:
        ExplorerError: there is none of this name, it ships with the project, a job works with it, or it cannot be
            removed.
    """
    folder = find_own(name)
    try:
        if folder.is_symlink():  # what it links to is not ours
            folder.unlink()
            return
        unwanted = folder.rename(temporary_name(folder))  # whenever this is interrupted, it is no checkpoint any more
        shutil.rmtree(unwanted)
    except OSError as error:
        raise ExplorerError(
            f"The checkpoint {name} cannot be deleted ({error.strerror}). Check the permissions of {folder}."
        ) from error


def rename_checkpoint(name: str, new: str) -> Path:
    """Give a checkpoint another name; returns its folder. Its card says the new one.

    Raises:
        ExplorerError: as for `delete_checkpoint`; or the new name is taken, or not safe as a name.
    """
    folder = find_own(name)
    check_new_name(new)
    target = folder.with_name(new)
    try:
        folder.rename(target)
    except OSError as error:
        raise ExplorerError(
            f"The checkpoint {name} cannot be renamed ({error.strerror}). Check the permissions of {folder}."
        ) from error
    with contextlib.suppress(
        OSError, UnicodeDecodeError, ExplorerError
    ):  # a card that is not ours, or not to be changed
        card = (target / "card.md").read_text(encoding="utf-8")
        renamed = card.replace(f"# {name}\n", f"# {new}\n", 1) if card.startswith(f"# {name}\n") else card
        with write_atomically(target / "card.md") as path:
            path.write_text(
                renamed.replace(f"explorer evaluate {name} ", f"explorer evaluate {new} "), encoding="utf-8"
            )
    return target


def find_own(name: str) -> Path:
    """The folder of a checkpoint of the data folder that no job needs.

    Raises:
        ExplorerError: there is none of this name, it ships with the project, or a job works with it.
    """
    folder = next((info.path for info in own_checkpoints() if info.name == name), None)
    if folder is None:
        find_checkpoint(name)  # raises where there is none
        raise ExplorerError(f"{name} ships with Image Density Explorer: it cannot be renamed or deleted.")
    for job in list_jobs():
        works_with_it = isinstance(job.task, ModelTask) and job.task.model_name == name
        if job.state.open and (works_with_it or (job.task.kind == "train" and job.name == name)):
            raise ExplorerError(f"The job {job.name} works with the checkpoint {name}. Wait until it ends, or stop it.")
    return folder
