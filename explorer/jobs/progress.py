"""How far a job is: ``progress.json`` in its folder, which is cheap enough to read for every job every second."""

from __future__ import annotations

import contextlib
import math
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from explorer.home import write_atomically
from explorer.progress import Opening, Progress

__all__ = [
    "MOST_UNITS",
    "PERCENT",
    "PROGRESS_FILE",
    "JobProgress",
    "Stopped",
    "Work",
    "duration",
    "read_progress",
    "together",
]

PROGRESS_FILE = "progress.json"
PERCENT = "%"
"""The unit of work that is not a number of things."""
MOST_UNITS = 2**53

_PREPARED, _FETCHED = "images prepared", "MB fetched"

_REPORT_SECONDS = 1.0
_FOREVER = 1e9  # seconds
_MEGABYTE = 1_000_000  # bytes


class JobProgress(BaseModel):
    """How far a job is.

    Attributes:
        done: units done.
        total: units in all; 0 while that is not known.
        unit: what is counted, in the plural: "steps", "scores".
        rate: in the unit `rate_unit`; None before the first report.
    """

    model_config = ConfigDict(frozen=True)

    done: int = Field(default=0, ge=0, le=MOST_UNITS)
    total: int = Field(default=0, ge=0, le=MOST_UNITS)
    unit: str = Field(default="", max_length=100)
    rate: float | None = Field(default=None, ge=0, allow_inf_nan=False)

    @property
    def fraction(self) -> float:
        """Share that is done, in [0, 1]."""
        return min(1.0, self.done / self.total) if self.total else 0.0

    @property
    def text(self) -> str:
        """How far it is, in words; empty while the total is not known."""
        if self.unit == PERCENT:
            return f"{self.done} %"
        return f"{self.done:,} of {self.total:,} {self.unit}" if self.total else ""

    @property
    def preparing(self) -> bool:
        """Whether this is of the images, before the work itself: how long that takes is not known then."""
        return self.unit in (_PREPARED, _FETCHED)

    @property
    def rate_unit(self) -> str:
        """Unit of `rate`."""
        return f"{self.unit.partition(' ')[0]}/s"

    @property
    def seconds_left(self) -> float | None:
        """Time left at this rate; None while that is not known."""
        return self._seconds(self.total - self.done)

    def _seconds(self, units: float) -> float | None:
        seconds = units / self.rate if self.rate else math.inf
        return seconds if seconds < _FOREVER else None


def read_progress(folder: Path) -> JobProgress | None:
    """What the job or the shard of a folder reported last; None when it has not, or the file is damaged."""
    try:
        return JobProgress.model_validate_json((folder / PROGRESS_FILE).read_bytes())
    except (OSError, ValidationError):
        return None


def together(shards: Sequence[JobProgress | None]) -> JobProgress:
    """The progress of all shards of a job; those that have not reported are taken to have as much to do as others."""
    known = [shard for shard in shards if shard is not None]
    if not known:
        return JobProgress()
    running = [shard.rate for shard in known if shard.rate is not None and shard.done < shard.total]
    return JobProgress(
        done=sum(shard.done for shard in known),
        total=round(sum(shard.total for shard in known) / len(known) * len(shards)),
        unit=known[0].unit,
        rate=sum(running) or None,
    )


class Stopped(Exception):
    """Raised through work that knows nothing of stopping."""


class Work:
    """One shard of a job as it is done: where, which, and how it reports.

    Args:
        folder: of the shard; of the job, where it is in one piece.
        shard: number of the shard, from 0.
        should_stop: asked at each report.
    """

    def __init__(self, folder: Path, shard: int, should_stop: Callable[[], bool]) -> None:
        self.folder, self.shard, self.should_stop = folder, shard, should_stop
        self._written = -math.inf
        self._latest = JobProgress()
        self._began = (0, 0.0)  # units that were done when the present count began, and when

    def report(self, done: int, total: int, unit: str) -> None:
        """Say how far the work is; it is written once a second.

        Raises:
            Stopped: the job should stop.
            ExplorerError: the file cannot be written.
        """
        if self.should_stop():
            raise Stopped
        now = time.monotonic()
        if unit != self._latest.unit or done < self._latest.done:  # the next of several data sets is counted anew
            self._began = (done, now)
        first, began = self._began
        rate = (done - first) / (now - began) if now > began else None
        self._latest = JobProgress(done=done, total=total, unit=unit, rate=rate)
        if now - self._written >= _REPORT_SECONDS or done == total:
            self._written = now
            with write_atomically(self.folder / PROGRESS_FILE) as path:
                path.write_text(self._latest.model_dump_json(), encoding="utf-8")

    def tell(self, *sentences: str) -> None:
        """Write sentences into the log of the job."""
        with contextlib.suppress(OSError):  # it may be on a disk that is full
            for sentence in sentences:
                print(sentence, file=sys.stderr, flush=True)

    def counting(self, unit: str) -> Progress:
        """Reports in a unit."""
        return lambda done, total: self.report(done, total or 0, unit)

    def opening(self) -> Opening:
        """The arguments of `open_dataset` that report how far it is."""

        def fetching(done: int, total: int | None) -> None:
            self.report(done // _MEGABYTE, math.ceil((total or 0) / _MEGABYTE), _FETCHED)

        def waiting(who: str, done: int, total: int | None) -> None:
            self.report(done, total or 0, f"images prepared by {who}")

        return {"progress": self.counting(_PREPARED), "fetching": fetching, "waiting": waiting}


def duration(seconds: float) -> str:
    """A time in words, rounded to what matters: "40 s", "2 min 30 s", "1 h 20 min".

    Examples:
        >>> duration(151)
        '2 min 40 s'
    """
    step = 1 if seconds < 60 else 10 if seconds < 600 else 60
    rounded = step * math.ceil(seconds / step)
    hours, minutes, seconds = rounded // 3600, rounded // 60 % 60, rounded % 60
    parts = [f"{hours:,} h"] * (hours > 0) + [f"{minutes} min"] * (minutes > 0)
    return " ".join(parts + [f"{seconds} s"] * (seconds > 0 or not parts))
