"""A multi-scale density against a known one: trained on 1/f^2 Gaussian images, against the closed form."""

from __future__ import annotations

import math

import torch
import typer
from torch import Tensor

from benchmarks.result import Cell, WriteOption, measured, report
from explorer.models.dual import NoiseRange
from explorer.models.multiscale import MultiscaleDensity
from explorer.models.stationary import StationaryGaussian, power_law_spectrum
from explorer.training.conditional import ConditionalConfig, ConditionalModelConfig, ConditionalTrainer

__all__ = ["truth"]

_TRUTH = NoiseRange(t_min=2e-6, t0=1e-5, t_max=10.0)
_BASE = 16


def truth(
    size: int = 64,
    steps: int = 1500,
    width: int = 32,
    layers: int = 8,
    threads: int = 1,
    write: WriteOption = False,
) -> None:
    """RMS error of log p, in dB/dimension, of a conditional energy trained on stationary Gaussian images.

    One network serves all levels and the base is exact. The images are periodic, and the network does not know it: what
    the other side says of a border is a part of the error.
    """
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    whole = StationaryGaussian(power_law_spectrum(size, 0.05), 0.5, _TRUTH.t0)
    architecture = ConditionalModelConfig(
        noise=_TRUTH, image_shape=(1, size, size), width=width, dilations=(1,) * layers, most_levels=4
    )
    settings = {"steps": steps, "batch_size": 8, "learning_rate": 3e-3, "requantized": 0.0, "decay_fraction": 0.8}
    config = ConditionalConfig(name="truth", dataset="", model=architecture, **settings)
    trainer = ConditionalTrainer(config, _Float(whole))
    base = whole
    while base.image_shape[1] > _BASE:
        base = base.halved()
    x = whole.sample(64, torch.Generator().manual_seed(1))
    y = x + _TRUTH.t0**0.5 * torch.randn(x.shape, generator=torch.Generator().manual_seed(2), dtype=x.dtype)
    exact = whole.log_prob(y)
    rows: list[list[Cell]] = []
    while True:
        if trainer.step % max(1, steps // 6) == 0:
            model = MultiscaleDensity(base.float(), [trainer.conditional], _TRUTH.t0, size)
            error = (model.log_prob(y.float()).double() - exact) * (10 / math.log(10) / size**2)
            rows.append([trainer.step, float(error.square().mean().sqrt()), float(error.mean())])
            typer.echo(f"  step {trainer.step:,}: mean error {error.mean():+.4f} dB/dimension", err=True)
        if trainer.step == steps:
            break
        trainer.take_step()
    columns = {"step": ",", "RMS error, dB/dimension": ".4f", "mean error": "+.4f"}
    report("multiscale-truth", measured(f"1/f² Gaussian images, {size} x {size}", columns, rows), write)


class _Float:
    """Fresh images of a distribution in float32, as training has them."""

    def __init__(self, distribution: StationaryGaussian) -> None:
        self._distribution = distribution

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """Independent images."""
        return self._distribution.sample(count, generator).float()

    def statistics(self, most: int, generator: torch.Generator) -> Tensor:
        """Independent images, at most 500."""
        return self.sample(min(most, 500), generator)
