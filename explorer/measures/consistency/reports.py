"""Trust reports on disk, with the checkpoint: ``trust.json`` in its folder.

The folders that ship with the project belong to the clone, and the app writes nothing there: reports on those go to
``trust`` in the data folder, and the later of the two counts. Only the command line, which is asked to, writes into
the folder itself.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from explorer.data.store import Store
from explorer.home import SHIPPED_CHECKPOINTS, data_home, write_atomically
from explorer.measures.consistency.trust import Effort, Progress, run_checks
from explorer.measures.consistency.trust_report import TrustReport
from explorer.models.checkpoints import Checkpoint

__all__ = ["REPORT_FILE", "check", "find_report", "save_report", "write_report"]

REPORT_FILE = "trust.json"
_MAX_BYTES = 5_000_000


def find_report(checkpoint: Checkpoint) -> TrustReport | None:
    """The latest report on exactly these weights; None when there is none that can be read."""
    found = [_read(path) for path in (_own_file(checkpoint), checkpoint.path / REPORT_FILE)]
    fitting = [report for report in found if report is not None and report.fingerprint == checkpoint.fingerprint]
    return max(fitting, key=lambda report: report.made, default=None)


def check(
    checkpoint: Checkpoint,
    images: Store,
    effort: Effort,
    progress: Progress | None = None,
    other: Store | None = None,
) -> TrustReport:
    """Run every check and keep the report; where the checkpoint has none yet, after each section.

    A report that is cut short is better than none, but not than one that is whole.

    Args:
        checkpoint: the model.
        images: what it is checked on.
        effort: how much is measured.
        progress: told what is measured.
        other: another data set, see `explorer.data.other.open_other`.

    Raises:
        ExplorerError: there are fewer than two images, or the report cannot be written.
    """
    keep = None if find_report(checkpoint) else (lambda part: save_report(checkpoint, part))
    pixels = images.pixels[: effort.nll_images]
    beside = None if other is None else (other.name, other.pixels)
    report = run_checks(checkpoint, pixels, images.name, effort, other=beside, progress=progress, keep=keep)
    save_report(checkpoint, report)
    return report


def save_report(checkpoint: Checkpoint, report: TrustReport) -> None:
    """Keep a report with its checkpoint; see the module's docstring.

    Raises:
        ExplorerError: it cannot be written.
    """
    shipped = checkpoint.path.resolve().parent == SHIPPED_CHECKPOINTS.resolve()
    write_report(_own_file(checkpoint) if shipped else checkpoint.path / REPORT_FILE, report)


def write_report(path: Path, report: TrustReport) -> None:
    """Write a report to a file, in one rename.

    Raises:
        ExplorerError: it cannot be written.
    """
    with write_atomically(path) as temporary:
        temporary.write_text(report.model_dump_json(indent=1) + "\n", encoding="utf-8")


def _own_file(checkpoint: Checkpoint) -> Path:
    return data_home() / "trust" / f"{checkpoint.fingerprint}.json"


def _read(path: Path) -> TrustReport | None:
    try:
        if path.stat().st_size > _MAX_BYTES:
            return None
        return TrustReport.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
