"""On other photographs: does what a model reaches on its own data set hold on another one?

A density of images must be one on images that nobody trained on. Measured on a second data set, in the same way as on
the first: the NLL from the energy and from the denoising error (`explorer.measures.dataset.nll`), and beside them the
size of JPEG XL files of the same pixels, image by image, the smallest of its efforts
(`explorer.measures.image.codecs`). In bits/dimension the first two become code lengths by adding ``log2(levels)``.

A codec that was made for all images does not know either data set, so it tells how hard the images are. A model that
beats it at home and not abroad, or whose two estimates of the NLL come apart abroad, knows its data set and not images.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field

from explorer.images import Values
from explorer.measures.dataset.nll import negative_log_likelihood
from explorer.measures.image.codecs import lossless_bits
from explorer.measures.shared.noise import noise_generator
from explorer.measures.shared.noise_levels import noise_levels
from explorer.models.base import EnergyModel

__all__ = ["CODEC_IMAGES", "OtherPhotographs", "evenly_spaced", "jpeg_xl_bits", "other_photographs"]

CODEC_IMAGES = 500
"""Images that JPEG XL is given at most: seconds, and a standard error of a hundredth of a bit or so."""


class OtherPhotographs(BaseModel):
    """Means over images.

    Attributes:
        dataset: name of the other images.
        images: how many.
        energy, i_mmse: NLL at ``t0`` of the other images, from the energy and from I-MMSE, in nats an image.
        jpeg_xl: size of a JPEG XL file of one of the other images, in bits.
        own_jpeg_xl: the same of the images that the other checks were made on.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")

    dataset: str
    images: int = Field(ge=1)
    energy: float
    i_mmse: float
    jpeg_xl: float
    own_jpeg_xl: float


def other_photographs(
    model: EnergyModel,
    values: Values,
    pixels: np.ndarray,
    own_pixels: np.ndarray,
    dataset: str,
    ts: Sequence[float],
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> OtherPhotographs:
    """Measure a model on images of another data set, and JPEG XL on both.

    Args:
        model: an energy model.
        values: how it reads 8-bit pixels.
        pixels: the other images, uint8, shape ``(N, C, H, W)``, N at least 2.
        own_pixels: the images that the NLL on the first data set was measured on; JPEG XL gets `CODEC_IMAGES` at most.
        dataset: name of the other images, for the report.
        ts: noise variances, from ``t0`` up to where the data no longer matter.
        seed: of dequantization and noise.
        progress: called with (steps done, steps in all).
    """
    x = values.dequantized(torch.from_numpy(np.array(pixels)), noise_generator(seed + 1))
    nll = negative_log_likelihood(x, noise_levels(model, x, ts, seed, progress))
    return OtherPhotographs(
        dataset=dataset,
        images=len(x),
        energy=nll.energy,
        i_mmse=nll.i_mmse,
        jpeg_xl=jpeg_xl_bits(pixels),
        own_jpeg_xl=jpeg_xl_bits(own_pixels),
    )


def jpeg_xl_bits(pixels: np.ndarray) -> float:
    """Mean size of a lossless JPEG XL file of one image, in bits, over the first `CODEC_IMAGES` images.

    Args:
        pixels: uint8, shape ``(N, C, H, W)``, N at least 1.
    """
    return float(np.mean([lossless_bits(np.asarray(image))["JPEG XL"] for image in pixels[:CODEC_IMAGES]]))


def evenly_spaced(pixels: np.ndarray, count: int) -> np.ndarray:
    """At most `count` images, evenly spaced over the set: neighbors may be parts of one photograph.

    Args:
        pixels: shape ``(N, ...)``; it may be a memory map.
    """
    count = min(count, len(pixels))
    return np.asarray(pixels[np.arange(count) * len(pixels) // max(count, 1)])
