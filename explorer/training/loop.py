"""The training loop: steps, validations and saves of a run on disk, up to its export as a checkpoint."""

from __future__ import annotations

import hashlib
import math
import shutil
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch

from explorer.data.names import dataset_name
from explorer.data.sources import open_dataset
from explorer.data.views import Views
from explorer.errors import ExplorerError
from explorer.home import temporary_name, write_folder_atomically
from explorer.models.checkpoints import CheckpointConfig, read_config, save_checkpoint
from explorer.models.dual import DualEnergy
from explorer.progress import Opening, Progress, Waiting
from explorer.training.card import checkpoint_card
from explorer.training.compiling import Interrupted, compiling
from explorer.training.objective import irreducible_time_loss
from explorer.training.processes import ALONE, Processes, joined_processes
from explorer.training.run import Run, append_metrics
from explorer.training.sources import PixelSource, rows_of_part
from explorer.training.trainer import Trainer
from explorer.training.validation import save_denoised_examples, validate

__all__ = ["train", "train_on"]

_SAVE_SECONDS = 60.0
_PROGRESS_SECONDS = 2.0
_NORMALIZATION_IMAGES = 4096

OnStep = Callable[[int, dict[str, Any] | None], None]
"""``on_step(steps done, metrics of the validation at this step or None)``."""


class _Stopped(Exception):
    """Raised through the preparation of images, which knows nothing of stopping."""


def train(
    folder: Path,
    should_stop: Callable[[], bool] | None = None,
    on_step: OnStep | None = None,
    progress: Progress | None = None,
    fetching: Progress | None = None,
    waiting: Waiting | None = None,
) -> bool:
    """Train a run to its end, or resume it; returns whether it finished.

    The state is saved every minute, at every validation, and when it stops. The finished run is written as a
    checkpoint to the data folder under the run's name.

    Args:
        folder: a run folder, see `explorer.training.run`.
        should_stop: asked before each step; when it answers True, the state is saved and the run can be resumed.
        on_step: called every few seconds and at every validation.
        progress, fetching, waiting: called before the first step, while images are prepared; see `open_dataset`.

    Raises:
        ExplorerError: the run or its data set cannot be read, or the folder cannot be written.
    """
    run = Run.open(folder)
    config = run.config

    def stoppable(report: Progress | None) -> Progress:
        def preparing(done: int, total: int | None) -> None:
            if should_stop is not None and should_stop():
                raise _Stopped
            if report is not None:
                report(done, total)

        return preparing

    def stoppable_waiting(who: str, done: int, total: int | None) -> None:
        stoppable(None if waiting else progress)(done, total)
        if waiting is not None:
            waiting(who, done, total)

    shown = Opening(progress=stoppable(progress), fetching=stoppable(fetching), waiting=stoppable_waiting)
    shape, views = config.model.image_shape, Views(config.views, config.min_shrink)
    try:
        training_set = open_dataset(config.dataset, shape, "train", views=views, **shown)
        validation_set = open_dataset(config.dataset, shape, "validation", **shown)
        with joined_processes(config.device) as processes:
            return train_on(
                run, training_set.pixels, validation_set.pixels, should_stop, on_step, processes, training_set.views
            )
    except (_Stopped, Interrupted):
        return False


def train_on(
    run: Run,
    training_pixels: np.ndarray,
    validation_pixels: np.ndarray,
    should_stop: Callable[[], bool] | None = None,
    on_step: OnStep | None = None,
    processes: Processes = ALONE,
    views: int = 1,
) -> bool:
    """`train` on images that are already open, uint8 of shape ``(N, C, H, W)``: on the run's part of the training
    images, of which `views` in a row are of one picture.

    Raises:
        Interrupted: a stop was asked for while the first step compiled.
    """
    config = run.config
    rows = rows_of_part(len(training_pixels), views, config.part, config.parts, config.pictures)
    if min(len(rows), len(validation_pixels)) < 2:
        raise ExplorerError(f"The data set {config.dataset} has too few images to train on.")
    trainer = Trainer(config, PixelSource(training_pixels, config.values, config.flip, rows), processes=processes)
    if run.training_state.exists():
        trainer.restore(run.training_state)
    examples = validation_pixels[: config.validation_images]
    report = on_step or (lambda _step, _validation: None)
    report(trainer.step, None)
    saved_at = reported_at = time.monotonic()
    recent: list[torch.Tensor] = []
    began = trainer.step

    while trainer.step < config.steps:
        if processes.any(should_stop is not None and should_stop(), trainer.device):
            if processes.first:
                trainer.save(run.training_state)
            return False
        with compiling(should_stop) if trainer.compiles and trainer.step == began else nullcontext():
            recent.append(trainer.take_step())
        if not processes.first:
            continue
        now = time.monotonic()
        last = trainer.step == config.steps
        if now - reported_at >= _PROGRESS_SECONDS or last:
            append_metrics(run.folder, _progress(trainer, recent, now - reported_at))
            recent.clear()
            reported_at = now
            report(trainer.step, None)
        if trainer.step % config.validate_every == 0 or last:
            report(trainer.step, _validate(run, trainer, examples, len(rows) // views))
            trainer.save(run.training_state)
            reported_at = saved_at = time.monotonic()
        elif now - saved_at >= _SAVE_SECONDS:
            trainer.save(run.training_state)
            saved_at = now
    if processes.first:
        _export(run)
    return True


def _progress(trainer: Trainer, recent: list[torch.Tensor], seconds: float) -> dict[str, object]:
    space, time_loss = torch.stack(recent).mean(0).tolist()
    return {
        "kind": "progress",
        "step": trainer.step,
        "space_loss": space,
        "time_loss": time_loss / irreducible_time_loss(math.prod(trainer.config.model.image_shape)),
        "learning_rate": trainer.config.learning_rate_at(trainer.step - 1),
        "images_per_second": len(recent) * trainer.config.batch_size / max(seconds, 1e-9),
        "seconds": seconds,
    }


def _validate(run: Run, trainer: Trainer, examples: np.ndarray, pictures: int) -> dict[str, Any]:
    """Validate the averaged weights, keep them if they are the best so far, and return the metrics.

    Where the weight of the heat loss grows, the latest are kept: earlier ones have a lower NLL but are less consistent.
    """
    config = run.config
    model = cast(DualEnergy, trainer.averaged)
    if not config.model.anchor:
        images = trainer.statistics_images()[:_NORMALIZATION_IMAGES].to(trainer.device)
        model.normalize(images, torch.Generator().manual_seed(config.seed))
    result = validate(model, config, examples)
    if not math.isfinite(result.nll.i_mmse):
        raise ExplorerError("The training diverged: its loss is not a number. Start a run with a lower learning rate.")
    save_denoised_examples(model, config, examples, run.folder / "denoised.png")
    earlier = [e["bits_per_dimension"]["i_mmse"] for e in run.metrics() if e["kind"] == "validation"]
    if config.heat_growth > 1 or result.bits_per_dimension["i_mmse"] < min(earlier, default=math.inf):
        description = CheckpointConfig(
            model=config.model,
            values=config.values,
            dataset=dataset_name(config.dataset),  # no path of this machine
            training=config.model_dump(mode="json", exclude={"model", "values", "dataset"})
            | {
                "step": trainer.step,
                "minutes": round(run.seconds / 60, 1),
                "hardware": _hardware(trainer.device),
                "training_pictures": pictures,
            },
            metrics=result.as_dict(),
        )
        save_checkpoint(run.folder / "best", model, description, checkpoint_card(config.name, description))
    metrics = result.as_dict()
    append_metrics(run.folder, {"kind": "validation", "step": trainer.step, **metrics})
    return metrics


def _hardware(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type != "cpu":
        return device.type
    threads = torch.get_num_threads()
    return f"{threads} thread{'' if threads == 1 else 's'} of a CPU"


def _export(run: Run) -> None:
    """Copy the best checkpoint of a finished run to where every page finds it, in one rename.

    If a checkpoint with these weights is there, it stays as it is, with what was measured of it since: the process that
    wrote it was killed before it could report the end.
    """
    target, best = run.checkpoint, run.folder / "best"
    try:
        weights = _weights(best)
        if weights is not None and _weights(target) == weights:
            return
        with write_folder_atomically(target) as new:
            shutil.copytree(best, new, dirs_exist_ok=True)
            if target.exists():
                shutil.rmtree(target.rename(temporary_name(target)))
    except OSError as error:
        raise ExplorerError(f"{target} cannot be written ({error.strerror or error}). Free some space.") from error


def _weights(checkpoint: Path) -> bytes | None:
    """SHA-256 of the weights of a checkpoint that is whole; else None."""
    try:
        read_config(checkpoint)
        with open(checkpoint / "model.safetensors", "rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except (OSError, ExplorerError):
        return None
