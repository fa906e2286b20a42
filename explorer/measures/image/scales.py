"""What each scale of a photograph says: bits, maps of bits, and local dimensionality.

``-log p`` of an image under a `MultiscaleDensity` is a sum over factors: the details of each Haar step given the
coarser image, and the base. With ``n_l`` coefficients and energy ``U_l`` in nats, a factor costs

    b_l = U_l / log 2 + n_l log2(levels)   bits,

and since the transform is orthonormal and has as many coefficients as the image has values, the ``b_l`` add up to the
code length of the image. The energy is a sum over positions, and so the bits are a map.

**Local dimensionality** of the details of a scale, given the coarser image, is that of any density
(`explorer.measures.image.dimensionality`): with noise of variance ``t`` on the pixels, hence ``t / 4^l`` on the details
of level ``l``, and ``n_l`` of them,

    n_l - 2 t d/dt E[U(d_l + noise, t / 4^l | x_{l+1})]      or, from the denoiser,      E ||d_l - D||^2 / (t / 4^l) .

The coarser image has its noise of ``t0`` alone, so that the sum over scales is no dimensionality of the whole image.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from explorer.images import Values
from explorer.measures.image.dimensionality import local_dimensionality
from explorer.models.base import EnergyModel
from explorer.models.details import GivenCoarse
from explorer.models.haar import haar
from explorer.models.multiscale import MultiscaleDensity
from explorer.perturbations import Perturbation, perturb
from explorer.progress import Progress

__all__ = [
    "ScaleBits",
    "ScaleCurve",
    "ScaleDimensionality",
    "bits_by_scale",
    "dimensionality_by_scale",
    "perturbed_bits",
    "scale_curve",
]


_ENOUGH = 4096  # coefficients that the noise is averaged over, for a standard error of 2 % of them


@dataclass(frozen=True)
class ScaleBits:
    """Code lengths of one factor of ``N`` images.

    Attributes:
        level: of the details, 0 for the finest; of the base the number of steps.
        is_base: whether this is the base.
        dimensions: number of coefficients of an image.
        bits: of each image, float64, shape ``(N,)``.
        local: of each position in bits, float32, shape ``(N, h, w)``; of the base, each square's bits spread evenly.
    """

    level: int
    is_base: bool
    dimensions: int
    bits: np.ndarray
    local: np.ndarray

    @property
    def pixels(self) -> int:
        """How many pixels a side of the photograph a position stands for."""
        return 1 << (self.level if self.is_base else self.level + 1)

    def map(self) -> np.ndarray:
        """Bits for each pixel of the photograph, shape ``(N, H, W)``; an image's sum is its `bits`."""
        even: np.ndarray = self.local / self.pixels**2
        return even.repeat(self.pixels, 1).repeat(self.pixels, 2)


@torch.no_grad()
def bits_by_scale(model: MultiscaleDensity, x: Tensor, levels: int) -> list[ScaleBits]:
    """Code length by scale, from the finest details to the base.

    Args:
        model: a multi-scale density.
        x: images as the model reads them, of a size that fits, shape ``(N, C, H, W)``, N at least 1.
        levels: number of cells per value, 256 for 8-bit images.

    Raises:
        ValueError: channels or size do not fit.
    """
    images = [model.factors(part.to(model.device)) for part in torch.split(x, 1)]  # large: one at a time
    scales = []
    for factors in zip(*images, strict=True):
        first, cost = factors[0], factors[0].dimensions * math.log2(levels)
        local = torch.cat([factor.local for factor in factors]).cpu().float() / math.log(2)
        bits = torch.cat([factor.energy for factor in factors]).cpu().double() / math.log(2) + cost
        each = cost / local[0].numel()
        scales.append(ScaleBits(first.level, first.is_base, first.dimensions, bits.numpy(), (local + each).numpy()))
    return scales


def perturbed_bits(
    model: MultiscaleDensity, values: Values, pixels: np.ndarray, perturbation: Perturbation
) -> list[ScaleBits]:
    """`bits_by_scale` of an image that was perturbed.

    Args:
        model: a multi-scale density.
        values: its value convention.
        pixels: uint8, shape ``(C, H, W)``, of a size that fits.
        perturbation: what to do to the image.

    Raises:
        ValueError: channels or size do not fit.
    """
    x = perturb(values.centers(torch.from_numpy(pixels)[None]), perturbation, values)
    return bits_by_scale(model, x + values.dither(tuple(pixels.shape)), values.levels)


@dataclass(frozen=True)
class ScaleCurve:
    """Code length by scale against one parameter of a perturbation, the others held.

    Attributes:
        name: the parameter of `explorer.perturbations.Perturbation`.
        values: of the parameter, shape ``(K,)``.
        bits: of the factors from the finest details to the base, shape ``(K, J + 1)``.
    """

    name: str
    values: np.ndarray
    bits: np.ndarray


def scale_curve(
    model: MultiscaleDensity,
    values: Values,
    pixels: np.ndarray,
    perturbation: Perturbation,
    name: str,
    steps: Sequence[float],
    progress: Progress | None = None,
) -> ScaleCurve:
    """Code length by scale of one image against the parameter `name`.

    Args:
        model, values, pixels: as for `perturbed_bits`.
        perturbation: gives the values of the other parameters.
        name: a number that `Perturbation` has: contrast, brightness, sparsity, blur, noise or jpeg.
        steps: its values.
        progress: called with (values done, values in all).

    Raises:
        ValueError: channels or size do not fit.
    """
    rows = []
    for done, step in enumerate(steps, 1):
        changed = Perturbation(**(perturbation.model_dump() | {name: step}))
        rows.append([float(scale.bits[0]) for scale in perturbed_bits(model, values, pixels, changed)])
        if progress is not None:
            progress(done, len(steps))
    return ScaleCurve(name, np.array(steps, dtype=float), np.array(rows))


@dataclass(frozen=True)
class ScaleDimensionality:
    """Local dimensionality of one factor of an image over noise levels.

    Attributes:
        level, is_base, dimensions: as in `ScaleBits`; for the base, ``n`` counts the pixels in its squares alone.
        ts: noise variances of the pixels, shape ``(T,)``.
        denoising, energy: both estimates in dimensions, shape ``(T,)``.
    """

    level: int
    is_base: bool
    dimensions: int
    ts: np.ndarray
    denoising: np.ndarray
    energy: np.ndarray


def dimensionality_by_scale(
    model: MultiscaleDensity,
    x: Tensor,
    ts: Sequence[float],
    draws: int = 1,
    seed: int = 0,
    progress: Progress | None = None,
) -> list[ScaleDimensionality]:
    """Local dimensionality by scale, see the module's docstring; a backward pass for each scale, noise level and draw.

    Args:
        model: a multi-scale density.
        x: one image as the model reads it, of a size that fits, shape ``(1, C, H, W)``.
        ts: noise variances of the pixels, all positive.
        draws: of the noise, averaged over; coarse scales, of few coefficients, have more.
        seed: of the noise.
        progress: called with (noise levels done, in all), those of all scales together.

    Raises:
        ValueError: channels or size do not fit, or not just one image.
    """
    if len(x) != 1:
        raise ValueError(f"One image is needed, not {len(x)}.")
    x = x.to(model.device)
    steps = model.levels(*x.shape[2:])
    found = []
    for level in range(steps + 1):
        if level < steps:
            coarse, subject = haar(x)
            x = coarse / 2
            energy: EnergyModel = GivenCoarse(model.step(level), x, level, model.t0 / 4**level)
        else:
            energy, subject = model.base, model.squares(x)
        rows, most = [], max(draws, math.ceil(_ENOUGH / subject.numel()))
        for done, t in enumerate(ts, 1):
            estimate = local_dimensionality(energy, subject, [t / 4**level], most, seed)
            rows.append([float(estimate.denoising.sum()), float(estimate.energy.sum())])
            if progress is not None:
                progress(level * len(ts) + done, (steps + 1) * len(ts))
        denoising, slope = np.array(rows).T
        found.append(ScaleDimensionality(level, level == steps, subject.numel(), np.array(ts), denoising, slope))
    return found
