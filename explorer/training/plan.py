"""Before a training starts: is it worth starting, and how long will it take?"""

from __future__ import annotations

import math
import re
import time
from itertools import count
from typing import Any

import numpy as np

from explorer.data.store import Store
from explorer.errors import ExplorerError
from explorer.home import SHIPPED_CHECKPOINTS, check_name, data_home
from explorer.training.config import TrainingConfig, training_config
from explorer.training.sources import PixelSource
from explorer.training.trainer import Trainer

__all__ = [
    "MIN_TRAINING_IMAGES",
    "MIN_VALIDATION_IMAGES",
    "check_images",
    "check_new_name",
    "free_name",
    "plan",
    "seconds_of",
    "seconds_per_step",
    "steps_in",
]

MIN_TRAINING_IMAGES = 20
MIN_VALIDATION_IMAGES = 2

_VALIDATIONS = 24  # in a run: enough to draw a curve
_MIN_STEPS_BETWEEN_VALIDATIONS = 100  # a validation takes as long as some ten steps
_SHARE_OF_STEPS = 0.9  # of the time of a run; the rest goes to validations and saves
_MEASURED_SECONDS = 0.3
_SMALL_BATCH = 4
_LONGEST_STEP = 1.0  # seconds; a slower step is not measured but extrapolated from a small batch


def check_new_name(name: str) -> str:
    """Return `name` if a new run, and the checkpoint that it becomes, can have it.

    Raises:
        ExplorerError: it is not safe as a name, or is taken.
    """
    taken = _owner(check_name(name))
    if taken:
        raise ExplorerError(f"There is a {taken} called {name} already. Choose another name.")
    return name


def free_name(stem: str) -> str:
    """A name made from `stem` that no run and no checkpoint has: ``stem-1``, ``stem-2``, ..."""
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-._")[:48] or "run"
    return next(name for name in (f"{stem}-{number}" for number in count(1)) if not _owner(name))


def _owner(name: str) -> str | None:
    folders = (
        ("training run", data_home() / "runs"),
        ("checkpoint", data_home() / "checkpoints"),
        ("checkpoint", SHIPPED_CHECKPOINTS),
    )
    return next((kind for kind, folder in folders if (folder / name).exists()), None)


def check_images(training: Store, validation: Store) -> None:
    """Refuse a data set that is too small to train on.

    Raises:
        ExplorerError: it is; the sentence says how many images there are.
    """
    if len(training) < MIN_TRAINING_IMAGES or len(validation) < MIN_VALIDATION_IMAGES:
        raise ExplorerError(
            f"The data set {training.name} is too small to train on: it has {len(training)} images for training and "
            f"{len(validation)} for validation, and at least {MIN_TRAINING_IMAGES} and {MIN_VALIDATION_IMAGES} are "
            "needed. Choose another data set, or add images."
        )


def plan(name: str, dataset: str, steps: int, **settings: Any) -> TrainingConfig:
    """A training configuration that validates often enough to watch.

    Args:
        name: of the run and its checkpoint.
        dataset: what `explorer.data.sources.open_dataset` opens.
        steps: length of the run.
        settings: as for `explorer.training.config.training_config`.

    Raises:
        ExplorerError: a setting is out of range; the message names it.
    """
    validate_every = max(_MIN_STEPS_BETWEEN_VALIDATIONS, steps // _VALIDATIONS)
    return training_config(
        name, dataset, steps=steps, validate_every=validate_every, warmup_steps=min(100, steps // 10), **settings
    )


def steps_in(minutes: float, step_seconds: float) -> int:
    """How many steps fit into a budget of time, validations included; at least 1.

    Raises:
        ExplorerError: the time is not positive.
    """
    if not 0 < minutes < math.inf:
        raise ExplorerError(f"A training cannot take {minutes:g} minutes. Choose more than 0.")
    return max(1, int(_SHARE_OF_STEPS * 60 * minutes / step_seconds))


def seconds_of(steps: int, step_seconds: float) -> float:
    """How long a run takes, validations included; the inverse of `steps_in`."""
    return steps * step_seconds / _SHARE_OF_STEPS


def seconds_per_step(config: TrainingConfig) -> float:
    """Time of one step on this machine, measured on random pixels; takes about a second.

    Raises:
        ExplorerError: the device is not there.
    """
    small = min(_SMALL_BATCH, config.batch_size)
    bound = _timed(config, small) * config.batch_size / small
    return bound if bound > _LONGEST_STEP else _timed(config, config.batch_size)


def _timed(config: TrainingConfig, batch_size: int) -> float:
    pixels = np.random.default_rng(0).integers(0, 256, (64, *config.model.image_shape), dtype=np.uint8)
    trainer = Trainer(
        config.model_copy(update={"batch_size": batch_size, "compile": False}),
        PixelSource(pixels, config.values, config.flip),
    )
    trainer.take_step().tolist()  # the first is slower
    times: list[float] = []
    while sum(times) < _MEASURED_SECONDS:
        start = time.perf_counter()
        trainer.take_step().tolist()  # wait for it, on a GPU too
        times.append(time.perf_counter() - start)
    return min(times)  # slower steps shared the machine with something else
