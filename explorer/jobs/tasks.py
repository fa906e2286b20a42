"""The task of a job's folder: read, written, done, and how far it is.

Jobs live in folders of two kinds. The folder of a training run *is* its job's folder, and need not have a task. Every
other job has a folder in ``jobs`` of the data folder, with a ``task.json``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel, ValidationError

from explorer.errors import ExplorerError
from explorer.home import write_atomically
from explorer.jobs.kinds import KINDS, Task, TrainTask
from explorer.jobs.progress import JobProgress, Stopped, Work

__all__ = ["do_task", "member_folders", "progress", "read_task", "write_task"]

_TASK_FILE = "task.json"


class _Kind(BaseModel):
    kind: str


def write_task(folder: Path, task: Task) -> None:
    """Write ``task.json``.

    Raises:
        ExplorerError: it cannot be written.
    """
    with write_atomically(folder / _TASK_FILE) as path:
        path.write_text(task.model_dump_json(indent=1) + "\n", encoding="utf-8")


def read_task(folder: Path) -> Task:
    """The task of a job's folder.

    Raises:
        ExplorerError: there is none, or it is damaged.
    """
    try:
        content = (folder / _TASK_FILE).read_bytes()
        return KINDS[_Kind.model_validate_json(content).kind].model_validate_json(content)
    except FileNotFoundError:
        if (folder / "config.json").is_file():
            return TrainTask()
        raise ExplorerError(f"{folder} is not a job: {_TASK_FILE} is missing.") from None
    except (OSError, ValidationError, KeyError) as error:
        raise ExplorerError(f"The job {folder.name} is damaged: {_TASK_FILE} cannot be read. Delete it.") from error


def do_task(folder: Path, should_stop: Callable[[], bool]) -> bool:
    """Do the task of a job's folder, or that of the shard whose folder it is; returns whether it is done.

    Raises:
        ExplorerError: whatever keeps it from being done.
    """
    shard = _shard_of(folder)
    task = read_task(folder if shard is None else folder.parent)
    try:
        task.run(Work(folder, shard or 0, should_stop))
    except Stopped:
        return False
    return True


def _shard_of(folder: Path) -> int | None:
    name = folder.name.removeprefix("shard-")
    return int(name) if name != folder.name and name.isdecimal() and (folder.parent / _TASK_FILE).is_file() else None


def member_folders(folder: Path) -> list[Path]:
    """The folders of the shards of a job; its own alone, where it is in one piece or damaged."""
    try:
        return read_task(folder).members(folder)
    except ExplorerError:
        return [folder]


def progress(folder: Path) -> JobProgress:
    """How far a job is, all its shards together.

    Raises:
        ExplorerError: it is damaged.
    """
    return read_task(folder).progress(folder)
