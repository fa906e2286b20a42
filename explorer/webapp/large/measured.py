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

__all__ = ["Look", "Measured", "codec_bits", "look"]

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
        total: np.ndarray = np.sum(
            [each.repeat(side // len(each), 0).repeat(side // len(each), 1) for each in maps], axis=0
        )
        return total

    @property
    def _squares(self) -> int:
        """Pixels of the photograph, whatever its channels."""
        first = self.scales[0]
        return int(first.local[0].size) * first.pixels**2


class Look(NamedTuple):
    """A photograph before and after a perturbation.

    Attributes:
        pixels: before, uint8 ``(C, S, S)``.
        x: after, in the model's values before dequantization, ``(C, S, S)``.
        rounded: after, as a file holds it: 8 bits, clipped, uint8 ``(C, S, S)``.
        original: the bits before.
        now: the bits after.
        coded: the bits of `rounded`, which are those that codecs compare with.
    """

    pixels: np.ndarray
    x: np.ndarray
    rounded: np.ndarray
    original: Measured
    now: Measured
    coded: Measured


def look(checkpoint: Checkpoint, pixels: np.ndarray, perturbation: Perturbation) -> Look:
    """Measure a photograph, uint8 ``(C, S, S)``, and what a perturbation makes of it."""
    neutral = Perturbation()
    x, rounded = _perturbed(checkpoint, pixels, perturbation)
    original, now = (_measured(checkpoint, pixels, each) for each in (neutral, perturbation))
    coded = now if perturbation == neutral else _measured(checkpoint, rounded, neutral)
    return Look(pixels, x, rounded, original, now, coded)


@_cached
def _measured(checkpoint: Checkpoint, pixels: np.ndarray, perturbation: Perturbation) -> Measured:
    values = checkpoint.values
    return Measured(infer(perturbed_bits, checkpoint.multiscale, values, pixels, perturbation), values.levels)


@_cached
def _perturbed(checkpoint: Checkpoint, pixels: np.ndarray, perturbation: Perturbation) -> tuple[np.ndarray, np.ndarray]:
    values = checkpoint.values
    x = perturb(values.centers(torch.from_numpy(pixels)[None]), perturbation, values)[0]
    return x.numpy(), values.to_pixels(x).numpy()


@_cached
def codec_bits(pixels: np.ndarray) -> dict[str, int]:
    """Sizes in bits that lossless codecs reach on uint8 ``(C, H, W)``."""
    return lossless_bits(pixels)
