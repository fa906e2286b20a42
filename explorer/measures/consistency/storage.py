"""Reports on disk, with the checkpoint: ``trust.json`` in its folder.

The folders that ship with the project belong to the clone, and the app writes nothing there: reports on those go to
``trust`` in the data folder, and the later of the two counts. Only the command line, which is asked to, writes into
the folder itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ValidationError

from explorer.data.store import Store
from explorer.home import SHIPPED_CHECKPOINTS, data_home, write_atomically
from explorer.measures.consistency.check import STORED
from explorer.measures.consistency.effort import Effort
from explorer.measures.consistency.report import Report
from explorer.measures.consistency.running import CheckProgress, run_checks
from explorer.models.checkpoints import Checkpoint

__all__ = ["REPORT_FILE", "check_and_keep", "find_report", "save_report", "why_no_report", "write_report"]

REPORT_FILE = "trust.json"
_MAX_BYTES = 5_000_000


class _Stored(BaseModel):
    """What the file says: the report, and the weights that it is about."""

    model_config = STORED

    format: Literal["image-density-explorer-checks/2"] = "image-density-explorer-checks/2"
    fingerprint: str
    report: Report


def find_report(checkpoint: Checkpoint) -> Report | None:
    """The latest report on exactly these weights; None when there is none that can be read."""
    found = [_read(path) for path in _files(checkpoint)]
    fitting = [each.report for each in found if each is not None and each.fingerprint == checkpoint.fingerprint]
    return max(fitting, key=lambda report: report.made, default=None)


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
) -> Report:
    """Run every check and keep the report; where the checkpoint has none yet, after each check.

    A report that is cut short is better than none, but not than one that is whole.

    Args:
        checkpoint: the model.
        images: what it is checked on.
        effort: how much is measured.
        progress: told how far it is.
        other: another data set, see `explorer.data.other.open_other`.

    Raises:
        ExplorerError: there are fewer than two images, or the report cannot be written.
    """
    report = run_checks(
        checkpoint.model,
        checkpoint.values,
        images.pixels[: effort.images],
        effort,
        dataset=images.name,
        other=None if other is None else (other.name, other.pixels),
        progress=progress,
        keep=None if find_report(checkpoint) else (lambda part: save_report(checkpoint, part)),
    )
    save_report(checkpoint, report)
    return report


def save_report(checkpoint: Checkpoint, report: Report) -> None:
    """Keep a report with its checkpoint; see the module's docstring.

    Raises:
        ExplorerError: it cannot be written.
    """
    shipped = checkpoint.path.resolve().parent == SHIPPED_CHECKPOINTS.resolve()
    write_report(_own_file(checkpoint) if shipped else checkpoint.path / REPORT_FILE, checkpoint.fingerprint, report)


def write_report(path: Path, fingerprint: str, report: Report) -> None:
    """Write a report on the weights with this fingerprint to a file, in one rename.

    Raises:
        ExplorerError: it cannot be written.
    """
    stored = _Stored(fingerprint=fingerprint, report=report)
    with write_atomically(path) as temporary:
        temporary.write_text(stored.model_dump_json(indent=1) + "\n", encoding="utf-8")


def _own_file(checkpoint: Checkpoint) -> Path:
    return data_home() / "trust" / f"{checkpoint.fingerprint}.json"


def _files(checkpoint: Checkpoint) -> tuple[Path, Path]:
    return _own_file(checkpoint), checkpoint.path / REPORT_FILE


def _read(path: Path) -> _Stored | None:
    try:
        if path.stat().st_size > _MAX_BYTES:
            return None
        return _Stored.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
