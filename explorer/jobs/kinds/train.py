"""Training: the folder of a run is its job's folder, and its ``config.json`` says what to train."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, ValidationError

from explorer.errors import ExplorerError
from explorer.home import read_end
from explorer.jobs.kinds.base import Task
from explorer.jobs.progress import MOST_UNITS, JobProgress, Stopped, Work, read_progress
from explorer.progress import Opening

__all__ = ["STEPS", "TrainTask", "run_progress"]

STEPS = "steps"
"""The unit of a training's progress; before the first it is that of the images which are prepared."""

_TAIL_BYTES = 16_384  # holds a validation and some progress lines


class TrainTask(Task):
    """Train the run whose folder this is."""

    plural = "Training"

    kind: Literal["train"] = "train"
    processes: int = Field(default=1, ge=1, le=1024)

    @property
    def title(self) -> str:
        return "Training" + (f" in {self.processes} processes" if self.processes > 1 else "")

    def run(self, work: Work) -> None:
        """Train, from the last saved state on."""
        from explorer.data.sources import open_dataset
        from explorer.data.views import Views
        from explorer.models.devices import pick_device
        from explorer.training.compiling import missing_compiler
        from explorer.training.loop import train
        from explorer.training.run import Run

        config = Run.open(work.folder).config
        if config.compile and (sentence := missing_compiler(pick_device(config.device))):
            work.tell(sentence)
        first = os.environ.get("RANK", "0") == "0"  # the other processes wait for the images that this one prepares
        if first:
            shape, views = config.model.image_shape, Views(config.views, config.min_shrink)
            training = open_dataset(config.dataset, shape, "train", views=views, **work.opening())
            validation = open_dataset(config.dataset, shape, "validation", **work.opening())
            work.tell(*dict.fromkeys((*training.remarks, *validation.remarks)))
        if not train(work.folder, work.should_stop, **(work.opening() if first else Opening())):
            raise Stopped

    def progress(self, folder: Path) -> JobProgress:
        """Steps; before the first, how far the images are."""
        steps, images = run_progress(folder), read_progress(folder)
        return steps if steps.done or images is None or images.fraction == 1 else images


class _Length(BaseModel):
    """What ``config.json`` says of the length of a run; to read all of it would take torch."""

    steps: int = Field(ge=1, le=MOST_UNITS)
    batch_size: int = Field(ge=1, le=MOST_UNITS)


class _Line(BaseModel):
    """What a line of ``metrics.jsonl`` says: a validation has no speed."""

    step: int = Field(ge=0, le=MOST_UNITS)
    images_per_second: float | None = Field(default=None, gt=0, allow_inf_nan=False)


class _StepProgress(JobProgress):
    """Progress in steps, with a rate in images."""

    batch_size: int

    @property
    def rate_unit(self) -> str:
        return "images/s"

    @property
    def seconds_left(self) -> float | None:
        return self._seconds((self.total - self.done) * self.batch_size)


def run_progress(folder: Path) -> JobProgress:
    """How far the training run in a folder is, from the end of its metrics.

    Raises:
        ExplorerError: its configuration is damaged.
    """
    try:
        length = _Length.model_validate_json((folder / "config.json").read_bytes())
    except (OSError, ValidationError) as error:
        raise ExplorerError(f"The training run {folder.name} is damaged: config.json cannot be read.") from error
    step, speed = 0, None
    for line in read_end(folder / "metrics.jsonl", _TAIL_BYTES).splitlines():
        with contextlib.suppress(ValidationError):  # half a line
            entry = _Line.model_validate_json(line)
            step = entry.step  # not the largest: a run that was killed takes some steps again
            speed = entry.images_per_second or speed
    return _StepProgress(done=step, total=length.steps, unit=STEPS, rate=speed, batch_size=length.batch_size)
