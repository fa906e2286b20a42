"""Parts 3 and 4 of `truth.py`: which estimate of local dimensionality finds a dimension that is known?"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from benchmarks.result import Cell, measured, report
from benchmarks.steps import take_all_steps
from explorer.data.synthetic import Disks
from explorer.measures.image.dimensionality import flipd, flipd_by_trace, local_dimensionality
from explorer.models.analytic import SubspaceMixture
from explorer.models.base import EnergyModel
from explorer.models.dense import DenseEnergy
from explorer.models.dual import DualEnergyConfig, NoiseRange
from explorer.models.unet import UNetConfig
from explorer.training.config import TrainingConfig
from explorer.training.sources import DistributionSource
from explorer.training.trainer import Trainer
from explorer.units import noise_variance_from_psnr

__all__ = ["disks", "subspaces"]

_DIMENSIONS = (4, 16, 64)
_SHAPE = (1, 16, 16)
_VARIANCE = 0.05  # of a coordinate within a subspace
_SIGNAL = -10 * math.log10(_VARIANCE)  # dB
_PSNRS = (60.0, 50.0, 40.0, 30.0, 25.0, 20.0, 15.0, 12.5, 10.0, 5.0)
_SAMPLES = 1500  # of each subspace, for the nearest neighbors
_NEIGHBORS = 100
_TOLERANCE = 0.1
_DISK_NOISE = NoiseRange(t_min=1e-3, t0=4e-3, t_max=100.0)
_DISK_PSNRS = (*(float(psnr) for psnr in range(27, 11, -1)), 10.0, 7.5, 5.0, 2.5, 0.0)
_DISK_IMAGES = 500
_DISK_STEPS = 20_000
_DISK_BATCH = 128
# At a weight of 10 the two estimates at the clean image agree to half a dimension, and all are too high: it slows the
# denoiser, which has most to learn here.
_DISK_HEAT_WEIGHT = 0.0
_ESTIMATORS = ("MLE", "MOM", "TLE", "TwoNN", "lPCA")


def estimates_of(model: EnergyModel, x: Tensor, psnrs: Sequence[float], draws: int = 4) -> dict[str, np.ndarray]:
    """Mean over images of each estimate at each noise level."""
    ts = [float(noise_variance_from_psnr(psnr)) for psnr in psnrs]
    noisy = local_dimensionality(model, x, ts, draws)
    return {
        "denoising error": noisy.denoising.mean(0).numpy(),
        "slope of the energy": noisy.energy.mean(0).numpy(),
        "time score": np.array([float(flipd(model, x, t).mean()) for t in ts]),
        "trace": np.array([float(flipd_by_trace(model, x, t)[0].mean()) for t in ts]),
    }


def disks(seed: int, write: bool) -> None:
    """Part 3: disks on a plane background, five parameters; estimates beside that of the exact posterior."""
    family = Disks(_SHAPE[1])
    generator = torch.Generator().manual_seed(seed)
    config = TrainingConfig(
        name="disks",
        dataset="disks",
        # The network of the configuration is not used; its shape and its noise range are.
        model=DualEnergyConfig(image_shape=_SHAPE, noise=_DISK_NOISE, unet=UNetConfig(base_width=8, num_scales=2)),
        seed=seed,
        batch_size=_DISK_BATCH,
        steps=_DISK_STEPS,
        learning_rate=1e-3,
        decay_fraction=0.7,
        heat_weight=_DISK_HEAT_WEIGHT,
        compile=True,
        device="cpu",
    )
    torch.manual_seed(seed)
    trainer = Trainer(config, DistributionSource(family), DenseEnergy(_DISK_NOISE, family.sample(50_000, generator)))
    minutes = take_all_steps(trainer, config.name)
    x = family.sample(_DISK_IMAGES, torch.Generator().manual_seed(77))
    averaged = trainer.averaged
    assert isinstance(averaged, DenseEnergy)
    found = estimates_of(averaged, x, _DISK_PSNRS)
    exact = [
        _exact_disk_dimensionality(family, float(noise_variance_from_psnr(psnr)), generator) for psnr in _DISK_PSNRS
    ]
    rows: list[list[Cell]] = [
        [f"{psnr:g}", f"{value:.2f} ± {error:.2f}", *(float(values[k]) for values in found.values())]
        for k, (psnr, (value, error)) in enumerate(zip(_DISK_PSNRS, exact, strict=True))
    ]
    rows.append(["within 10 %", None, *(_where(_DISK_PSNRS, values, 5) for values in found.values())])
    title = f"Local dimensionality of disks with five parameters, {minutes:.0f} CPU minutes of training"
    columns = {"noise, dB": "", "exact posterior": "", **dict.fromkeys(found, ".2f")}
    report("truth-disks", measured(title, columns, rows), write)


def _exact_disk_dimensionality(
    family: Disks, t: float, generator: torch.Generator, images: int = 300, draws: int = 5_000
) -> tuple[float, float]:
    """``E ||x - E[x | y]||^2 / t`` with its standard error, the posterior mean by importance sampling.

    Parameters are proposed from a Student distribution (8 degrees of freedom) around the mode that the linearized
    rendering gives, 1.3 times as wide as the linearized posterior, and weighted by prior and likelihood.
    """
    low, span = (part.double() for part in family.prior)
    step = 1e-3 * torch.eye(5, dtype=torch.float64)
    results = []
    for _ in range(images):
        truth = family.parameters(1, generator).double()
        x = family.render(truth)
        y = x + math.sqrt(t) * torch.randn(x.shape, generator=generator, dtype=torch.float64)
        jacobian = (family.render(truth + step) - family.render(truth - step)).flatten(1).T / 2e-3
        covariance = torch.linalg.inv(jacobian.T @ jacobian / t + torch.diag(12 / span.square()))
        mode = truth + covariance @ (jacobian.T @ (y - x).flatten()) / t
        normal = torch.randn(draws, 5, generator=generator, dtype=torch.float64)
        chi_squared = torch.randn(draws, 8, generator=generator, dtype=torch.float64).square().sum(1, keepdim=True)
        student = normal * (8 / chi_squared).sqrt()
        proposed = mode + student @ torch.linalg.cholesky(1.3**2 * covariance).T
        log_weight = -(family.render(proposed) - y).flatten(1).square().sum(1) / (2 * t)
        log_weight += 0.5 * (8 + 5) * torch.log1p(student.square().sum(1) / 8)
        log_weight[((proposed < low) | (proposed > low + span)).any(1)] = -math.inf
        mean = (log_weight.softmax(0).view(-1, 1, 1, 1) * family.render(proposed)).sum(0)
        results.append(float((x[0] - mean).square().sum() / t))
    return float(np.mean(results)), float(np.std(results) / images**0.5)


def _where(psnrs: Sequence[float], values: np.ndarray, truth: float) -> str:
    """The noise levels at which an estimate is within 10 %, stretches without a gap written as such."""
    inside = [abs(value - truth) <= _TOLERANCE * truth for value in values]
    stretches = []
    for found, group in itertools.groupby(zip(psnrs, inside, strict=True), key=lambda pair: pair[1]):
        levels = [psnr for psnr, _ in group]
        if found:
            stretches.append(f"{levels[-1]:g} to {levels[0]:g}" if len(levels) > 1 else f"{levels[0]:g}")
    return ", ".join(stretches) + " dB" if stretches else "nowhere"


def subspaces(seed: int, write: bool) -> None:
    """Part 4: a mixture of subspaces of dimension 4, 16 and 64 in d = 256, with its exact energy."""
    import skdim  # of benchmarks/requirements.txt; the other parts do without

    generator = torch.Generator().manual_seed(seed)
    d = math.prod(_SHAPE)
    bases = [torch.linalg.qr(torch.randn(d, m, generator=generator, dtype=torch.float64)).Q for m in _DIMENSIONS]
    truth = SubspaceMixture(_SHAPE, bases, _VARIANCE, t0=1e-6)
    samples = [truth.sample_from(k, _SAMPLES, generator) for k in range(len(_DIMENSIONS))]
    rows: list[list[Cell]] = [
        [m, name, *map(float, values), _where(_PSNRS, values, m)]
        for m, x in zip(_DIMENSIONS, samples, strict=True)
        for name, values in estimates_of(truth, x[:50], _PSNRS).items()
    ]
    columns = {"subspace": "", "estimate": "", **{f"{psnr:g}": ".1f" for psnr in _PSNRS}, "within 10 %": ""}
    title = f"Local dimensionality of images on subspaces, exact energy, by noise level in dB (signal {_SIGNAL:.0f} dB)"
    report("truth-subspaces", measured(title, columns, rows), write)

    points = torch.cat(samples).flatten(1).numpy()
    owners = np.repeat(_DIMENSIONS, _SAMPLES)
    found: list[list[Cell]] = []
    for name in _ESTIMATORS:
        estimates = getattr(skdim.id, name)().fit_transform_pw(points, n_neighbors=_NEIGHBORS)
        cells = [estimates[owners == m] for m in _DIMENSIONS]
        found.append([name, *(f"{np.nanmean(cell):.1f} ± {np.nanstd(cell):.1f}" for cell in cells)])
    title = f"scikit-dimension, {_NEIGHBORS} nearest neighbors among {len(points):,} samples: mean ± standard deviation"
    columns = {"estimator": "", **{f"m = {m}": "" for m in _DIMENSIONS}}
    report("truth-neighbors", measured(title, columns, found), write)
