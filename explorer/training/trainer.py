"""The training loop: dual score matching with Adam, resumable to the step.

Step ``k`` of a run depends only on the configuration, the state after step ``k - 1`` and random numbers seeded by
``(seed, k)``: images, mirroring, dequantization, noise and noise levels. A run that is killed and resumed from its last
saved state therefore takes exactly the steps that it would have taken.
"""

from __future__ import annotations

import copy
import math
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as safetensors_bytes
from torch import Tensor, nn

from explorer.data.sources import open_dataset
from explorer.errors import ExplorerError
from explorer.home import write_atomically
from explorer.models.checkpoints import CheckpointConfig, save_checkpoint
from explorer.models.devices import fitting_batch_size, pick_device
from explorer.models.dual import DualEnergy
from explorer.models.unet import UNet
from explorer.training.card import checkpoint_card
from explorer.training.config import TrainingConfig
from explorer.training.objective import (
    HEAT_EVALUATIONS,
    Objective,
    dual_score_losses,
    heat_losses,
    irreducible_time_loss,
    stratified_noise_variances,
    training_noise_variances,
)
from explorer.training.run import Run, append_metrics
from explorer.training.sources import ImageSource, PixelSource
from explorer.training.validation import save_denoised_examples, validate

__all__ = ["Trainer", "train", "train_on"]

_STATISTICS_VALUES = 64_000_000
_SAVE_SECONDS = 60.0
_PROGRESS_SECONDS = 2.0
_NORMALIZATION_IMAGES = 4096
# The double backward keeps about three times the activations of the single one that the batch size is made for.
_DOUBLE_BACKWARD = 3
_BETAS = (0.9, 0.99)
_HEAT_SHARE = 1 / 16
_HEAT_RANGE = (1e-5, 3.0)


@dataclass
class HeatPoints:
    """Where one step asks for the heat equation: points, noise variances and two probes each, on the device."""

    y: Tensor
    t: Tensor
    first: Tensor
    second: Tensor


@dataclass
class Batch:
    """What one step sees: clean images, noise and noise variances, on the device; and points for the heat equation."""

    x: Tensor
    eps: Tensor
    t: Tensor
    heat: HeatPoints | None


class Trainer:
    """State of a run in memory: network, averaged weights, optimizer, step.

    Args:
        config: what to train.
        source: training images.
        model: a network to train in place of the `DualEnergy` that the configuration describes; it must take
            ``(y, t)`` and its initial weights are kept.
        losses: the objective; it is given the network as a function of ``(y, t)``.

    Attributes:
        model: the network; its parameters are what the optimizer moves.
        averaged: the same architecture with the exponential moving average of the weights.
        step: steps done.
    """

    def __init__(
        self,
        config: TrainingConfig,
        source: ImageSource,
        model: nn.Module | None = None,
        losses: Objective = dual_score_losses,
    ) -> None:
        torch.set_flush_denormal(True)
        self.config = config
        self.source = source
        self.losses = losses
        self.device = pick_device(config.device)
        self.step = 0
        self.model = self._dual_energy() if model is None else model
        self.model.to(self.device)
        self.averaged = copy.deepcopy(self.model).requires_grad_(False)
        if config.bfloat16:
            for part in self.model.modules():
                if isinstance(part, UNet):
                    part.convolution_dtype = torch.bfloat16
        self.parameters = dict(self.model.named_parameters())
        self.optimizer = torch.optim.Adam(self.parameters.values(), lr=config.learning_rate, betas=_BETAS)
        self._gradient = torch.func.grad(self._loss, has_aux=True)
        self._heat_gradient = torch.func.grad(self._heat_loss)
        if config.compile:
            self._gradient = torch.compile(self._gradient)
            self._heat_gradient = torch.compile(self._heat_gradient)
        limit = fitting_batch_size(math.prod(config.model.image_shape), self.device) // _DOUBLE_BACKWARD
        self.micro_batch = max(1, min(config.batch_size, limit))

    def _dual_energy(self) -> DualEnergy:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.config.seed)
            model = DualEnergy(self.config.model)
        model.fit_statistics(self.statistics_images())
        return model

    def statistics_images(self) -> Tensor:
        """Clean training images, as many as statistics need, the same at each call; on the CPU."""
        most = max(2, _STATISTICS_VALUES // math.prod(self.config.model.image_shape))
        return self.source.statistics(most, torch.Generator().manual_seed(self.config.seed))

    def batch(self, step: int) -> Batch:
        """The images and noise of step `step`, from the seed and the step alone."""
        config = self.config
        generator = torch.Generator().manual_seed(config.seed * 1_000_000_007 + step + 1)
        x = self.source.sample(config.batch_size, generator)
        eps = torch.randn(x.shape, generator=generator)
        t = training_noise_variances(config.batch_size, config.model.noise, config.model.anchor, generator)
        heat = self._heat_points(x, generator) if config.heat_weight else None
        return Batch(x.to(self.device), eps.to(self.device), t.to(self.device), heat)

    def _heat_points(self, images: Tensor, generator: torch.Generator) -> HeatPoints:
        """Of a sixteenth of the batch half are left clean, the others get less noise than their level has."""
        x = images[: math.ceil(len(images) * _HEAT_SHARE)]
        noise = self.config.model.noise
        low, high = max(noise.t_min, _HEAT_RANGE[0]), min(noise.t_max, _HEAT_RANGE[1])
        t = stratified_noise_variances(len(x), low, high, generator)[torch.randperm(len(x), generator=generator)]
        share = torch.rand(len(x), generator=generator) * (torch.rand(len(x), generator=generator) < 0.5)
        y = x + (share * t).sqrt().view(-1, 1, 1, 1) * torch.randn(x.shape, generator=generator)
        first, second = (2.0 * torch.randint(0, 2, x.shape, generator=generator) - 1 for _ in range(2))
        return HeatPoints(*(tensor.to(self.device) for tensor in (y, t, first, second)))

    def _network(self, parameters: Mapping[str, Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
        return lambda y, t: torch.func.functional_call(self.model, parameters, (y, t))

    def _loss(self, parameters: Mapping[str, Tensor], batch: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
        losses = self.losses(self._network(parameters), *batch)
        means = torch.stack((losses.space.mean(), losses.time.mean()))
        return means[0] + self.config.time_weight * means[1], means

    def _heat_loss(self, parameters: Mapping[str, Tensor], points: tuple[Tensor, ...]) -> Tensor:
        return self.config.heat_weight * heat_losses(self._network(parameters), *points).mean()

    def take_step(self) -> tuple[float, float]:
        """One step of the optimizer; returns the mean space and time losses before it."""
        config = self.config
        batch = self.batch(self.step)
        values = {name: parameter.detach() for name, parameter in self.parameters.items()}
        total = torch.zeros(2, device=self.device)
        for parameter in self.parameters.values():
            parameter.grad = torch.zeros_like(parameter)
        for first in range(0, config.batch_size, self.micro_batch):
            part = slice(first, first + self.micro_batch)
            share = len(batch.t[part]) / config.batch_size
            gradient, losses = self._gradient(values, (batch.x[part], batch.eps[part], batch.t[part]))
            for name, parameter in self.parameters.items():
                parameter.grad.add_(gradient[name], alpha=share)
            total += share * losses
        if batch.heat is not None:
            self._add_heat_gradient(values, batch.heat)
        nn.utils.clip_grad_norm_(self.parameters.values(), config.gradient_clip)
        for group in self.optimizer.param_groups:
            group["lr"] = config.learning_rate_at(self.step)
        self.optimizer.step()
        self.step += 1
        # A short memory at first, so that the average forgets the initialization.
        decay = min(config.ema_decay, self.step / (self.step + 10))
        with torch.no_grad():
            for name, averaged in self.averaged.named_parameters():
                averaged.lerp_(self.parameters[name], 1 - decay)
        space, time_loss = total.tolist()
        return space, time_loss

    def _add_heat_gradient(self, values: Mapping[str, Tensor], heat: HeatPoints) -> None:
        count = len(heat.t)
        for part in torch.arange(count).split(max(1, self.micro_batch // HEAT_EVALUATIONS)):
            points = (heat.y[part], heat.t[part], heat.first[part], heat.second[part])
            gradient = self._heat_gradient(values, points)
            for name, parameter in self.parameters.items():
                parameter.grad.add_(gradient[name], alpha=len(part) / count)

    def save(self, path: Path) -> None:
        """Write weights, averages, optimizer state and step to one file, in one rename.

        Raises:
            ExplorerError: the file cannot be written.
        """
        tensors = {f"model.{name}": value for name, value in self.model.state_dict().items()}
        tensors |= {f"averaged.{name}": value for name, value in self.averaged.named_parameters()}
        for name, parameter in self.parameters.items():
            for key, value in self.optimizer.state[parameter].items():
                tensors[f"adam.{key}.{name}"] = value
        tensors = {name: value.detach().cpu().clone() for name, value in tensors.items()}
        with write_atomically(path) as temporary:
            temporary.write_bytes(safetensors_bytes(tensors, {"step": str(self.step)}))

    def restore(self, path: Path) -> None:
        """Continue from a file that `save` wrote.

        Raises:
            ExplorerError: the file is damaged or belongs to another architecture.
        """
        try:
            with safe_open(path, "pt") as file:
                step = int(file.metadata()["step"])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
            model = {k.removeprefix("model."): v for k, v in tensors.items() if k.startswith("model.")}
            self.model.load_state_dict(model)
            averaged = {k.removeprefix("averaged."): v for k, v in tensors.items() if k.startswith("averaged.")}
            self.averaged.load_state_dict({**model, **averaged})
            for name, parameter in self.parameters.items():
                state = {key: tensors[f"adam.{key}.{name}"] for key in ("step", "exp_avg", "exp_avg_sq")}
                self.optimizer.state[parameter] = {
                    key: value if key == "step" else value.to(self.device) for key, value in state.items()
                }
        except (OSError, SafetensorError, KeyError, ValueError, RuntimeError) as error:
            raise ExplorerError(
                f"The saved state {path} is damaged or belongs to another model; delete it to start the run again."
            ) from error
        self.step = step


OnProgress = Callable[[int, "dict[str, Any] | None"], None]
"""``on_progress(steps done, metrics of the validation at this step or None)``."""


def train(folder: Path, should_stop: Callable[[], bool] | None = None, on_progress: OnProgress | None = None) -> bool:
    """Train a run to its end, or resume it; returns whether it finished.

    The state is saved every minute, at every validation, and when it stops. The finished run is written as a
    checkpoint to the data folder under the run's name.

    Args:
        folder: a run folder, see `explorer.training.run`.
        should_stop: asked before each step; when it answers True, the state is saved and the run can be resumed.
        on_progress: told every few seconds and at every validation.

    Raises:
        ExplorerError: the run or its data set cannot be read, or the folder cannot be written.
    """
    run = Run.open(folder)
    config = run.config
    training_set = open_dataset(config.dataset, config.model.image_shape, "train")
    validation_set = open_dataset(config.dataset, config.model.image_shape, "validation")
    return train_on(run, training_set.pixels, validation_set.pixels, should_stop, on_progress)


def train_on(
    run: Run,
    training_pixels: np.ndarray,
    validation_pixels: np.ndarray,
    should_stop: Callable[[], bool] | None = None,
    on_progress: OnProgress | None = None,
) -> bool:
    """`train` on images that are already open, uint8 of shape ``(N, C, H, W)``: on its part of the training images."""
    config = run.config
    training_pixels = training_pixels[config.part :: config.parts]
    if min(len(training_pixels), len(validation_pixels)) < 2:
        raise ExplorerError(f"The data set {config.dataset} has too few images to train on.")
    trainer = Trainer(config, PixelSource(training_pixels, config.values, config.flip))
    if run.training_state.exists():
        trainer.restore(run.training_state)
    examples = validation_pixels[: config.validation_images]
    report = on_progress or (lambda _step, _validation: None)
    report(trainer.step, None)
    saved_at = reported_at = time.monotonic()
    recent: list[tuple[float, float]] = []

    while trainer.step < config.steps:
        if should_stop is not None and should_stop():
            trainer.save(run.training_state)
            return False
        recent.append(trainer.take_step())
        now = time.monotonic()
        last = trainer.step == config.steps
        if now - reported_at >= _PROGRESS_SECONDS or last:
            append_metrics(run.folder, _progress(trainer, recent, now - reported_at))
            recent.clear()
            reported_at = now
            report(trainer.step, None)
        if trainer.step % config.validate_every == 0 or last:
            report(trainer.step, _validate(run, trainer, examples))
            trainer.save(run.training_state)
            reported_at = saved_at = time.monotonic()
        elif now - saved_at >= _SAVE_SECONDS:
            trainer.save(run.training_state)
            saved_at = now
    _export(run)
    return True


def _progress(trainer: Trainer, recent: list[tuple[float, float]], seconds: float) -> dict[str, object]:
    space, time_loss = np.mean(recent, axis=0).tolist()
    return {
        "kind": "progress",
        "step": trainer.step,
        "space_loss": space,
        "time_loss": time_loss / irreducible_time_loss(trainer.model.dimensions),
        "learning_rate": trainer.config.learning_rate_at(trainer.step - 1),
        "images_per_second": len(recent) * trainer.config.batch_size / max(seconds, 1e-9),
        "seconds": seconds,
    }


def _validate(run: Run, trainer: Trainer, examples: np.ndarray) -> dict[str, Any]:
    """Validate the averaged weights, keep them if they are the best so far, and return the metrics."""
    config = run.config
    if not config.model.anchor:
        images = trainer.statistics_images()[:_NORMALIZATION_IMAGES].to(trainer.device)
        trainer.averaged.normalize(images, torch.Generator().manual_seed(config.seed))
    result = validate(trainer.averaged, config, examples)
    if not math.isfinite(result.nll.i_mmse):
        raise ExplorerError("The training diverged: its loss is not a number. Start a run with a lower learning rate.")
    save_denoised_examples(trainer.averaged, config, examples, run.folder / "denoised.png")
    earlier = [e["bits_per_dimension"]["i_mmse"] for e in run.metrics() if e["kind"] == "validation"]
    if result.bits_per_dimension["i_mmse"] < min(earlier, default=math.inf):
        description = CheckpointConfig(
            model=config.model,
            values=config.values,
            dataset=Path(config.dataset).name,  # not where it lies on this machine
            training=config.model_dump(mode="json", exclude={"model", "values", "dataset"})
            | {"step": trainer.step, "minutes": round(run.seconds / 60, 1), "hardware": _hardware(trainer.device)},
            metrics=result.as_dict(),
        )
        save_checkpoint(run.folder / "best", trainer.averaged, description, checkpoint_card(config.name, description))
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
    """Copy the best checkpoint of a finished run to where every page finds it, in one rename."""
    target = run.checkpoint
    temporary = target.with_name(f".{target.name}.tmp")
    try:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.copytree(run.folder / "best", temporary)
        if target.exists():
            shutil.rmtree(target)
        temporary.rename(target)
    except OSError as error:
        raise ExplorerError(f"{target} cannot be written ({error.strerror or error}). Free some space.") from error
