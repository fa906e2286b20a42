"""The bits of one image, pixel by pixel and noise scale by noise scale: its map of surprise in the units of a page.

The noise levels of `explorer.measures.image.surprise` are about 6 dB apart, a factor of 4 in variance and 2 in standard
deviation. A value about which nothing is known has ``e_i = 1`` and costs ``1/2 log2 4`` = 1 bit at each of them: the
scales are the bit planes of an image, and where the denoiser knows the value a plane costs nothing.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import torch

from explorer.images import Values
from explorer.measures.image.surprise import Surprise, surprise_steps
from explorer.measures.shared.noise import NOISE_SEED
from explorer.measures.shared.noise_levels import log_spaced
from explorer.models.base import EnergyModel
from explorer.units import psnr_from_noise_variance

__all__ = ["ImageBits", "image_bits_steps", "scale_levels"]

_DRAWS = 4
_OCTAVE = 20 * math.log10(2)  # dB


@dataclass(frozen=True)
class ImageBits:
    """Where the bits of an image are. All in bits, with cells of the model's levels.

    Attributes:
        psnr: noise levels in dB, decreasing, shape ``(K,)``.
        pixels: code length of each pixel, summed over channels, shape ``(H, W)``.
        by_scale: what each noise level adds to it, shape ``(K, H, W)``.
        floor: of all values, what is there without any noise level: `pixels` and `by_scale` differ by it.
        energy: the code length as the energy tells it, the mean over the same noisy images.
        draw_error: standard error of `total` from the draws of noise.
        grid_error: error of `total` from the spacing of the noise levels.
        value_error: standard error of the bits of a single value, root mean square over the image.
        dimensions: ``d``.
    """

    psnr: np.ndarray
    pixels: np.ndarray
    by_scale: np.ndarray
    floor: float
    energy: float
    draw_error: float
    grid_error: float
    value_error: float
    dimensions: int

    @property
    def total(self) -> float:
        """The code length as the denoising error tells it: the sum of the map."""
        return float(self.pixels.sum())

    @property
    def scales(self) -> np.ndarray:
        """Bits of the whole image from each noise level, shape ``(K,)``; with `floor` they add up to `total`."""
        bits: np.ndarray = self.by_scale.sum((1, 2))
        return bits

    def at(self, scale: int | None) -> np.ndarray:
        """Bits of each pixel from one noise level, by its place in `psnr`, or from all; shape ``(H, W)``."""
        bits: np.ndarray = self.pixels if scale is None else self.by_scale[scale]
        return bits

    @property
    def most(self) -> float:
        """What a pixel costs at one noise level when nothing is known about it: about a bit for each channel."""
        channels = self.dimensions // self.pixels.size
        return float(channels * abs(self.psnr[0] - self.psnr[1]) / _OCTAVE)


def scale_levels(model: EnergyModel) -> np.ndarray:
    """The noise levels of `ImageBits` in dB, decreasing, shape ``(K,)``; they follow from the model's range alone."""
    octaves = 10 * math.log10(model.t_max / model.t_low) / _OCTAVE
    ts = log_spaced(model.t_low, model.t_max, 2 * max(1, round(octaves / 2)) + 1)
    return np.asarray(psnr_from_noise_variance(np.array(ts)))


def image_bits_steps(
    model: EnergyModel, values: Values, x: np.ndarray, draws: int = _DRAWS, batch_size: int | None = None
) -> Generator[float, None, ImageBits]:
    """The bits of one image, a batch of the model at a time: yields the share that is done, and returns them.

    Each draw of the noise has its own dequantization.

    Args:
        model: an energy model.
        values: its value convention.
        x: the image in the model's values, before dequantization, float32 ``(C, H, W)``.
        draws: of the noise at each level.
        batch_size: noisy images at once; what fits into memory when None.
    """
    shape = model.image_shape
    dithers = torch.stack([values.dither(shape, seed) for seed in range(draws)])
    found = yield from surprise_steps(
        model,
        (torch.from_numpy(x) + dithers)[None],
        model.t_low,
        model.t_max,
        levels=len(scale_levels(model)),
        seed=NOISE_SEED,
        batch_size=batch_size,
    )
    return _in_bits(found, values.levels, model.dimensions)


def _in_bits(found: Surprise, levels: int, dimensions: int) -> ImageBits:
    bit = math.log(2)
    cells = dimensions * math.log2(levels)
    return ImageBits(
        psnr=np.asarray(psnr_from_noise_variance(found.ts.numpy())),
        pixels=found.pixel_bits(levels)[0].double().numpy(),
        by_scale=found.pixel_bits_by_level()[0].double().numpy(),
        floor=dimensions * found.floor / bit + cells,
        energy=float(found.energy[0]) / bit + cells,
        draw_error=float(found.draw_error[0]) / bit,
        grid_error=float(found.grid_error[0]) / bit,
        value_error=float(found.value_error[0]) / bit,
        dimensions=dimensions,
    )
