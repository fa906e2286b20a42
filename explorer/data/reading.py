"""What every source of images looks like to the code that makes a store of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Protocol

from PIL import Image

from explorer.data.parts import Division
from explorer.data.store import Sample
from explorer.data.views import CENTRAL, Views
from explorer.decoding import decode_image
from explorer.errors import ExplorerError
from explorer.images import ImageShape, to_square
from explorer.scales import UnknownScale

__all__ = ["ImageSet", "Reader", "cut", "decode"]


class Reader(Protocol):
    """Reads the images of a set."""

    def __call__(self, numbers: Sequence[int], image_shape: ImageShape, views: Views = CENTRAL, /) -> Iterator[Sample]:
        """``views.count`` samples for each number, those of one picture together; the numbers increase."""


@dataclass(frozen=True)
class ImageSet:
    """Images that can be read by number, in increasing order, at a size that is chosen on reading.

    Attributes:
        title: what people call it.
        count: how many there are, the unreadable ones included.
        read: see `Reader`.
        label_names: name of each label.
        division: which images are for training and which for validation, when the source itself says it: these are then
            only the requested ones.
        notes: sentences about what was guessed and what was left out, for people.
    """

    title: str
    count: int
    read: Reader
    label_names: tuple[str, ...] = ()
    division: Division | None = None
    notes: tuple[str, ...] = ()


def cut(
    image: Image.Image, label: int, name: str, number: int, image_shape: ImageShape, views: Views, note: str = ""
) -> Iterator[Sample]:
    """The views of one picture of mode ``L`` or ``RGB``, the `number`-th of its set; `note` as in `Sample`."""
    side = image_shape[1]
    small = views.is_too_small(*image.size, side)
    for view, crop in enumerate(views.crops(*image.size, side, number)):
        title = name if views.count == 1 else f"{name}, view {view + 1}"
        yield Sample(to_square(image, image_shape, crop), label, title, small, note)


def decode(
    data: bytes | None, label: int, name: str, number: int, image_shape: ImageShape, views: Views
) -> Iterator[Sample]:
    """The views of a picture from the bytes of its file; samples without pixels when they cannot be read."""
    try:
        found = decode_image(data or b"", name, views.scale)
    except ExplorerError as error:
        note = f"{error.kind}, left out: {error.problem}" if isinstance(error, UnknownScale) else ""
        yield from repeat(Sample(None, label, name, note=note), views.count)
        return
    note = "" if found.reading is None else f"{found.reading.kind}: {found.reading.scale}"
    yield from cut(found.image, label, name, number, image_shape, views, note)
