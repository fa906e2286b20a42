"""The basis in which a denoiser shrinks a noisy image: eigenvectors of its Jacobian.

With ``J(y, t) = dD/dy = I - t hess U(y, t)``, symmetric, the denoiser acts near ``y`` as

    D(y + delta) - D(y)  =  sum_k lambda_k <e_k, delta> e_k :

it shrinks each coordinate in the basis ``e_k`` by its own factor. For a homogeneous denoiser ``D(y) = J y`` itself.
``t J(y, t)`` is the covariance of the clean image given ``y``, so that no factor of a density is negative, and

    sum_k lambda_k = tr J = E[ ||x - D(y, t)||^2 | y ] / t,

the local dimensionality at ``y``. Factors are at most 1 where the density is log-concave; one above 1 belongs to a
direction in which ``y`` lies between two likely answers. Of images the vectors are harmonics that follow their contours
and oscillate in their flat regions (Kadkhodaie, Guth, Simoncelli and Mallat 2023, arXiv 2310.02557).

Up to `EXACT` pixel values all of ``J`` is computed, a product for each, and its asymmetry is measured before it is made
symmetric. Above that, the largest factors are found by block Lanczos, and the trace is estimated
(`explorer.measures.geometry.krylov`).
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from explorer.measures.geometry.krylov import Eigenpairs, largest_eigenpairs
from explorer.measures.shared.jacobian import DenoiserJacobian
from explorer.measures.shared.noise import noise_generator
from explorer.measures.shared.steps import finish
from explorer.models.base import EnergyModel
from explorer.models.devices import fitting_batch_size, inference_batch_size
from explorer.progress import Progress

__all__ = ["EXACT", "FIRST", "Basis", "denoiser_basis", "denoiser_basis_steps"]

EXACT = 1024
"""Pixel values up to which all of the Jacobian is computed."""

FIRST = 64
"""Eigenvectors that are found of larger images, unless another number is asked for."""

_DOUBLE = 4  # a product takes about so many times the memory of a gradient
_BLOCK = 8  # vectors in a product, at most, where not all of the Jacobian is computed


@dataclass(frozen=True)
class Basis:
    """Eigenvectors of ``J(y, t)`` at one noisy image.

    Attributes:
        t: noise variance.
        noisy, denoised: ``y`` and ``D(y, t)``, float32, shape ``(C, H, W)``.
        eigenvalues: shrinkage factors, decreasing, float64, shape ``(K,)``.
        eigenvectors: of norm 1, float32, shape ``(K, C, H, W)``.
        residuals: ``||J e_k - lambda_k e_k||``: an eigenvalue of ``J`` is within so much of each; shape ``(K,)``.
        trace: ``tr J``, the local dimensionality at ``y``.
        trace_error: its standard error; 0 where it is exact.
        lowest: the smallest eigenvalue, or an upper bound of it where not all are known.
        asymmetry: ``||A - A^T|| / ||A||`` (Frobenius) of ``A = J``, or of its part in a subspace where not all of it
            is known; 0 but for rounding.
        products: of ``J`` with a vector that it took.
    """

    t: float
    noisy: np.ndarray
    denoised: np.ndarray
    eigenvalues: np.ndarray
    eigenvectors: np.ndarray
    residuals: np.ndarray
    trace: float
    trace_error: float
    lowest: float
    asymmetry: float
    products: int

    @property
    def dimensions(self) -> int:
        """``d``."""
        return self.noisy.size

    @property
    def complete(self) -> bool:
        """Whether all eigenvectors are there."""
        return len(self.eigenvalues) == self.dimensions


def denoiser_basis(
    model: EnergyModel, y: Tensor, t: float, count: int | None = None, seed: int = 0, progress: Progress | None = None
) -> Basis:
    """Eigenvectors of the denoiser's Jacobian at one noisy image.

    Args:
        model: an energy model, twice differentiable.
        y: noisy image as the model reads it, shape ``(1, C, H, W)``.
        t: its noise variance, positive.
        count: how many eigenvectors, those of the largest eigenvalues; when None all of them up to `EXACT` pixel
            values, else `FIRST`.
        seed: of the random vectors that larger images take.
        progress: called with (share done in thousandths, 1000); what it raises stops the work.

    Raises:
        ExplorerError: the model gives no energy at many noise levels, or its curvature is not finite.
        ValueError: not just one image, `t` is not positive, or `count` is not.
    """
    steps = denoiser_basis_steps(model, y, t, count, seed)
    return finish(steps, None if progress is None else lambda share: progress(round(1000 * share), 1000))


def denoiser_basis_steps(
    model: EnergyModel, y: Tensor, t: float, count: int | None = None, seed: int = 0
) -> Generator[float, None, Basis]:
    """As `denoiser_basis`, in steps: yields the share that is done."""
    model.need_noise_levels("The basis of a denoiser")
    if count is not None and count < 1:
        raise ValueError("At least one eigenvector is needed.")
    size = y.numel()
    fitting = fitting_batch_size(size, model.device) // _DOUBLE
    copies = max(1, min(size, inference_batch_size(size, model.device), fitting))
    if size <= EXACT:
        jacobian = DenoiserJacobian(model, y, t, copies)
        found = yield from _jacobian_matrix(jacobian, copies)
    else:
        block = min(copies, _BLOCK)
        jacobian = DenoiserJacobian(model, y, t, block)
        found = yield from largest_eigenpairs(
            jacobian.products, size, min(count or FIRST, size), block, noise_generator(seed)
        )
    kept = found.values[:count].size
    noisy = y[0].cpu()
    return Basis(
        t=t,
        noisy=noisy.float().numpy(),
        denoised=(noisy + t * jacobian.score[0].cpu()).float().numpy(),
        eigenvalues=found.values[:kept],
        eigenvectors=found.vectors[:kept].reshape(kept, *y.shape[1:]).astype(np.float32),
        residuals=found.residuals[:kept],
        trace=found.trace,
        trace_error=found.trace_error,
        lowest=found.lowest,
        asymmetry=found.asymmetry,
        products=found.products,
    )


def _jacobian_matrix(jacobian: DenoiserJacobian, copies: int) -> Generator[float, None, Eigenpairs]:
    size = jacobian.size
    matrix, identity = np.empty((size, size)), np.eye(size)
    for first in range(0, size, copies):
        matrix[first : first + copies] = jacobian.products(identity[first : first + copies])
        yield min(first + copies, size) / (size + 1)
    return Eigenpairs.of_matrix(matrix)
