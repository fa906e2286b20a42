"""One training step after the other: dual score matching, resumable to the step.

Step ``k`` of a run depends only on the configuration, the state after step ``k - 1`` and random numbers seeded by
``(seed, k)``: images, mirroring, dequantization, noise and noise levels. A run that is killed and resumed from its last
saved state therefore takes exactly the steps that it would have taken.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as safetensors_bytes
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from explorer.errors import ExplorerError
from explorer.home import write_atomically
from explorer.models.devices import fitting_batch_size, pick_device
from explorer.models.dual import DualEnergy
from explorer.models.unet import UNet
from explorer.training.compiling import missing_compiler
from explorer.training.config import TrainingConfig
from explorer.training.graphs import Graphed
from explorer.training.objective import (
    HEAT_EVALUATIONS,
    Objective,
    dual_score_losses,
    heat_losses,
    stratified_noise_variances,
    training_noise_variances,
)
from explorer.training.optimizer import AdamAndMuon
from explorer.training.processes import ALONE, Processes
from explorer.training.sources import ImageSource

__all__ = ["Batch", "HeatPoints", "Trainer"]

_STATISTICS_VALUES = 64_000_000
# The double backward keeps about three times the activations of the single one that the batch size is made for.
_DOUBLE_BACKWARD = 3
_HEAT_RANGE = (1e-5, 3.0)


@dataclass
class HeatPoints:
    """Where one step tests the heat equation: points, their noise variances and two probes each, on the device."""

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
        model: a network to train instead of the `DualEnergy` of the configuration; it takes ``(y, t)``, and training
            starts from its weights.
        losses: the objective; it is given the network as a function of ``(y, t)``.
        processes: the processes that share each step.

    Attributes:
        model: the network; its parameters are what the optimizer moves.
        step: steps done.
        compiles: whether the first step that it takes is compiled; not where no compiler is found.
    """

    def __init__(
        self,
        config: TrainingConfig,
        source: ImageSource,
        model: nn.Module | None = None,
        losses: Objective = dual_score_losses,
        processes: Processes = ALONE,
    ) -> None:
        self.config = config
        self.source = source
        self.losses = losses
        self.processes = processes
        self.device = pick_device(config.device)
        self.step = 0
        self.model = self._dual_energy() if model is None else model
        on_gpu = self.device.type == "cuda"
        # Channels last is what tensor cores read.
        layout = torch.channels_last if on_gpu else torch.preserve_format
        self.model.to(self.device, memory_format=layout)  # type: ignore[call-overload]  # torch's types forget it
        self._average = AveragedModel(self.model, multi_avg_fn=self._update_average).requires_grad_(False)
        if config.bfloat16:
            for part in self.model.modules():
                if isinstance(part, UNet):
                    part.convolution_dtype = torch.bfloat16
        self.parameters = dict(self.model.named_parameters())
        self.optimizer = AdamAndMuon(self.parameters, config.learning_rate, config.muon)
        self._gradient: Callable[..., Any] = torch.func.grad(self._loss, has_aux=True)
        self._heat_gradient: Callable[..., Any] = torch.func.grad(self._heat_loss)
        self.compiles = config.compile and not missing_compiler(self.device)
        if self.compiles:
            self._gradient = torch.compile(self._gradient)
            self._heat_gradient = torch.compile(self._heat_gradient)
        if on_gpu:
            self._gradient, self._heat_gradient = Graphed(self._gradient), Graphed(self._heat_gradient)
        limit = fitting_batch_size(math.prod(config.model.image_shape), self.device) // _DOUBLE_BACKWARD
        self.micro_batch = max(1, min(config.batch_size, limit))

    @property
    def averaged(self) -> nn.Module:
        """The same architecture with the exponential moving average of the weights."""
        return self._average.module

    def _update_average(self, averaged: Sequence[Tensor], present: Sequence[Tensor], _count: object) -> None:
        """A short memory at first, so that the average forgets the initialization."""
        decay = min(self.config.ema_decay, self.step / (self.step + 10))
        get_ema_multi_avg_fn(decay)(averaged, present, None)

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
        """The images and noise of step `step`, from the seed, the step and the kind of device alone."""
        config = self.config
        generator = torch.Generator(self.device if self.device.type == "cuda" else "cpu")
        generator.manual_seed(config.seed * 1_000_000_007 + step + 1)
        x = self.source.sample(config.batch_size, generator)
        eps = torch.randn(x.shape, generator=generator, device=generator.device)
        t = training_noise_variances(len(x), config.model.noise, config.model.anchor, generator)
        heat = self._heat_points(x, generator) if config.heat_weight else None
        return Batch(x.to(self.device), eps.to(self.device), t.to(self.device), heat)

    def _heat_points(self, images: Tensor, generator: torch.Generator) -> HeatPoints:
        """Points for the heat loss: images with the full noise of their level, with less, and clean ones."""
        x = images[: math.ceil(len(images) * self.config.heat_share)]
        noise = self.config.model.noise
        low, high = max(noise.t_min, _HEAT_RANGE[0]), min(noise.t_max, _HEAT_RANGE[1])
        draws: dict[str, Any] = {"generator": generator, "device": generator.device}
        t = stratified_noise_variances(len(x), low, high, generator)[torch.randperm(len(x), **draws)]
        share = torch.rand(len(x), **draws) * (torch.rand(len(x), **draws) < 0.5)
        if self.config.heat_noisy:
            share = torch.where(torch.rand(len(x), **draws) < self.config.heat_noisy, 1.0, share)
        y = x + (share * t).sqrt().view(-1, 1, 1, 1) * torch.randn(x.shape, **draws)
        first, second = (2.0 * torch.randint(0, 2, x.shape, **draws) - 1 for _ in range(2))
        return HeatPoints(*(tensor.to(self.device) for tensor in (y, t, first, second)))

    def _network(self, parameters: dict[str, Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
        return lambda y, t: torch.func.functional_call(self.model, parameters, (y, t))

    def _loss(self, parameters: dict[str, Tensor], batch: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
        losses = self.losses(self._network(parameters), *batch)
        means = torch.stack((losses.space.mean(), losses.time.mean()))
        return means[0] + self.config.time_weight * means[1], means

    def _heat_loss(self, parameters: dict[str, Tensor], points: tuple[Tensor, ...]) -> Tensor:
        return heat_losses(self._network(parameters), *points).mean()

    def take_step(self) -> Tensor:
        """One step of the optimizer; returns the mean space and time losses before it, shape ``(2,)``, on the device.

        Reading them waits for the step.
        """
        config = self.config
        batch = self.batch(self.step)
        values = {name: parameter.detach() for name, parameter in self.parameters.items()}
        sums = {name: torch.zeros_like(parameter) for name, parameter in values.items()}
        total = torch.zeros(2, device=self.device)
        count = len(batch.t)  # a source may give more than it was asked for, where they are small
        mine = self.processes.share(count)
        for first in mine[:: self.micro_batch]:
            part = slice(first, min(first + self.micro_batch, mine.stop))
            share = len(batch.t[part]) / count
            gradient, losses = self._gradient(values, (batch.x[part], batch.eps[part], batch.t[part]))
            for name, sum_ in sums.items():
                sum_.add_(gradient[name], alpha=share)
            total += share * losses
        if batch.heat is not None:
            self._add_heat_gradient(sums, values, batch.heat)
        self.processes.add([total, *sums.values()])
        self.optimizer.step(sums, config.gradient_clip, config.learning_rate_at(self.step) / config.learning_rate)
        self.step += 1
        self._average.update_parameters(self.model)
        return total

    def _add_heat_gradient(self, sums: dict[str, Tensor], values: dict[str, Tensor], heat: HeatPoints) -> None:
        count = len(heat.t)
        weight = self.config.heat_weight_at(self.step)
        mine = self.processes.share(count)
        size = max(1, self.micro_batch // HEAT_EVALUATIONS)
        for first in mine[::size]:
            part = slice(first, min(first + size, mine.stop))
            points = (heat.y[part], heat.t[part], heat.first[part], heat.second[part])
            gradient = self._heat_gradient(values, points)
            for name, sum_ in sums.items():
                sum_.add_(gradient[name], alpha=weight * len(points[0]) / count)

    def save(self, path: Path) -> None:
        """Write weights, averages, optimizer state and step to one file, in one rename.

        Raises:
            ExplorerError: the file cannot be written.
        """
        tensors = {f"model.{name}": value for name, value in self.model.state_dict().items()}
        tensors |= {f"averaged.{name}": value for name, value in self.averaged.named_parameters()}
        tensors |= self.optimizer.state()
        tensors = {
            name: value.detach().cpu().clone(memory_format=torch.contiguous_format) for name, value in tensors.items()
        }
        with write_atomically(path) as temporary:
            temporary.write_bytes(safetensors_bytes(tensors, {"step": str(self.step)}))

    def restore(self, path: Path) -> None:
        """Continue from a file that `save` wrote.

        Raises:
            ExplorerError: the file is damaged or belongs to another architecture.
        """
        try:
            with safe_open(path, "pt") as file:
                step = int((file.metadata() or {})["step"])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
            model = {k.removeprefix("model."): v for k, v in tensors.items() if k.startswith("model.")}
            self.model.load_state_dict(model)
            averaged = {k.removeprefix("averaged."): v for k, v in tensors.items() if k.startswith("averaged.")}
            self.averaged.load_state_dict({**model, **averaged})
            if not 0 <= step <= self.config.steps:
                raise ValueError(f"There is no step {step}.")
            if step:  # there is no state before the first
                self.optimizer.load_state(tensors)
        except (OSError, SafetensorError, KeyError, ValueError, RuntimeError) as error:
            raise ExplorerError(
                f"The saved state {path} is damaged or belongs to another model; delete it to start the run again."
            ) from error
        self.step = step
        self._average.n_averaged.fill_(step)
