"""Is a density log-concave about an image? The smallest curvature of its energy.

A density is log-concave where the Hessian of its energy is positive. With ``J(y, t) = dD/dy = I - t hess U(y, t)`` the
Jacobian of the denoiser, whose largest eigenvalue is ``mu``,

    smallest eigenvalue of  t hess U(y, t)  =  1 - mu,

1 where the density is noise alone, 0 at the edge, negative where it has more than one way to go. Of the details of a
scale given the coarser image it may be positive where it is not of the whole image: a density that is conditionally
log-concave is easy to sample, scale by scale (Guth, Lempereur, Bruna and Mallat 2023, arXiv 2306.00181).

``mu`` is found by Lanczos' method (`scipy.sparse.linalg.eigsh`) on products of the Hessian with a vector, each a
backward pass through the gradient. It comes to ``mu`` from below, so that the curvature that is found is never below
the smallest. This is one point: a density is log-concave only if it is so everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh
from torch import Tensor

from explorer.errors import ExplorerError
from explorer.measures.shared.jacobian import DenoiserJacobian
from explorer.measures.shared.noise import noise_generator
from explorer.models.base import EnergyModel
from explorer.models.details import GivenCoarse
from explorer.models.haar import haar
from explorer.models.multiscale import MultiscaleDensity
from explorer.progress import Progress
from explorer.units import psnr_from_noise_variance

__all__ = ["Curvature", "ScaleCurvature", "concave_from", "curvature_by_scale", "smallest_curvature"]

_TOLERANCE = 1e-3  # of mu
_BASIS = 24  # vectors that are kept
_RESTARTS = 30


@dataclass(frozen=True)
class Curvature:
    """The smallest curvature of an energy at one point.

    Attributes:
        smallest: smallest eigenvalue of ``t hess U(y, t)``, at most 1; negative where the density is not log-concave.
        residual: an eigenvalue of ``t hess U`` is within so much of it.
        direction: its eigenvector, of norm 1, in the shape of an image ``(C, H, W)``, float32.
        products: of the Hessian with a vector that it took.
    """

    smallest: float
    residual: float
    direction: np.ndarray
    products: int


def smallest_curvature(
    model: EnergyModel,
    y: Tensor,
    t: float,
    seed: int = 0,
    progress: Callable[[int], None] | None = None,
    tolerance: float = _TOLERANCE,
) -> Curvature:
    """The smallest curvature of ``U(., t)`` at one noisy image.

    Args:
        model: an energy model, twice differentiable.
        y: noisy image, shape ``(1, C, H, W)``.
        t: its noise variance, positive.
        seed: of the vector that Lanczos begins with.
        progress: called after each product with how many there were; what it raises stops the work.
        tolerance: of ``mu``, relative.

    Raises:
        ExplorerError: the eigenvalue is not found in some hundred products, or the Hessian is not finite.
        ValueError: not just one image, or `t` is not positive.
    """
    of_denoiser = DenoiserJacobian(model, y, t)
    products = 0

    def jacobian(vector: np.ndarray) -> np.ndarray:
        nonlocal products
        products += 1
        if progress is not None:
            progress(products)
        image: np.ndarray = of_denoiser.products(vector.reshape(1, -1))[0]
        return image

    size = y.numel()
    start = torch.randn(size, generator=noise_generator(seed), dtype=torch.float64).numpy()
    operator = LinearOperator((size, size), matvec=jacobian, dtype=np.float64)
    try:
        basis = min(_BASIS, size)
        (largest,), vectors = eigsh(operator, 1, which="LA", v0=start, ncv=basis, tol=tolerance, maxiter=_RESTARTS)
    except ArpackNoConvergence as error:
        raise ExplorerError(
            f"The smallest curvature at {float(psnr_from_noise_variance(t)):.1f} dB was not found in {products} steps. "
            "Take another noise level."
        ) from error
    vector = vectors[:, 0]
    residual = float(np.linalg.norm(jacobian(vector) - largest * vector))
    return Curvature(1 - float(largest), residual, vector.reshape(y.shape[1:]).astype(np.float32), products)


def concave_from(psnr: Sequence[float], smallest: Sequence[float]) -> float | None:
    """The least noise, as PSNR in dB, from which on a density is log-concave at every larger noise that was measured.

    Noise smooths a density: with enough of it, it is log-concave wherever the data are bounded.

    Args:
        psnr: noise levels in dB, in any order, shape ``(T,)``.
        smallest: smallest eigenvalue of ``t hess U`` at each, shape ``(T,)``.

    Returns:
        One of `psnr`; None where the density is not log-concave at the largest noise.
    """
    found = None
    for level, value in sorted(zip(psnr, smallest, strict=True)):
        if not value > 0:
            break
        found = level
    return found


@dataclass(frozen=True)
class ScaleCurvature:
    """The smallest curvature of the details of one scale given the coarser image, over noise levels.

    Attributes:
        level: of the details, 0 for the finest.
        ts: noise variances of the pixels, shape ``(T,)``; the details have ``t / 4^level`` in the units of their level.
        found: at each.
    """

    level: int
    ts: np.ndarray
    found: tuple[Curvature, ...]


def curvature_by_scale(
    model: MultiscaleDensity,
    x: Tensor,
    ts: Sequence[float],
    seed: int = 0,
    progress: Progress | None = None,
) -> list[ScaleCurvature]:
    """The smallest curvature of the details of each scale of an image, with noise on them, given the coarser image.

    That of the whole image is `smallest_curvature` of the model at ``x + sqrt(t0) eps``.

    Args:
        model: a multi-scale density.
        x: one image as the model reads it, of a size that fits, shape ``(1, C, H, W)``.
        ts: noise variances of the pixels, all positive.
        seed: of the noise.
        progress: called with (noise levels done, in all), those of all scales together, after each product.

    Raises:
        ExplorerError: as `smallest_curvature`.
        ValueError: channels or size do not fit, or not just one image.
    """
    x = x.to(model.device)
    steps, generator = model.levels(*x.shape[2:]), noise_generator(seed)
    scales = []
    for level in range(steps):
        coarse, details = haar(x)
        x = coarse / 2
        given = GivenCoarse(model.step(level), x, level, model.t0 / 4**level)
        eps = torch.randn(details.shape, generator=generator, dtype=x.dtype).to(x.device)
        found: list[Curvature] = []
        for t in (t / 4**level for t in ts):
            say = None if progress is None else _saying(progress, level * len(ts) + len(found), steps * len(ts))
            found.append(smallest_curvature(given, details + math.sqrt(t) * eps, t, seed, say))
        scales.append(ScaleCurvature(level, np.array(ts), tuple(found)))
    if progress is not None:
        progress(steps * len(ts), steps * len(ts))
    return scales


def _saying(progress: Progress, done: int, total: int) -> Callable[[int], None]:
    return lambda _products: progress(done, total)
