"""What the page measures of a photograph at once, cached by content: the model, the pixels, the perturbation."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import streamlit as st
import torch

from explorer.figures.scales import Scale
from explorer.measures.image.codecs import lossless_bits
from explorer.measures.image.scales import ScaleBits, perturbed_bits
from explorer.models.checkpoints import Checkpoint
from explorer.perturbations import Perturbation, perturb
from explorer.webapp.shell.loaders import infer

__all__ = ["Measured", "codec_bits", "measured", "perturbed_values"]

_cached = st.cache_data(
    show_spinner=False, max_entries=100, hash_funcs={Checkpoint: lambda checkpoint: checkpoint.fingerprint}
)


class Measured(NamedTuple):
    """A photograph under a model.

    Attributes:
        scales: bits of each factor, from the finest details to the base.
        levels: number of cells of a value.
    """

    scales: list[ScaleBits]
    levels: int

    @property
    def dimensions(self) -> int:
        """``d``, the number of pixel values."""
        return sum(scale.dimensions for scale in self.scales)

    @property
    def bits(self) -> dict[Scale, float]:
        """Of each scale."""
        return {(scale.level, scale.is_base): float(scale.bits[0]) for scale in self.scales}

    @property
    def total(self) -> float:
        """The code length in bits."""
        return sum(self.bits.values())

    @property
    def log_prob(self) -> float:
        """log p of the whole in nats."""
        return (self.dimensions * math.log2(self.levels) - self.total) * math.log(2)

    def map(self, level: int | None) -> np.ndarray:
        """Bits a pixel value of the details of a level at each of their positions, or of all scales.

        Args:
            level: of the details; all scales when None, at the positions of the finest.

        Returns:
            Shape ``(h, w)``.
        """
        pixels = self.dimensions / self._squares
        if level is not None:
            scale = self.scales[level]
            density: np.ndarray = scale.local[0] / (scale.pixels**2 * pixels)
            return density
        maps = [self.map(place) for place in range(len(self.scales))]
        side = maps[0].shape[0]
        total: np.ndarray = sum(each.repeat(side // len(each), 0).repeat(side // len(each), 1) for each in maps)
        return total

    @property
    def _squares(self) -> int:
        """Pixels of the photograph, whatever its channels."""
        first = self.scales[0]
        return int(first.local[0].size) * first.pixels**2


@_cached
def measured(checkpoint: Checkpoint, pixels: np.ndarray, perturbation: Perturbation) -> Measured:
    """Bits by scale of uint8 ``(C, H, W)``, perturbed."""
    values = checkpoint.values
    return Measured(infer(perturbed_bits, checkpoint.multiscale, values, pixels, perturbation), values.levels)


@_cached
def perturbed_values(checkpoint: Checkpoint, pixels: np.ndarray, perturbation: Perturbation) -> np.ndarray:
    """The perturbed photograph in the model's values before dequantization, ``(C, H, W)``."""
    values = checkpoint.values
    x: np.ndarray = perturb(values.centers(torch.from_numpy(pixels)[None]), perturbation, values)[0].numpy()
    return x


@_cached
def codec_bits(pixels: np.ndarray) -> dict[str, int]:
    """Sizes in bits that lossless codecs reach on uint8 ``(C, H, W)``."""
    return lossless_bits(pixels)
