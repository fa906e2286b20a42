"""Where a training step gets its clean images: 8-bit pixels of a data set, or a law that never runs out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from explorer.images import Values

__all__ = ["ImageSource", "Law", "LawSource", "PixelSource"]


class ImageSource(Protocol):
    """Clean images in a model's values, float32 ``(count, C, H, W)`` on the CPU, from the generator alone."""

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """Independent images for a training step."""

    def statistics(self, most: int, generator: torch.Generator) -> Tensor:
        """Images for the mean and the variances of the model, at most `most`."""


@dataclass(frozen=True)
class PixelSource:
    """Images of a data set, dequantized anew each time.

    Attributes:
        pixels: uint8, shape ``(N, C, H, W)``; a memory map is read a batch at a time.
        values: how 8-bit pixels become values in [0, 1].
        flip: mirror images left to right at random.
    """

    pixels: np.ndarray
    values: Values
    flip: bool = False

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """Images drawn with replacement."""
        chosen = torch.randint(len(self.pixels), (count,), generator=generator).numpy()
        pixels = torch.from_numpy(np.array(self.pixels[chosen]))
        if self.flip:
            mirrored = torch.rand(count, generator=generator) < 0.5
            pixels = torch.where(mirrored.view(-1, 1, 1, 1), pixels.flip(3), pixels)
        return self.values.dequantized(pixels, generator)

    def statistics(self, most: int, generator: torch.Generator) -> Tensor:
        """Different images, all of them where `most` allows."""
        count = min(len(self.pixels), most)
        chosen = torch.randperm(len(self.pixels), generator=generator)[:count].sort().values.numpy()
        return self.values.dequantized(torch.from_numpy(np.array(self.pixels[chosen])), generator)


class Law(Protocol):
    """A law that one can draw from, such as `explorer.models.analytic.Gaussian`."""

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """`count` independent images, shape ``(count, C, H, W)``."""


@dataclass(frozen=True)
class LawSource:
    """Fresh images of a law at each step: a model cannot memorize them."""

    law: Law

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """Independent images."""
        return self.law.sample(count, generator)

    def statistics(self, most: int, generator: torch.Generator) -> Tensor:
        """`most` independent images, but no more than 50,000."""
        return self.law.sample(min(most, 50_000), generator)
