"""How fast is training, and how near is it to what the machine can do?

    python -m benchmarks.training --data PATH_OF_TINY_IMAGENET          # an hour on two free cores
    python -m benchmarks.training --minutes 1 --only plain --only ours  # on the built-in photographs

Each variant trains on the same images for the same time (without compiling and validating), at a constant
learning rate with averaged weights, so that its curve of NLL can be read at any step and any minute. The plain version
is the paper's network with a Gaussian anchor: layers that normalize, float32, eager, default memory format, noise
levels uniform in ``log t``. Operations are counted, a multiplication and an addition as two; the limit is what a
convolution of 64 channels reaches on this machine in the variant's precision, right before.

`stnce` is the other objective that learns energies: conditional noise-contrastive estimation between a noisy image and
a copy that is moved a little in space and in noise level (Yu et al. 2026, arXiv 2605.26850; here in ``(y, log t)``
with a symmetric Gaussian kernel, whose density cancels). It compares energies and needs no gradient of a gradient.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Annotated, Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
import typer
from torch import Tensor, nn

from benchmarks.operations import Operations
from benchmarks.result import Cell, WriteOption, measured, report
from explorer.data.names import dataset_name
from explorer.data.sources import open_dataset
from explorer.measures.dataset.nll import negative_log_likelihood
from explorer.measures.shared.noise_levels import log_spaced, noise_levels
from explorer.models.dual import DualEnergy
from explorer.models.unet import UNetConfig
from explorer.training.config import TrainingConfig, training_config
from explorer.training.objective import DualLosses, Objective, dual_score_losses, stratified_noise_variances
from explorer.training.sources import PixelSource
from explorer.training.trainer import Batch, Trainer

_SIZE = 32
_POINTS = 6
_VALIDATION_IMAGES = 128
_VALIDATION_LEVELS = 17


class Variant(NamedTuple):
    """One way to train: what it changes in the recipe's settings and architecture.

    Attributes:
        name: on the command line.
        title: in the table.
        settings: of `TrainingConfig`.
        unet: of `UNetConfig`.
        amplitude: see `explorer.models.dual`.
        uniform: noise levels uniform in ``log t``.
        channels_last: memory format of images and weights.
        losses: the objective.
    """

    name: str
    title: str
    settings: Mapping[str, object] = MappingProxyType({})
    unet: Mapping[str, int] = MappingProxyType({})
    amplitude: bool = True
    uniform: bool = False
    channels_last: bool = False
    losses: Objective = dual_score_losses


def contrastive_losses(energy: Callable[[Tensor, Tensor], Tensor], x: Tensor, eps: Tensor, t: Tensor) -> DualLosses:
    """``log(1 + exp(U(y, t) - U(y', t')))`` for a neighbor ``(y', t')`` of the noisy image; all in the space loss.

    ``log t' = log t + a xi`` and ``y' = y + a sqrt((t + t')/2) eta`` with ``xi``, ``eta`` standard normal: the kernel
    is symmetric in ``(y, log t)``, and ``log t`` uniform, so that the energies alone decide which of the two is real.
    The step ``a = 1/sqrt(d)`` makes their difference of the order of one nat.
    """
    step = x[0].numel() ** -0.5
    log_ratio = step * torch.randn_like(t)
    other_t = t * log_ratio.exp()
    sigma = t.sqrt().view(-1, 1, 1, 1)
    y = x + sigma * eps
    other_y = y + step * (0.5 * (t + other_t)).sqrt().view(-1, 1, 1, 1) * torch.randn_like(y)
    ours, others = energy(torch.cat((y, other_y)), torch.cat((t, other_t))).chunk(2)
    loss = F.softplus(ours - others)
    return DualLosses(loss, torch.zeros_like(loss))


_PLAIN = {"compile": False, "bfloat16": False, "heat_weight": 0.0}
_OLD_SHAPE = {"base_width": 32, "num_scales": 2}
VARIANTS = (
    Variant(
        "plain",
        "plain: the paper's network with a Gaussian anchor, eager, float32",
        _PLAIN,
        _OLD_SHAPE,
        amplitude=False,
        uniform=True,
    ),
    Variant(
        "plain, compiled", "plain, compiled", _PLAIN | {"compile": True}, _OLD_SHAPE, amplitude=False, uniform=True
    ),
    Variant(
        "plain, channels last",
        "plain, channels last",
        _PLAIN,
        _OLD_SHAPE,
        amplitude=False,
        uniform=True,
        channels_last=True,
    ),
    Variant("ours, eager float32", "ours without the heat loss, eager, float32", _PLAIN),
    Variant("ours, compiled float32", "ours without the heat loss, compiled, float32", _PLAIN | {"compile": True}),
    Variant(
        "ours, 2x2 patches",
        "ours without the heat loss, 2 x 2 patches, compiled, bfloat16",
        {"heat_weight": 0.0},
        {"base_width": 48, "num_scales": 2, "patch": 2},
    ),
    Variant("ours, no heat loss", "ours without the heat loss, compiled, bfloat16", {"heat_weight": 0.0}),
    Variant("ours", "ours: the recipes, compiled, bfloat16, heat loss"),
    Variant(
        "stnce",
        "stNCE (arXiv 2605.26850), another objective for energies, compiled, float32",
        {"heat_weight": 0.0, "bfloat16": False},
        uniform=True,
        losses=contrastive_losses,
    ),
)


class _VariantTrainer(Trainer):
    """A `Trainer` of a variant."""

    def __init__(self, config: TrainingConfig, source: PixelSource, variant: Variant) -> None:
        self.variant = variant
        super().__init__(config, source, losses=variant.losses)
        if variant.channels_last:
            self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's types forget it

    def batch(self, step: int) -> Batch:
        batch = super().batch(step)
        if self.variant.uniform:
            noise = self.config.model.noise
            generator = torch.Generator().manual_seed(step)
            batch.t = stratified_noise_variances(len(batch.t), noise.t_min, noise.t_max, generator)
        if self.variant.channels_last:
            batch.x = batch.x.contiguous(memory_format=torch.channels_last)
            batch.eps = batch.eps.contiguous(memory_format=torch.channels_last)
        return batch


class Point(NamedTuple):
    """NLL (I-MMSE, nats/dimension) after some steps and minutes."""

    step: int
    minutes: float
    nll: float


class Result(NamedTuple):
    """What a variant did."""

    title: str
    operations: float  # an image
    images_per_second: float
    limit: float  # operations/s
    curve: list[Point]


def _nll(model: nn.Module, x: Tensor) -> float:
    assert isinstance(model, DualEnergy)  # what a trainer makes of a configuration
    noise = model.config.noise
    levels = noise_levels(model, x, log_spaced(noise.t0, noise.t_max, _VALIDATION_LEVELS))
    return negative_log_likelihood(x, levels).i_mmse / model.dimensions


def _convolution_limit(dtype: torch.dtype) -> float:
    """Operations a second of a 3 x 3 convolution, forward, 64 channels to 64, on a batch of 64 images of 32 x 32."""
    convolution = torch.nn.Conv2d(64, 64, 3, padding=1, bias=False).to(dtype)
    x = torch.randn(64, 64, 32, 32, dtype=dtype).contiguous(memory_format=torch.channels_last)
    best = 0.0
    with torch.no_grad():
        for _ in range(20):
            began = time.perf_counter()
            convolution(x)
            best = max(best, 2 * 64 * 64 * 9 * 64 * 32 * 32 / (time.perf_counter() - began))
    return best


def _train(variant: Variant, config: TrainingConfig, source: PixelSource, x: Tensor, minutes: float) -> Result:
    limit = _convolution_limit(torch.bfloat16 if config.bfloat16 else torch.float32)
    eager = _VariantTrainer(config.model_copy(update={"compile": False, "batch_size": 16}), source, variant)
    with Operations() as counter:
        eager.take_step()
    trainer = _VariantTrainer(config, source, variant)
    trainer.take_step()  # compiles
    spent, curve = 0.0, [Point(0, 0.0, _nll(trainer.averaged, x))]
    first = trainer.step
    for k in range(_POINTS):
        until = 60 * minutes * (k + 1) / _POINTS
        while spent < until:
            began = time.perf_counter()
            trainer.take_step()
            spent += time.perf_counter() - began
        curve.append(Point(trainer.step, spent / 60, _nll(trainer.averaged, x)))
        typer.echo(f"  {variant.name}: {spent / 60:.1f} minutes, {curve[-1].nll / math.log(2) + 8:.3f} bits", err=True)
    return Result(
        variant.title,
        counter.total / 16,
        (trainer.step - first) * config.batch_size / spent,
        limit,
        curve,
    )


def _at_step(curve: list[Point], step: int) -> float:
    """NLL at a step, interpolated; not a number beyond the end."""
    return float(np.interp(step, [p.step for p in curve], [p.nll for p in curve], right=math.nan))


def _minutes_to(curve: list[Point], nll: float) -> float:
    """Minutes until an NLL was reached, interpolated; infinite when it was not."""
    for before, after in itertools.pairwise(curve):
        if after.nll <= nll:
            return before.minutes + (after.minutes - before.minutes) * (before.nll - nll) / (before.nll - after.nll)
    return math.inf


def main(
    data: str = "photos",
    minutes: float = 5.0,
    only: Annotated[list[str] | None, typer.Option(help="Names of variants; all when left out.")] = None,
    learning_rate: float = 2e-3,
    seed: int = 0,
    threads: int = 0,
    write: WriteOption = False,
) -> None:
    """Train every variant for the same time and print one table."""
    if threads:
        torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    variants = [variant for variant in VARIANTS if not only or variant.name in only]
    if not variants:
        raise typer.BadParameter(f"Choose among {', '.join(variant.name for variant in VARIANTS)}.")
    shape = (1, _SIZE, _SIZE)
    training: np.ndarray = open_dataset(data, shape, "train").pixels
    validation: np.ndarray = open_dataset(data, shape, "validation").pixels[:_VALIDATION_IMAGES]
    results = []
    for variant in variants:
        settings: dict[str, Any] = {"compile": True, "bfloat16": True, **variant.settings}
        config = training_config(
            "benchmark",
            data,
            size=_SIZE,
            steps=100_000_000,
            learning_rate=learning_rate,
            decay_fraction=0.0,
            ema_decay=0.998,
            seed=seed,
            amplitude=variant.amplitude,
            device="cpu",
            **settings,
        )
        unet = UNetConfig(**{**config.model.unet.model_dump(), **variant.unet})
        config = config.model_copy(update={"model": config.model.model_copy(update={"unet": unet})})
        x = config.values.dequantized(torch.from_numpy(np.array(validation)), torch.Generator().manual_seed(5))
        results.append(_train(variant, config, PixelSource(training, config.values, config.flip), x, minutes))

    plain = results[0]
    last, target = plain.curve[-1].step, _bits(plain.curve[-1].nll)
    columns = {
        "variant": "",
        "MFLOP/image": ",.0f",
        "images/s": ".0f",
        "of the limit": "",
        f"NLL at step {last:,}": ".3f",
        f"NLL after {minutes:g} minutes": ".3f",
        "nats/dimension per CPU-minute": ".3f",
        f"minutes to {target:.3f}": ".1f",
    }
    rows = [_row(result, plain, minutes) for result in results]
    title = f"Training on {_SIZE} x {_SIZE} pixels of {dataset_name(data)}, {torch.get_num_threads()} threads"
    report("training", measured(f"{title}; NLL by I-MMSE in bits/dimension", columns, rows), write)


def _row(result: Result, plain: Result, minutes: float) -> list[Cell]:
    achieved = result.operations * result.images_per_second
    needed = _minutes_to(result.curve, plain.curve[-1].nll)
    gained = (result.curve[0].nll - result.curve[-1].nll) / (minutes * torch.get_num_threads())
    at_step = _at_step(result.curve, plain.curve[-1].step)
    return [
        result.title,
        result.operations / 1e6,
        result.images_per_second,
        f"{100 * achieved / result.limit:.0f} % of {result.limit / 1e9:.0f} GFLOP/s",
        _bits(at_step) if math.isfinite(at_step) else "not reached",
        _bits(result.curve[-1].nll),
        gained,
        needed if math.isfinite(needed) else "not reached",
    ]


def _bits(nll: float) -> float:
    return nll / math.log(2) + 8


if __name__ == "__main__":
    typer.run(main)
