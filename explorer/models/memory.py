"""Stored images: the exact density of a finite set with noise, the truth for memorization.

N images ``x_j``, each with the same probability, and noise of variance ``t``:

    U(y, t) = d/2 log(2 pi t) + log N - logsumexp_j( -||y - x_j||^2 / (2 t) )

But for terms in ``t`` alone, ``t U`` is the energy of a modern Hopfield network at the inverse temperature ``1/t``, in
which each pattern has the bias ``-||x_j||^2 / 2`` (Ramsauer et al. 2021; Ambrogioni 2023, arXiv 2309.17290). Its
derivatives are exact: with the posterior ``w_j = softmax_j(-||y - x_j||^2 / (2 t))``,

    D(y, t) = sum_j w_j x_j,        dD/dy = 1/t sum_j w_j (x_j - D) (x_j - D)^T,

so that to denoise once is one step of retrieval, and one step of mean shift. A network that reached the minimum of dual
score matching on its training images alone would be this density, and would draw nothing but those images.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from explorer.errors import ExplorerError
from explorer.models.base import EnergyModel

__all__ = ["Memory"]

_VALUES = 2**24  # of stored images at once, 128 MiB of float64


class Memory(EnergyModel):
    """The density of stored images with noise.

    Distances are computed in float64, which differences of 1 nat need where ``t`` is small, for some thousand stored
    images of 64 x 64 at a time; the backward pass computes them anew, so that memory does not grow with N.

    Args:
        images: the stored images, in the values of a model, shape ``(N, C, H, W)``.
        t0: noise variance at which log p is reported, positive: without noise there is no density.
        t_min, t_max: range of noise variances that is shown; any positive one is exact.

    Raises:
        ExplorerError: there is no image.
        ValueError: not ``0 < t_min <= t0 < t_max``.
    """

    images: Tensor

    def __init__(self, images: Tensor, t0: float, t_min: float | None = None, t_max: float = 100.0) -> None:
        super().__init__()
        if not len(images):
            raise ExplorerError("A memory needs at least one image. Choose some.")
        t_min = t0 if t_min is None else t_min
        if not 0 < t_min <= t0 < t_max:
            raise ValueError("A memory needs 0 < t_min <= t0 < t_max.")
        count, channels, height, width = images.shape
        self.image_shape = (channels, height, width)
        self.t0, self.t_min, self.t_max = t0, t_min, t_max
        self.register_buffer("images", images.detach().reshape(count, -1).clone())

    def __len__(self) -> int:
        return len(self.images)

    def energy(self, y: Tensor, t: Tensor) -> Tensor:
        flat, variance = y.flatten(1).double(), t.double()
        parts = [
            checkpoint(_log_sum, flat, variance, part, use_reentrant=False, preserve_rng_state=False)
            for part in self._parts()
        ]
        constant = 0.5 * self.dimensions * torch.log(2 * math.pi * variance) + math.log(len(self))
        return (constant - torch.logsumexp(torch.stack(parts), 0)).to(y.dtype)

    @torch.no_grad()
    def posterior(self, y: Tensor, t: float) -> Tensor:
        """The probability of each stored image given noisy ones, ``softmax_j(-||y - x_j||^2 / (2 t))``.

        Args:
            y: noisy images, shape ``(B, C, H, W)``.
            t: noise variance, positive.

        Returns:
            float64, shape ``(B, N)``.
        """
        flat = y.flatten(1).double()
        return torch.cat([-_squared(flat, part) / (2 * t) for part in self._parts()], 1).softmax(1)

    def _parts(self) -> tuple[Tensor, ...]:
        return torch.split(self.images, max(1, _VALUES // self.dimensions))


def _log_sum(flat: Tensor, variance: Tensor, images: Tensor) -> Tensor:
    """``logsumexp_j(-||y - x_j||^2 / (2 t))`` over some of the stored images, shape ``(B,)``."""
    return torch.logsumexp(-_squared(flat, images) / (2 * variance[:, None]), 1)


def _squared(flat: Tensor, images: Tensor) -> Tensor:
    """``||y - x_j||^2``, float64, shape ``(B, N)``."""
    stored = images.double()
    return flat.square().sum(1, keepdim=True) - 2 * flat @ stored.T + stored.square().sum(1)
