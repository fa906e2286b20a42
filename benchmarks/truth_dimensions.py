"""Parts 3 and 4 of `truth.py`: which reading of local dimensionality finds a dimension that is known?"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import skdim
import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from explorer.measures.dimensionality import flipd, flipd_by_trace, local_dimensionality
from explorer.models.analytic import SubspaceMixture
from explorer.models.base import EnergyModel
from explorer.units import noise_variance_from_psnr

__all__ = ["subspaces"]

_DIMENSIONS = (4, 16, 64)
_SHAPE = (1, 16, 16)
_VARIANCE = 0.05  # of a coordinate within a subspace
_PSNRS = (60.0, 50.0, 40.0, 30.0, 25.0, 20.0, 15.0, 12.5, 10.0, 5.0)
_SAMPLES = 1500  # of each subspace, for the nearest neighbors
_NEIGHBORS = 100
_TOLERANCE = 0.1
_ESTIMATORS = ("MLE", "MOM", "TLE", "TwoNN", "MiND_ML", "lPCA")


def readings(model: EnergyModel, x: Tensor, psnrs: Sequence[float], draws: int = 4) -> dict[str, np.ndarray]:
    """Mean over images of each reading at each noise level."""
    ts = [float(noise_variance_from_psnr(psnr)) for psnr in psnrs]
    noisy = local_dimensionality(model, x, ts, draws)
    return {
        "denoising error": noisy.denoising.mean(0).numpy(),
        "slope of the energy": noisy.energy.mean(0).numpy(),
        "time score": np.array([float(flipd(model, x, t).mean()) for t in ts]),
        "trace": np.array([float(flipd_by_trace(model, x, t)[0].mean()) for t in ts]),
    }


def subspaces(output: Console, seed: int) -> None:
    """Part 4: a mixture of subspaces of dimension 4, 16 and 64 in d = 256, with its exact energy."""
    generator = torch.Generator().manual_seed(seed)
    d = math.prod(_SHAPE)
    bases = [torch.linalg.qr(torch.randn(d, m, generator=generator, dtype=torch.float64)).Q for m in _DIMENSIONS]
    law = SubspaceMixture(_SHAPE, bases, _VARIANCE, t0=1e-6)
    samples = [law.sample_from(k, _SAMPLES, generator) for k in range(len(_DIMENSIONS))]
    table = Table(
        "subspace",
        "reading",
        *(f"{psnr:g}" for psnr in _PSNRS),
        "within 10 %",
        title=f"Local dimensionality of images on subspaces, exact energy, by noise level in dB (signal {_signal():.0f} dB)",
    )
    for m, x in zip(_DIMENSIONS, samples, strict=True):
        for name, values in readings(law, x[:50], _PSNRS).items():
            found = [psnr for psnr, value in zip(_PSNRS, values, strict=True) if abs(value - m) <= _TOLERANCE * m]
            where = f"{min(found):g} to {max(found):g} dB" if found else "nowhere"
            table.add_row(str(m), name, *(f"{value:.1f}" for value in values), where)
    output.print(table)

    points = torch.cat(samples).flatten(1).numpy()
    owners = np.repeat(_DIMENSIONS, _SAMPLES)
    neighbors = Table(
        "estimator",
        *(f"m = {m}" for m in _DIMENSIONS),
        title=f"scikit-dimension, {_NEIGHBORS} nearest neighbors among {len(points):,} samples of the mixture: mean (std)",
    )
    for name in _ESTIMATORS:
        estimates = getattr(skdim.id, name)().fit_transform_pw(points, n_neighbors=_NEIGHBORS)
        cells = [estimates[owners == m] for m in _DIMENSIONS]
        neighbors.add_row(name, *(f"{np.nanmean(cell):.1f} ({np.nanstd(cell):.1f})" for cell in cells))
    output.print(neighbors)


def _signal() -> float:
    return -10 * math.log10(_VARIANCE)
