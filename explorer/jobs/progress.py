"""How far a job is, from a small file or the last lines of one: cheap enough to ask for every job every second."""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass
from pathlib import Path

from explorer.jobs.state import member_folders
from explorer.jobs.tasks import PROGRESS_FILE, TrainTask, read_task
from explorer.training.run import Run

__all__ = ["Progress", "denoised_examples", "duration", "progress", "run_progress"]

_TAIL_BYTES = 16_384  # holds a validation and some progress lines


@dataclass(frozen=True)
class Progress:
    """How far a job is.

    Attributes:
        done: units done.
        total: units in all; 0 while that is not known.
        unit: what is counted, in the plural: "steps", "scores".
        rate: of the last seconds; None before the first report.
        rate_unit: of `rate`.
        seconds_left: at that rate; None before the first report.
    """

    done: int
    total: int
    unit: str = "steps"
    rate: float | None = None
    rate_unit: str = "images/s"
    seconds_left: float | None = None

    @property
    def fraction(self) -> float:
        """Share that is done, in [0, 1]."""
        return min(1.0, self.done / self.total) if self.total else 0.0


def run_progress(run: Run) -> Progress:
    """How far a training run is; reads only the end of its metrics."""
    step, speed = 0, None
    for line in _tail(run.folder / "metrics.jsonl").splitlines():
        try:
            entry = json.loads(line)
            step = int(entry["step"])  # not the largest: a run that was killed takes some steps again
            if entry["kind"] == "progress":
                speed = float(entry["images_per_second"])
        except (ValueError, KeyError, TypeError):
            continue  # half a line
    steps = run.config.steps
    left = (steps - step) * run.config.batch_size / speed if speed else None
    return Progress(step, steps, rate=speed, seconds_left=left)


def progress(folder: Path) -> Progress:
    """How far a job is; one in shards, all of them together.

    Raises:
        ExplorerError: it is damaged.
    """
    if isinstance(read_task(folder), TrainTask):
        return run_progress(Run.open(folder))
    members = member_folders(folder)
    parts = [_reported(member) for member in members]
    known = [part for part in parts if part is not None]
    if not known:
        return Progress(0, 0, "")
    # Shards that have not said how much they have to do are taken to have as much as the others.
    total = round(sum(part.total for part in known) / len(known) * len(parts))
    done = sum(part.done for part in known)
    at_work = [part.rate for part in known if part.rate is not None and part.done < part.total]
    rate = sum(at_work) or None
    unit = known[0].unit
    return Progress(done, total, unit, rate, f"{unit}/s", (total - done) / rate if rate else None)


def _reported(folder: Path) -> Progress | None:
    try:
        content = json.loads((folder / PROGRESS_FILE).read_bytes())
        rate = content.get("rate")
        return Progress(int(content["done"]), int(content["total"]), str(content["unit"]), rate and float(rate))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def denoised_examples(run: Run) -> bytes | None:
    """The PNG of denoised images that the trainer wrote at the latest validation; None before the first."""
    try:
        return (run.folder / "denoised.png").read_bytes()
    except OSError:
        return None


def duration(seconds: float) -> str:
    """A time in words, rounded to what matters: "40 s", "2 min 30 s", "1 h 20 min".

    Examples:
        >>> duration(151)
        '2 min 40 s'
    """
    if seconds < 60:
        rounded = math.ceil(seconds)
    elif seconds < 600:
        rounded = 10 * math.ceil(seconds / 10)
    else:
        rounded = 60 * math.ceil(seconds / 60)
    hours, minutes, seconds = rounded // 3600, rounded // 60 % 60, rounded % 60
    parts = [f"{hours:,} h"] * (hours > 0) + [f"{minutes} min"] * (minutes > 0)
    return " ".join(parts + [f"{seconds} s"] * (seconds > 0 or not parts))


def _tail(path: Path) -> str:
    try:
        with open(path, "rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
            return file.read().decode(errors="replace")
    except OSError:
        return ""
