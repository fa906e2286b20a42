"""Where a training step gets its clean images: 8-bit pixels of a data set, or an analytic distribution."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from explorer.images import Values

__all__ = ["Distribution", "DistributionSource", "ImageSource", "MixedSource", "PixelSource", "rows_of_part"]


_SHARE_OF_MEMORY = 0.2


class ImageSource(Protocol):
    """Clean images in a model's values, float32 ``(count, C, H, W)``, decided by the generator alone, on its device."""

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """Independent images for a training step, `count` of them, or more where these are small."""

    def statistics(self, most: int, generator: torch.Generator) -> Tensor:
        """Images for the mean and the variances of the model, at most `most`."""


@dataclass(frozen=True, eq=False)
class PixelSource:
    """Images of a data set, dequantized anew each time.

    Attributes:
        pixels: uint8, shape ``(N, C, H, W)``; a memory map is read a batch at a time.
        values: how 8-bit pixels become values in [0, 1].
        flip: mirror images left to right at random.
        rows: numbers of the images to draw from; all when None.
    """

    pixels: np.ndarray
    values: Values
    flip: bool = False
    rows: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.pixels) if self.rows is None else len(self.rows)

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """Images drawn with replacement."""
        place = generator.device
        pixels = self._pixels_of(torch.randint(len(self), (count,), generator=generator, device=place))
        if self.flip:
            mirrored = torch.rand(count, generator=generator, device=place) < 0.5
            pixels = torch.where(mirrored.view(-1, 1, 1, 1), pixels.flip(3), pixels)
        return self.values.dequantized(pixels, generator)

    def statistics(self, most: int, generator: torch.Generator) -> Tensor:
        """Different images, all of them where `most` allows."""
        chosen = torch.randperm(len(self), generator=generator, device=generator.device)[:most].sort().values
        return self.values.dequantized(self._pixels_of(chosen), generator)

    def _pixels_of(self, numbers: Tensor) -> Tensor:
        """The images with these numbers, on the device of the numbers: a GPU keeps all images if it has the memory."""
        if (
            numbers.device.type == "cuda"
            and self._bytes < torch.cuda.mem_get_info(numbers.device)[1] * _SHARE_OF_MEMORY
        ):
            return self._on_gpu(numbers.device)[numbers]
        chosen = numbers.cpu().numpy() if self.rows is None else self.rows[numbers.cpu().numpy()]
        return torch.from_numpy(np.array(self.pixels[chosen])).to(numbers.device)

    @property
    def _bytes(self) -> int:
        return len(self) * math.prod(self.pixels.shape[1:])

    @cache  # noqa: B019 (a source lives as long as its training)
    def _on_gpu(self, device: torch.device) -> Tensor:
        chosen = self.pixels if self.rows is None else self.pixels[self.rows]
        return torch.from_numpy(np.array(chosen)).to(device)


@dataclass(frozen=True, eq=False)
class MixedSource:
    """Two sources in one: the same share of every step from the second.

    Attributes:
        main: most of the images, and those for statistics.
        other: images of the same shape.
        share: of the images of a step that are of `other`, rounded to whole images.
    """

    main: ImageSource
    other: ImageSource
    share: float

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """Independent images, those of `main` first."""
        others = round(count * self.share)
        return torch.cat((self.main.sample(count - others, generator), self.other.sample(others, generator)))

    def statistics(self, most: int, generator: torch.Generator) -> Tensor:
        """Images of `main`."""
        return self.main.statistics(most, generator)


def rows_of_part(images: int, views: int, part: int, parts: int, pictures: int | None) -> np.ndarray:
    """Numbers of the images that a run on one part of a data set draws from.

    Pictures are divided, so that runs on different parts share none: of ``images // views`` pictures, those with a
    number of `part` modulo `parts`, and evenly spaced ones of these if they are more than `pictures`.

    Args:
        images: in the store, `views` in a row of each picture.
        part, parts, pictures: see `explorer.training.config.TrainingConfig`.
    """
    chosen = np.arange(part, images // views, parts)
    if pictures is not None and pictures < len(chosen):
        chosen = chosen[np.arange(pictures) * len(chosen) // pictures]
    return (chosen[:, None] * views + np.arange(views)).ravel()


class Distribution(Protocol):
    """A distribution that one can draw from, such as `explorer.models.analytic.Gaussian`."""

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """`count` independent images, shape ``(count, C, H, W)``."""


@dataclass(frozen=True)
class DistributionSource:
    """Fresh images of a distribution at each step: a model cannot memorize them."""

    distribution: Distribution

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """Independent images."""
        return self.distribution.sample(count, _on_cpu(generator)).to(generator.device)

    def statistics(self, most: int, generator: torch.Generator) -> Tensor:
        """`most` independent images, but no more than 50,000."""
        return self.distribution.sample(min(most, 50_000), _on_cpu(generator)).to(generator.device)


def _on_cpu(generator: torch.Generator) -> torch.Generator:
    """A generator on the CPU, where distributions draw; the same one if it is there already."""
    if generator.device.type == "cpu":
        return generator
    return torch.Generator().manual_seed(generator.initial_seed())
