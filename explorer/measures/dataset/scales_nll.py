"""The negative log-likelihood of each scale, from the energy and from the denoising error: of details given coarse
images, and of the base.

1. From the energy: ``E U(d + sqrt(t0) eps, t0 | c)``.
2. From the denoising error (I-MMSE): with ``mse(t) = E ||d - D(d + sqrt(t) eps, t | c)||^2`` of any denoiser that is
   given ``c``, ``n`` details, ``lambda`` the variances of the residual of the best linear prediction and ``T`` large,

       NLL(t0)  =  1/2 sum_i log(2 pi e (lambda_i + T))  -  1/2 integral_{log t0}^{log T} (n - mse(t) / t) dlog t .

   The first term is the conditional entropy at ``T`` but for what is of second order in ``lambda / T``.

The base is an image of its own, whose two estimates are those of `explorer.measures.dataset.nll`. Both hold factor by
factor, and so does their sum over the scales of a `MultiscaleDensity` for the whole image.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from explorer.measures.dataset.nll import gaussian_entropy, negative_log_likelihood
from explorer.measures.shared.noise import noise_generator
from explorer.measures.shared.noise_levels import log_spaced, noise_levels
from explorer.models.details import ConditionalModel
from explorer.models.haar import haar, halve
from explorer.models.multiscale import MultiscaleDensity
from explorer.progress import Progress

__all__ = ["BaseNll", "DetailsNll", "base_nll", "details_nll"]

_BATCH_POSITIONS = 2**16


@dataclass(frozen=True)
class DetailsNll:
    """Negative log-likelihood of the details of one Haar step, in nats a detail, in the units of the step.

    Attributes:
        level: of the step.
        energy: from the mean energy at the smallest noise.
        i_mmse: from the denoising error.
        gaussian: entropy of the best linear prediction with stationary white residual.
        ts: noise variances, increasing, shape ``(T,)``.
        relative_error: ``mse(t) / (n t)`` at each.
        mean_time_score: ``E t dU/dt / n`` at each; zero for a normalized model.
        images: number of images averaged over.
    """

    level: int
    energy: float
    i_mmse: float
    gaussian: float
    ts: np.ndarray
    relative_error: np.ndarray
    mean_time_score: np.ndarray
    images: int

    def bits_per_pixel(self, levels: int = 256) -> dict[str, float]:
        """Code lengths of the details in bits a pixel of ``x_0``, for `levels` cells a value, and the gap.

        There are ``3 / 4^(level + 1)`` details a pixel value; a detail is ``2^level`` times larger in the orthonormal
        coefficients of ``x_0``.
        """
        share = 3 / 4 ** (self.level + 1)
        values = {"energy": self.energy, "i_mmse": self.i_mmse, "gaussian": self.gaussian}
        return _bits_per_pixel(values, share, math.log2(levels) + self.level)


@dataclass(frozen=True)
class BaseNll:
    """Negative log-likelihood of the base, in nats a pixel value of the coarsest image, in its own units.

    Attributes:
        halvings: ``J``.
        energy: from the mean energy at the smallest noise.
        i_mmse: from the denoising error.
        gaussian: entropy of the Gaussian with the same variances of the DCT.
        squares: number of squares averaged over.
    """

    halvings: int
    energy: float
    i_mmse: float
    gaussian: float
    squares: int

    def bits_per_pixel(self, levels: int = 256) -> dict[str, float]:
        """Code lengths of the base in bits a pixel of ``x_0``, of images that the squares of the base cover, and the
        gap; as those of `DetailsNll`."""
        values = {"energy": self.energy, "i_mmse": self.i_mmse, "gaussian": self.gaussian}
        return _bits_per_pixel(values, 1 / 4**self.halvings, math.log2(levels) + self.halvings)


def _bits_per_pixel(nats: dict[str, float], share: float, shift: float) -> dict[str, float]:
    """Bits of a factor that has `share` of the coefficients, each of which is ``2^shift`` cells a unit."""
    bits = {name: share * (value / math.log(2) + shift) for name, value in nats.items()}
    return bits | {"gap": bits["energy"] - bits["i_mmse"]}


def base_nll(
    model: MultiscaleDensity,
    x: Tensor,
    count: int = 33,
    seed: int = 0,
    progress: Progress | None = None,
) -> BaseNll:
    """Both estimates for the base of images.

    Args:
        model: a multi-scale density.
        x: clean (dequantized) images ``x_0`` in [0, 1], of a size that fits, shape ``(N, C, H, W)``.
        count: number of noise variances from that of the base to its `t_max`, evenly spaced in the logarithm.
        seed: of the noise.
        progress: called with (noise levels done, in all).
    """
    halvings = model.levels(*x.shape[2:])
    squares = model.squares(halve(x, halvings))
    ts = log_spaced(model.t0 / 4**halvings, model.base.t_max, count)
    found = negative_log_likelihood(squares, noise_levels(model.base, squares, ts, seed, progress))
    n = found.dimensions
    near = gaussian_entropy(squares, ts[0]) / n
    return BaseNll(halvings, found.energy / n, found.i_mmse / n, near, len(squares))


def details_nll(
    model: ConditionalModel,
    x: Tensor,
    level: int,
    t0: float,
    t_high: float = 1.0,
    count: int = 17,
    seed: int = 0,
    progress: Progress | None = None,
) -> DetailsNll:
    """Both estimates for one step of images.

    Args:
        model: a conditional model.
        x: clean (dequantized) images ``x_0`` in [0, 1], shape ``(N, C, H, W)``, sides multiples of ``2^(level + 1)``.
        level: of the step.
        t0: noise variance of the pixels of ``x_0``.
        t_high: largest noise variance of the details, far above their variance.
        count: number of noise variances, evenly spaced in the logarithm.
        seed: of the noise.
        progress: called with (noise levels done, in all).
    """
    generator = noise_generator(seed)
    coarse, details = haar(halve(x, level))
    coarse = coarse / 2
    coarse = coarse + math.sqrt(t0 / 4 ** (level + 1)) * torch.randn(coarse.shape, generator=generator)
    ts = log_spaced(t0 / 4**level, t_high, count)
    batch = max(1, _BATCH_POSITIONS // coarse[0, 0].numel())
    n = details[0].numel()
    rows = []
    for done, t in enumerate(ts):
        sums = np.zeros(3)
        for d, c in zip(torch.split(details, batch), torch.split(coarse, batch), strict=True):
            eps = torch.randn(d.shape, generator=generator)
            variance, at_level = torch.full((len(d),), t), torch.full((len(d),), float(level))
            result = model.derivatives(d + math.sqrt(t) * eps, variance, c, at_level)
            error = (-math.sqrt(t) * result.score - eps).square().flatten(1).mean(1)
            power = eps.square().flatten(1).mean(1)
            energy = result.energy / n + 0.5 * (1 - power)  # most of its fluctuation is that of the noise's norm
            sums += [float(error.sum()), float(energy.sum()), float((t * result.time_score / n).sum())]
        rows.append(sums / len(details))
        if progress is not None:
            progress(done + 1, len(ts))
    error, energy, time_score = np.array(rows).T
    removed = np.trapezoid(1 - error, np.log(ts))
    variances = _residual_variances(coarse, details)
    far = 0.5 * np.log(2 * math.pi * math.e * (variances + ts[-1])).mean()
    near = 0.5 * np.log(2 * math.pi * math.e * (variances + ts[0])).mean()
    return DetailsNll(
        level, float(energy[0]), float(far - 0.5 * removed), float(near), np.array(ts), error, time_score, len(details)
    )


def _residual_variances(coarse: Tensor, details: Tensor) -> np.ndarray:
    """Variances, over images and positions, of what the best linear prediction leaves of the details."""
    inputs = torch.nn.functional.unfold(torch.nn.functional.pad(coarse, (1, 1, 1, 1), "replicate"), 3)
    a = inputs.transpose(0, 1).flatten(1).double()
    b = details.flatten(2).transpose(0, 1).flatten(1).double()
    both = b @ a.T
    residual = b @ b.T - both @ torch.linalg.lstsq(a @ a.T, both.T).solution
    variances: np.ndarray = torch.linalg.eigvalsh(residual / b.shape[1]).clamp_min(1e-12).numpy()
    return variances
