"""Splits: which images of a source are wanted for training, for validation, or for both.

A source that says which images are for training and which for validation is believed, see `explorer.data.parts`. Of any
other, a tenth is for validation: the images whose numbers have the smallest SHA-256. Sets of fewer than
`SMALLEST_SPLIT` images are not split: both parts hold all of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Literal

import numpy as np

from explorer.data.parts import Division
from explorer.data.reading import ImageSet

__all__ = ["SMALLEST_SPLIT", "Split", "choose"]

Split = Literal["train", "validation", "all"]

SMALLEST_SPLIT = 50


def choose(images: ImageSet, split: Split, limit: int | None) -> tuple[Sequence[int], Division]:
    """The numbers of the images of a split, evenly thinned to the limit, increasing; and how the set is divided."""
    numbers: Sequence[int] = range(images.count)
    division = images.division
    if division is None and images.count < SMALLEST_SPLIT:
        division = Division(train=images.count, validation=images.count, how="shared")
    elif division is None:
        tenth = images.count // 10
        division = Division(train=images.count - tenth, validation=tenth, how="tenth")
        if split != "all":
            digests = b"".join(hashlib.sha256(b"%d" % number).digest() for number in numbers)
            ranked = np.frombuffer(digests, "S32").argsort(kind="stable")
            held_out = np.zeros(images.count, bool)
            held_out[ranked[:tenth]] = True
            numbers = np.flatnonzero(held_out == (split == "validation")).tolist()
    if limit is not None and limit < len(numbers):
        numbers = [numbers[i * len(numbers) // limit] for i in range(limit)]
    return numbers, division
