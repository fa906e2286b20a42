"""Bases of denoisers where something is known of them.

    python -m benchmarks.bases gap                      # a linear manifold: where is the gap, and at which noise?
    python -m benchmarks.bases slopes                   # C-alpha images: output against input PSNR
    python -m benchmarks.bases transition --data digits # from memory to generalization, by number of training images
    python -m benchmarks.bases transition --data PHOTOGRAPHS --size 16

1. `gap`: Gaussian images with variance ``a`` in ``m`` random directions and ``b`` in the others. The gap of the
   Jacobian's spectrum is after the first ``m``, and widest at the noise variance ``sqrt(a b)`` (`explorer.measures.
   geometry.gaps`); for the exact energy, and for a dense network that learned it from samples.
2. `slopes`: a U-Net for each regularity alpha, trained on fresh images (`explorer.data.synthetic.CAlpha`). PSNR of the
   denoised image against that of the noisy one has the slope ``alpha / (alpha + 1)`` if the denoiser is optimal
   (Kadkhodaie, Guth, Simoncelli and Mallat 2023, arXiv 2310.02557, figure 4). The slope is a least-squares fit, beside
   that of the best linear denoiser that is diagonal in the DCT.
3. `transition`: the same network on N training images, and its denoised PSNR on these and on fresh images: where the
   two agree it does not remember (the same paper, figure 1).

Steps are few by default, so that one can see a table in minutes; the paper's trainings are far longer.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import torch
import typer
from torch import Tensor, nn

from benchmarks.result import Cell, WriteOption, measured, report
from benchmarks.steps import averaged, take_all_steps
from explorer.data.names import dataset_name
from explorer.data.sources import open_dataset
from explorer.data.synthetic import CAlpha
from explorer.measures.geometry.bases import denoiser_basis
from explorer.measures.geometry.gaps import opening, widest_gap
from explorer.measures.shared.noise import noise_generator
from explorer.measures.shared.noise_levels import noise_levels
from explorer.models.analytic import Gaussian
from explorer.models.anchor import SpectralGaussian
from explorer.models.base import EnergyModel
from explorer.models.dense import DenseEnergy
from explorer.models.dual import DualEnergyConfig, NoiseRange
from explorer.models.unet import UNetConfig
from explorer.training.config import TrainingConfig, training_config
from explorer.training.sources import DistributionSource, ImageSource, PixelSource
from explorer.training.trainer import Trainer
from explorer.units import noise_variance_from_psnr, psnr_from_noise_variance

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False)

_MANIFOLD_SIDE, _MANIFOLD_DIMENSIONS = 8, 6
_WIDE, _NARROW = 0.05, 5e-4  # variances
_MANIFOLD_NOISE = NoiseRange(t_min=2e-5, t0=1e-4, t_max=100.0)
_MANIFOLD_LEVELS = np.geomspace(3e-4, 0.1, 9)
_POINTS = 8  # noisy images that spectra are averaged over

_ALPHAS = (1, 2, 3, 4)
_SLOPE_NOISE = NoiseRange(t_min=2e-5, t0=1e-4, t_max=100.0)
_SLOPE_PSNR = (10.0, 15.0, 20.0, 25.0, 30.0, 35.0)
_FRESH = 500

_NUMBERS = (1, 10, 100, 1_000, 10_000)
_TRANSITION_PSNR = (10.0, 20.0, 30.0)
_STATISTICS = 4096

StepsOption = Annotated[int, typer.Option(help="Training steps of each network.", min=1)]
CompileOption = Annotated[bool, typer.Option("--compile", help="Compile the training step.")]
Bfloat16Option = Annotated[bool, typer.Option("--bfloat16", help="Convolve in bfloat16 while training.")]
ThreadsOption = Annotated[int, typer.Option(help="Of the CPU.", min=1)]


@dataclass(frozen=True)
class Sampled:
    """A source whose statistics are of a few thousand samples: of as few images as one, or of ones that are large."""

    source: ImageSource

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """As the source."""
        return self.source.sample(count, generator)

    def statistics(self, most: int, generator: torch.Generator) -> Tensor:
        """Samples, which may be of one image."""
        return self.source.sample(min(most, _STATISTICS), generator)


def _trained(
    config: TrainingConfig, source: ImageSource, network: nn.Module | None = None
) -> tuple[EnergyModel, float]:
    """The averaged network after all steps, and the seconds that a step took."""
    torch.manual_seed(config.seed)
    trainer = Trainer(config, source, network)
    began = time.monotonic()
    take_all_steps(trainer, config.name)
    return averaged(trainer), (time.monotonic() - began) / config.steps


def _begin(threads: int) -> None:
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)


def _config(name: str, noise: NoiseRange, size: int, width: int, **settings: object) -> TrainingConfig:
    scales = max(1, min(3, int(math.log2(size / 4))))
    model = DualEnergyConfig(
        image_shape=(1, size, size), noise=noise, unet=UNetConfig(base_width=width, num_scales=scales)
    )
    return TrainingConfig(name=name, dataset=name, model=model, device="cpu", **settings)


def linear_manifold(seed: int) -> Gaussian:
    """Gaussian images with variance `_WIDE` in a few random directions and `_NARROW` in the others."""
    d = _MANIFOLD_SIDE**2
    generator = torch.Generator().manual_seed(seed)
    axes = torch.linalg.qr(torch.randn(d, d, generator=generator, dtype=torch.float64)).Q
    variances = torch.full((d,), _NARROW, dtype=torch.float64)
    variances[:_MANIFOLD_DIMENSIONS] = _WIDE
    covariance = (axes * variances) @ axes.T
    mean = torch.full((1, _MANIFOLD_SIDE, _MANIFOLD_SIDE), 0.5)
    return Gaussian(mean, ((covariance + covariance.T) / 2).float(), _MANIFOLD_NOISE.t0)


def gap_row(name: str, model: EnergyModel, x: Tensor, seconds: float | None) -> list[Cell]:
    """Where a model has its gap: the index at most noise levels, and the noise at which it is widest."""
    generator = noise_generator(0)
    found, differences = [], []
    for t in _MANIFOLD_LEVELS:
        y = x + math.sqrt(t) * torch.randn(x.shape, generator=generator)
        spectra = np.stack([denoiser_basis(model, each[None], float(t)).eigenvalues for each in y])
        mean = spectra.mean(0)
        found.append(widest_gap(mean).index)
        differences.append(float(mean[_MANIFOLD_DIMENSIONS - 1] - mean[_MANIFOLD_DIMENSIONS]))
    widest, expected = opening(_MANIFOLD_LEVELS.tolist(), differences), math.sqrt(_WIDE * _NARROW)
    agree = sum(index == _MANIFOLD_DIMENSIONS for index in found)
    return [
        name,
        _MANIFOLD_DIMENSIONS,
        f"{agree} of {len(found)}",
        widest,
        expected,
        100 * (widest / expected - 1),
        seconds,
    ]


@app.command()
def gap(steps: StepsOption = 4000, seed: int = 0, threads: ThreadsOption = 1, write: WriteOption = False) -> None:
    """A linear manifold, exact and learned."""
    _begin(threads)
    truth = linear_manifold(seed)
    x = truth.sample(_POINTS, torch.Generator().manual_seed(seed + 1))
    rows = [gap_row("exact energy", truth, x, None)]
    config = _config(
        "manifold", _MANIFOLD_NOISE, _MANIFOLD_SIDE, 8, batch_size=128, steps=steps, learning_rate=1e-3, seed=seed
    )
    network = DenseEnergy(_MANIFOLD_NOISE, truth.sample(20_000, torch.Generator().manual_seed(seed + 2)), width=256)
    model, seconds = _trained(config, DistributionSource(truth), network)
    rows.append(gap_row(f"dense network, {steps:,} steps", model, x, seconds))
    columns = {
        "energy": "",
        "dimension": "",
        "noise levels at which the widest gap is there": "",
        "widest at t": ".5f",
        "√(ab)": ".5f",
        "difference, %": "+.1f",
        "s a step": ".4f",
    }
    title = f"The gap of a linear manifold of variance {_WIDE:g} in {_MANIFOLD_SIDE**2} dimensions with {_NARROW:g}"
    report("bases-gap", measured(title, columns, rows), write)


@app.command()
def slopes(
    steps: StepsOption = 2000,
    size: Annotated[int, typer.Option(help="Side of the images in pixels; 80 in the paper.")] = 32,
    width: Annotated[int, typer.Option(help="Base width of the network.")] = 16,
    only: Annotated[list[int] | None, typer.Option(help="Values of alpha; 1 to 4 when left out.")] = None,
    seed: int = 0,
    threads: ThreadsOption = 1,
    compiled: CompileOption = False,
    bfloat16: Bfloat16Option = False,
    write: WriteOption = False,
) -> None:
    """C-alpha images: does output PSNR rise with input PSNR as the optimum does?"""
    _begin(threads)
    rows: list[list[Cell]] = []
    for alpha in only or _ALPHAS:
        family = CAlpha(size, alpha)
        settings = {"batch_size": 64, "steps": steps, "learning_rate": 2e-3, "seed": seed}
        settings |= {"compile": compiled, "bfloat16": bfloat16}
        config = _config(f"c-alpha-{alpha}", _SLOPE_NOISE, size, width, **settings)
        model, seconds = _trained(config, Sampled(DistributionSource(family)))
        x = family.sample(_FRESH, torch.Generator().manual_seed(10**6 + seed))
        outputs = denoised_psnr(model, x, _SLOPE_PSNR)
        linear = SpectralGaussian((1, size, size)).fit(family.sample(_STATISTICS, torch.Generator().manual_seed(seed)))
        fits = (float(np.polyfit(_SLOPE_PSNR, psnr, 1)[0]) for psnr in (outputs, denoised_psnr(linear, x, _SLOPE_PSNR)))
        rows.append([alpha, alpha / (alpha + 1), *fits, *outputs, seconds])
    columns = {
        "alpha": "",
        "optimal slope": ".3f",
        "slope": ".3f",
        "slope of the best linear denoiser": ".3f",
        **{f"output at {psnr:g} dB": ".2f" for psnr in _SLOPE_PSNR},
        "s a step": ".3f",
    }
    title = f"Denoised PSNR of C-alpha images, {size} x {size}, {steps:,} steps of 64 images, width {width}"
    report("bases-slopes", measured(title, columns, rows), write)


def denoised_psnr(model: EnergyModel, x: Tensor, psnrs: tuple[float, ...]) -> list[float]:
    """PSNR of the denoised images in dB, by PSNR of the noisy ones."""
    ts = [float(noise_variance_from_psnr(psnr)) for psnr in psnrs]
    return [level.denoised_psnr for level in noise_levels(model, x, ts)]


@app.command()
def transition(
    data: Annotated[str, typer.Option(help="A data set: digits, photos, or a path.")] = "digits",
    size: Annotated[int, typer.Option(help="Side of the images in pixels.")] = 8,
    steps: StepsOption = 2000,
    numbers: Annotated[str, typer.Option(help="Of training images; those that the data set has.")] = ",".join(
        map(str, _NUMBERS)
    ),
    seed: int = 0,
    threads: ThreadsOption = 1,
    compiled: CompileOption = False,
    bfloat16: Bfloat16Option = False,
    write: WriteOption = False,
) -> None:
    """From memory to generalization: denoised PSNR on own and on fresh images by number of training images."""
    _begin(threads)
    shape = (1, size, size)
    training, fresh = (open_dataset(data, shape, part).pixels for part in ("train", "validation"))
    config = training_config(
        "transition",
        dataset_name(data),
        size=size,
        model_size="medium",
        steps=steps,
        seed=seed,
        device="cpu",
        flip=False,
        compile=compiled,
        bfloat16=bfloat16,
    )
    rows: list[list[Cell]] = []
    for number in [int(text) for text in numbers.split(",")]:
        if number > len(training):
            typer.echo(f"{dataset_name(data)} has {len(training):,} training images, not {number:,}.", err=True)
            continue
        chosen = np.random.default_rng(seed).permutation(len(training))[:number]
        source = Sampled(PixelSource(training, config.values, rows=np.sort(chosen)))
        model, seconds = _trained(config, source)
        own = config.values.dequantized(torch.from_numpy(training[chosen[:_FRESH]]), noise_generator(1))
        other = config.values.dequantized(torch.from_numpy(np.array(fresh[:_FRESH])), noise_generator(2))
        own = own.repeat(math.ceil(100 / number), 1, 1, 1) if number < 100 else own
        pairs = zip(*(denoised_psnr(model, x, _TRANSITION_PSNR) for x in (own, other)), strict=True)
        rows.append([number, *(value for pair in pairs for value in pair), seconds])
    columns = {
        "N": ",",
        **{f"{which} at {psnr:g} dB": ".2f" for psnr in _TRANSITION_PSNR for which in ("own", "fresh")},
        "s a step": ".3f",
    }
    floor = float(psnr_from_noise_variance(1 / (12 * config.values.levels**2)))
    title = (
        f"Denoised PSNR in dB by number of training images N, {dataset_name(data)}, {size} x {size}, {steps:,} steps"
    )
    notes = (f"Own and fresh images are dequantized, which is noise of {floor:.0f} dB that nothing can remove.",)
    report(f"bases-transition-{dataset_name(data)}", measured(title, columns, rows, notes), write)


if __name__ == "__main__":
    app()
