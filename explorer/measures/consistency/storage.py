"""Reports on disk, with the checkpoint: one for each effort and each part of each data set.

The full report on the model's own data is ``trust.json`` in the folder of the checkpoint; the others lie beside it, as
``trust-EFFORT-DATA-DIGEST.json``, and none replaces one of another kind. A ``trust.json`` of an earlier version may be
of any kind, and is read as what it says.

The folders that ship with the project belong to the clone, and the app writes nothing there: reports on those go to
``trust`` in the data folder, with the fingerprint of the weights in place of ``trust``. Of two reports of one kind the
later counts. Only the command line, which is asked to, writes into the folder itself.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ValidationError

from explorer.data.names import dataset_name
from explorer.data.store import Store
from explorer.home import SHIPPED_CHECKPOINTS, data_home, write_atomically
from explorer.measures.consistency.check import STORED
from explorer.measures.consistency.checks import FULL
from explorer.measures.consistency.effort import Effort
from explorer.measures.consistency.report import Report
from explorer.measures.consistency.running import CheckProgress, run_checks
from explorer.models.checkpoints import Checkpoint

__all__ = ["check_and_keep", "find_report", "find_reports", "save_report", "why_no_report", "write_report"]

_STEM = "trust"
_MAX_BYTES = 5_000_000
_UNSEEN = ("", "validation")


class _Stored(BaseModel):
    """What the file says: the report, and the weights that it is about."""

    model_config = STORED

    format: Literal["image-density-explorer-checks/2"] = "image-density-explorer-checks/2"
    fingerprint: str
    report: Report


Kind = tuple[str, str, str]
"""Effort, data set and part of it: what tells reports on one model apart."""


def find_reports(checkpoint: Checkpoint) -> list[Report]:
    """The latest report of each kind on exactly these weights: those on the model's own data first, and of these those
    on what is new to it; then by name of the data; the full one before the quick one."""
    latest: dict[Kind, Report] = {}
    for each in map(_read, _files(checkpoint)):
        if each is not None and each.fingerprint == checkpoint.fingerprint:
            kind = _kind(each.report)
            latest[kind] = max(latest.get(kind, each.report), each.report, key=lambda report: report.made)
    own = checkpoint.config.dataset

    def place(report: Report) -> tuple[bool, bool, tuple[str, str], bool]:
        source, split = report.subject
        return source != own, split not in _UNSEEN, (source, split), report.effort != FULL.name

    return sorted(latest.values(), key=place)


def find_report(checkpoint: Checkpoint) -> Report | None:
    """The report that says most of a model: the full one on its own data, where there is one; else the first of
    `find_reports`; None when there is none that can be read."""
    return next(iter(find_reports(checkpoint)), None)


def why_no_report(checkpoint: Checkpoint) -> str:
    """A sentence for when `find_report` finds none: a file of an earlier version, or a damaged one, is not read."""
    if any(path.is_file() and _read(path) is None for path in _files(checkpoint)):
        return (
            f"The report on {checkpoint.name} cannot be read: it is damaged, or of another version of Image Density "
            "Explorer. Run the checks again."
        )
    return f"{checkpoint.name} was not checked yet."


def check_and_keep(
    checkpoint: Checkpoint,
    images: Store,
    effort: Effort,
    progress: CheckProgress | None = None,
    other: Store | None = None,
    split: str = "",
    own: tuple[np.ndarray, np.ndarray] | None = None,
) -> Report:
    """Run every check and keep the report; where the checkpoint has none of this kind yet, after each check.

    A report that is cut short is better than none, but not than one that is whole.

    Args:
        checkpoint: the model.
        images: what it is checked on.
        effort: how much is measured.
        progress: told how far it is.
        other: another data set, see `explorer.data.other.open_other`.
        split: which part of their data set the images are.
        own: images that the model was trained on, and fresh ones, see `run_checks`.

    Raises:
        ExplorerError: there are fewer than two images, or the report cannot be written.
    """
    source = dataset_name(images.source)
    known = {_kind(report) for report in find_reports(checkpoint)}
    report = run_checks(
        checkpoint.model,
        checkpoint.values,
        images.pixels[: effort.images],
        effort,
        dataset=images.name,
        source=source,
        split=split,
        other=None if other is None else (other.name, other.pixels),
        own=own,
        progress=progress,
        keep=None if (effort.name, source, split) in known else (lambda part: save_report(checkpoint, part)),
    )
    save_report(checkpoint, report)
    return report


def save_report(checkpoint: Checkpoint, report: Report, in_folder: bool = False) -> None:
    """Keep a report with its checkpoint; see the module's docstring.

    Args:
        checkpoint: the model.
        report: on it.
        in_folder: write to the folder of the checkpoint even where it ships with the project.

    Raises:
        ExplorerError: it cannot be written.
    """
    shipped = checkpoint.path.resolve().parent == SHIPPED_CHECKPOINTS.resolve()
    away = shipped and not in_folder
    folder, stem = (data_home() / "trust", checkpoint.fingerprint) if away else (checkpoint.path, _STEM)
    path = folder / f"{stem}.json"
    there = _read(path)
    is_main = report.effort == FULL.name and report.source == checkpoint.config.dataset
    is_other = (
        there is not None and there.fingerprint == checkpoint.fingerprint and _kind(there.report) != _kind(report)
    )
    if is_other or not is_main:
        digest = hashlib.sha256("\0".join(_kind(report)).encode()).hexdigest()[:8]
        name = re.sub(r"[^A-Za-z0-9]+", "-", "-".join(report.subject))[:40].strip("-")
        path = folder / f"{stem}-{report.effort}-{name}-{digest}.json"
    write_report(path, checkpoint.fingerprint, report)


def write_report(path: Path, fingerprint: str, report: Report) -> None:
    """Write a report on the weights with this fingerprint to a file, in one rename.

    Raises:
        ExplorerError: it cannot be written.
    """
    stored = _Stored(fingerprint=fingerprint, report=report)
    with write_atomically(path) as temporary:
        temporary.write_text(stored.model_dump_json(indent=1) + "\n", encoding="utf-8")


def _kind(report: Report) -> Kind:
    return report.effort, *report.subject


def _files(checkpoint: Checkpoint) -> list[Path]:
    places = ((data_home() / "trust", checkpoint.fingerprint), (checkpoint.path, _STEM))
    return [path for folder, stem in places for path in sorted(folder.glob(f"{stem}*.json"))]


def _read(path: Path) -> _Stored | None:
    try:
        if path.stat().st_size > _MAX_BYTES:
            return None
        return _Stored.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
