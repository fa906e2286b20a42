"""How far a job is, from a small file or the last lines of one: cheap enough to ask for every job every second."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, Field, ValidationError

from explorer.decoding import read_image
from explorer.errors import ExplorerError
from explorer.home import read_end
from explorer.jobs.state import member_folders
from explorer.jobs.tasks import PERCENT, PROGRESS_FILE, TrainTask, read_task
from explorer.training.config import MAX_STEPS
from explorer.training.run import Run

__all__ = ["Progress", "denoised_examples", "duration", "progress", "run_progress"]

_TAIL_BYTES = 16_384  # holds a validation and some progress lines
_MOST = 2**53  # units of work
_FOREVER = 1e9  # seconds


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

    @property
    def text(self) -> str:
        """How far it is, in words; empty while the total is not known."""
        if self.unit == PERCENT:
            return f"{self.done} %"
        return f"{self.done:,} of {self.total:,} {self.unit}" if self.total else ""


def run_progress(run: Run) -> Progress:
    """How far a training run is; reads only the end of its metrics."""
    step, speed = 0, None
    for line in read_end(run.folder / "metrics.jsonl", _TAIL_BYTES).splitlines():
        try:
            entry = json.loads(line)
            step = _Step.model_validate(entry).step  # not the largest: a run that was killed takes some steps again
            if entry["kind"] == "progress":
                speed = _Speed.model_validate(entry).images_per_second
        except (ValueError, KeyError, RecursionError):
            continue  # half a line
    steps = run.config.steps
    return Progress(step, steps, rate=speed, seconds_left=_seconds((steps - step) * run.config.batch_size, speed))


class _Step(BaseModel):
    """What every line of ``metrics.jsonl`` says."""

    step: int = Field(ge=0, le=MAX_STEPS)


class _Speed(BaseModel):
    """What a line of progress says."""

    images_per_second: float = Field(gt=0, allow_inf_nan=False)


def _seconds(units: float, rate: float | None) -> float | None:
    seconds = units / rate if rate else math.inf
    return seconds if seconds < _FOREVER else None


def progress(folder: Path) -> Progress:
    """How far a job is; one in shards, all of them together.

    Raises:
        ExplorerError: it is damaged.
    """
    if isinstance(read_task(folder), TrainTask):
        run, images = run_progress(Run.open(folder)), _reported(folder)
        return run if run.done or images is None or images.fraction == 1 else images
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
    return Progress(done, total, unit, rate, _per_second(unit), _seconds(total - done, rate))


class _Reported(BaseModel):
    """What ``progress.json`` says."""

    done: int = Field(ge=0, le=_MOST)
    total: int = Field(ge=0, le=_MOST)
    unit: str = Field(max_length=100)
    rate: float | None = Field(None, ge=0, allow_inf_nan=False)


def _reported(folder: Path) -> Progress | None:
    try:
        said = _Reported.model_validate_json((folder / PROGRESS_FILE).read_bytes())
    except (OSError, ValidationError):
        return None
    left = _seconds(said.total - said.done, said.rate or 0.0)
    return Progress(said.done, said.total, said.unit, said.rate, _per_second(said.unit), left)


def _per_second(unit: str) -> str:
    return "%/s" if unit == PERCENT else f"{unit.split()[0]}/s"


def denoised_examples(run: Run) -> bytes | None:
    """The PNG of denoised images that the trainer wrote at the latest validation; None before the first, and where it
    is damaged."""
    side = run.config.model.image_shape[1]
    try:
        data = (run.folder / "denoised.png").read_bytes()
        return data if min(read_image(data).size) >= side else None
    except (OSError, ExplorerError):
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
