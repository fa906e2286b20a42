"""Are the probabilities right where the truth is known?

    python -m benchmarks.truth                    # everything, about half an hour on one core
    python -m benchmarks.truth --only mixture     # one part: mixture, gaussian, contrasts, disks or subspaces

1. `mixture`: the paper's first figure, two Gaussians of standard deviation 1 and 4 in 1,000 dimensions, learned by a
   radial energy with dual and with single score matching. Errors are over radii 0 to 5 sqrt(d), at 500 points.
2. `gaussian`, `contrasts`: images with power spectrum 1/f^2, learned by the U-Net of real images: Gaussian ones without
   the anchor, which would make it trivial; and ones of four contrasts, with it. Errors are over fresh images.
3. `disks`: a family with five parameters. Does local dimensionality find the five?
4. `subspaces`: subspaces of dimension 4, 16 and 64 in 256 dimensions, with the exact energy: which estimate of
   local dimensionality finds which, beside nearest-neighbor estimators of scikit-dimension on samples.

Parts 3 and 4 are in `truth_dimensions.py`. Needs `benchmarks/requirements.txt`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
import typer
from torch import Tensor, nn

from benchmarks.result import WriteOption, measured, report
from benchmarks.steps import take_all_steps
from benchmarks.truth_dimensions import disks, subspaces
from explorer.measures.consistency.large_noise import large_noise_error
from explorer.models.analytic import Gaussian, GaussianScaleMixture, power_law_covariance
from explorer.models.base import EnergyModel
from explorer.models.dual import DualEnergy, DualEnergyConfig, NoiseRange
from explorer.models.radial import RadialEnergy
from explorer.models.unet import UNetConfig
from explorer.training.config import TrainingConfig
from explorer.training.sources import DistributionSource
from explorer.training.trainer import Trainer

_IMAGES = 2000
_RADII = 500
_MIXTURE_SHAPE = (1, 25, 40)  # 1,000 numbers; the energy is radial, so that their order means nothing
_MIXTURE_NOISE = NoiseRange(t_min=1e-3, t0=1e-2, t_max=1e4)
_SIZE = 16
_PIXEL_VARIANCE = 0.04
_NOISE = NoiseRange(t_min=2.5e-4, t0=1e-3, t_max=100.0)

_COLUMNS = {
    "distribution": "",
    "RMS error": ".3f",
    "largest error": ".3f",
    "normalization at large noise": "+.5f",
    "score error at small, middle, large t": "",
    "CPU minutes": ".1f",
}


class Row(NamedTuple):
    """A row of the table: errors of log p in dB/dimension, of the normalization in nats/dimension, CPU minutes."""

    what: str
    rms: float
    largest: float
    normalization: float
    score_errors: str
    minutes: float


def _settings(name: str, noise: NoiseRange, **settings: object) -> TrainingConfig:
    """A training configuration; its network is not used where another one is given to the trainer."""
    model = DualEnergyConfig(
        image_shape=(1, _SIZE, _SIZE),
        noise=noise,
        unet=UNetConfig(base_width=16, num_scales=2),
        anchor=bool(settings.pop("anchor", True)),
        amplitude=bool(settings.pop("amplitude", True)),
    )
    return TrainingConfig(name=name, dataset=name, model=model, device="cpu", **settings)


def _trained(
    config: TrainingConfig, truth: Gaussian | GaussianScaleMixture, model: nn.Module | None = None
) -> tuple[EnergyModel, float]:
    """The averaged network after all steps, normalized at large noise, and the CPU minutes that it took."""
    trainer = Trainer(config, DistributionSource(truth), model)
    minutes = take_all_steps(trainer, config.name)
    generator = torch.Generator().manual_seed(1)
    averaged = trainer.averaged
    assert isinstance(averaged, DualEnergy | RadialEnergy)
    averaged.normalize(truth.sample(20_000, generator), generator)
    return averaged, minutes


def _score_errors(model: EnergyModel, truth: EnergyModel, x: Tensor, ts: list[float]) -> str:
    """``t E ||score - true score||^2 / d`` at variances `ts`: the excess denoising error as a share of the noise."""
    generator = torch.Generator().manual_seed(3)
    errors = []
    for t in ts:
        y = x + math.sqrt(t) * torch.randn(x.shape, generator=generator)
        pairs = [(model.derivatives(part, t).score, truth.derivatives(part, t).score) for part in torch.split(y, 250)]
        errors.append(t * torch.cat([(a - b).square().flatten(1).mean(1) for a, b in pairs]).mean())
    return " ".join(f"{float(error):.1e}" for error in errors)


def _decibels(nats: Tensor, dimensions: int) -> Tensor:
    return nats * (10 / math.log(10) / dimensions)


def mixture(seed: int) -> list[Row]:
    """Part 1."""
    d = math.prod(_MIXTURE_SHAPE)
    truth = GaussianScaleMixture(torch.zeros(_MIXTURE_SHAPE), torch.eye(d), (1.0, 4.0), t0=_MIXTURE_NOISE.t0)
    radii = torch.linspace(0, 5, _RADII) * math.sqrt(d)
    y = radii.view(-1, 1, 1, 1) * torch.full(_MIXTURE_SHAPE, d**-0.5)
    rows = []
    for name, time_weight in (("dual", 1.0), ("single", 0.0)):
        config = _settings(
            f"mixture-{name}",
            _MIXTURE_NOISE,
            anchor=False,  # the radial energy has none: all noise levels matter alike
            batch_size=512,
            steps=8000,
            learning_rate=3e-3,
            warmup_steps=50,
            ema_decay=0.99,
            time_weight=time_weight,
            heat_weight=0.0,  # it would tie the noise levels together as well, which is what the two rows differ in
            seed=seed,
        )
        torch.manual_seed(seed)
        mean_square = (1 + 16) / 2
        model, minutes = _trained(
            config, truth, RadialEnergy(_MIXTURE_SHAPE, _MIXTURE_NOISE, mean_square, 2, spread=1.5)
        )
        error = _decibels(model.log_prob(y).double() - truth.log_prob(y).double(), d)
        x = truth.sample(1000, torch.Generator().manual_seed(2))
        rows.append(
            Row(
                f"two Gaussians of scale 1 and 4, d = 1,000, radial energy, {name} score matching",
                float(error.square().mean().sqrt()),
                float(error.abs().max()),
                large_noise_error(model, x, _MIXTURE_NOISE.t_max).value / d,
                _score_errors(model, truth, x, [1e-2, 1.0, 100.0]),
                minutes,
            )
        )
    return rows


def _images(
    name: str, what: str, truth: Gaussian | GaussianScaleMixture, steps: int, seed: int, **settings: object
) -> Row:
    config = _settings(
        name, _NOISE, batch_size=64, steps=steps, learning_rate=3e-3, seed=seed, compile=True, **settings
    )
    model, minutes = _trained(config, truth)
    generator = torch.Generator().manual_seed(2)
    x = truth.sample(_IMAGES, generator)
    y = x + math.sqrt(_NOISE.t0) * torch.randn(x.shape, generator=generator)
    pairs = [(model.log_prob(part).double(), truth.log_prob(part).double()) for part in torch.split(y, 250)]
    error = _decibels(torch.cat([a - b for a, b in pairs]), _SIZE**2)
    return Row(
        what,
        float(error.square().mean().sqrt()),
        float(error.abs().max()),
        large_noise_error(model, x, _NOISE.t_max).value / _SIZE**2,
        _score_errors(model, truth, x, [1e-3, 1e-2, 1.0]),
        minutes,
    )


def gaussian(seed: int) -> list[Row]:
    """Part 2 (a)."""
    covariance = power_law_covariance(_SIZE, _PIXEL_VARIANCE).float()
    truth = Gaussian(torch.full((1, _SIZE, _SIZE), 0.5), covariance, _NOISE.t0)
    return [
        _images(
            "gaussian",
            "16 x 16 Gaussian images with spectrum 1/f², U-Net without the anchor",
            truth,
            7000,
            seed,
            anchor=False,
            amplitude=False,
        )
    ]


def contrasts(seed: int) -> list[Row]:
    """Part 2 (b)."""
    covariance = power_law_covariance(_SIZE, _PIXEL_VARIANCE / 4).float()
    truth = GaussianScaleMixture(torch.full((1, _SIZE, _SIZE), 0.5), covariance, (0.25, 0.5, 1.0, 2.0), t0=_NOISE.t0)
    return [_images("contrasts", "the same at four contrasts, 1/4 to 2, with the anchor", truth, 3000, seed)]


def main(only: str = "", seed: int = 0, threads: int = 1, write: WriteOption = False) -> None:
    """Print one table of errors of log p, and those of the two parts on local dimensionality."""
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    parts: dict[str, Callable[[int], list[Row]]] = {"mixture": mixture, "gaussian": gaussian, "contrasts": contrasts}
    if only not in ("", "disks", "subspaces", *parts):
        raise typer.BadParameter("Choose mixture, gaussian, contrasts, disks or subspaces.")
    rows = [row for name, part in parts.items() if only in ("", name) for row in part(seed)]
    if rows:
        title = "Errors of log p on fresh points, in dB/dimension; normalization in nats/dimension"
        report("truth", measured(title, _COLUMNS, rows), write)
    for name, part in (("disks", disks), ("subspaces", subspaces)):
        if only in ("", name):
            part(seed, write)


if __name__ == "__main__":
    typer.run(main)
