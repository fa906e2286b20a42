"""Data sets that are drawn from the families of `explorer.data.synthetic`: 20,000 images for training, 1,000 for
validation.

- *disks*: a disk on a plane background, a manifold of five dimensions;
- *c-alpha*: two regular regions with a regular contour, of regularity alpha = 1, 2, 3 and 4 in turn: that is the label.

An image follows from its number and its part alone. In color all channels are equal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Literal

import numpy as np
import torch

from explorer.data.parts import Division
from explorer.data.reading import ImageSet
from explorer.data.store import Sample
from explorer.data.synthetic import CAlpha, Disks
from explorer.data.views import CENTRAL, Views
from explorer.images import ImageShape

__all__ = ["c_alpha", "disks"]

Part = Literal["train", "validation"]

_COUNTS: dict[Part, int] = {"train": 20_000, "validation": 1_000}
_FIRST: dict[Part, int] = {"train": 0, "validation": 10**9}
"""Seed of the first image of a part."""

_ALPHAS = (1, 2, 3, 4)


def disks(split: str) -> ImageSet:
    """Disks; `split` is ``"train"``, ``"validation"``, or ``"all"`` for one after the other."""
    return _drawn("Disks", split, lambda _number, size: (Disks(size), -1))


def c_alpha(split: str) -> ImageSet:
    """Two regular regions with a regular contour, of regularity 1 to 4; `split` as for `disks`."""

    def family(number: int, size: int) -> tuple[CAlpha, int]:
        label = number % len(_ALPHAS)
        return CAlpha(size, _ALPHAS[label]), label

    return _drawn("C-alpha", split, family, tuple(f"alpha = {alpha}" for alpha in _ALPHAS))


def _drawn(
    title: str, split: str, family: Callable[[int, int], tuple[CAlpha | Disks, int]], label_names: tuple[str, ...] = ()
) -> ImageSet:
    """Images of a family that is chosen, with the label, by the number of the image and its size."""
    parts: list[Part] = ["train", "validation"] if split == "all" else ["train" if split == "train" else "validation"]
    numbers = [(_FIRST[part], number) for part in parts for number in range(_COUNTS[part])]

    def read(wanted: Sequence[int], image_shape: ImageShape, _views: Views = CENTRAL) -> Iterator[Sample]:
        for index in wanted:
            first, number = numbers[index]
            drawn_from, label = family(number, image_shape[1])
            image = drawn_from.sample(1, torch.Generator().manual_seed(first + number))[0, 0]
            plane = np.rint(255 * image.numpy()).astype(np.uint8)
            yield Sample(np.broadcast_to(plane, image_shape), label, str(index))

    return ImageSet(title, len(numbers), read, label_names, Division(**_COUNTS))
