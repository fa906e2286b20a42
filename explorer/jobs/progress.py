"""How far a run is, from the last lines of its metrics: cheap enough to ask for every run every second."""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass
from pathlib import Path

from explorer.training.run import Run

__all__ = ["Progress", "denoised_examples", "duration", "progress"]

_TAIL_BYTES = 16_384  # holds a validation and some progress lines


@dataclass(frozen=True)
class Progress:
    """How far a run is.

    Attributes:
        step: steps done.
        steps: length of the run.
        images_per_second: of the last seconds; None before the first report.
        seconds_left: at that speed; None before the first report.
    """

    step: int
    steps: int
    images_per_second: float | None
    seconds_left: float | None

    @property
    def fraction(self) -> float:
        """Share of the steps that are done, in [0, 1]."""
        return min(1.0, self.step / self.steps)


def progress(run: Run) -> Progress:
    """How far `run` is; reads only the end of its metrics."""
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
    return Progress(step, steps, speed, left)


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
