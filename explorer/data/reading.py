"""What every source of images looks like to the code that makes a store of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from explorer.data.store import Sample
from explorer.decoding import read_image
from explorer.errors import ExplorerError
from explorer.images import ImageShape, to_square

__all__ = ["ImageSet", "decode"]


@dataclass(frozen=True)
class ImageSet:
    """Images that can be read by number, in increasing order, at a size that is chosen on reading.

    Attributes:
        title: what people call it.
        count: how many there are, the unreadable ones included.
        read: ``read(numbers, image_shape)`` yields one `Sample` for each number; the numbers increase.
        label_names: name of each label.
        is_split: True when the source itself says which images are for training and which for validation, and these are
            only those that were asked for.
    """

    title: str
    count: int
    read: Callable[[Sequence[int], ImageShape], Iterator[Sample]]
    label_names: tuple[str, ...] = ()
    is_split: bool = False


def decode(data: bytes | None, label: int, name: str, image_shape: ImageShape) -> Sample:
    """The bytes of an image file as a sample; without pixels when they cannot be read."""
    try:
        return Sample(to_square(read_image(data or b"", name), image_shape), label, name)
    except ExplorerError:
        return Sample(None, label, name)
