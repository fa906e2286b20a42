"""Where an image comes from, so that it can be found again at another size or by a URL."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from explorer.data.offered import list_datasets
from explorer.data.sources import Split
from explorer.errors import ExplorerError
from explorer.images import SYNTHETIC, Crop, ImageShape, to_square
from explorer.webapp.shell.loaders import store
from explorer.webapp.shell.photographs import photograph
from explorer.webapp.widgets.crop_box import Picture

__all__ = ["SOURCES", "Origin", "Source", "Subject", "subject_of"]

Source = Literal["photograph", "upload", "dataset", "synthetic"]
SOURCES: tuple[Source, ...] = ("photograph", "upload", "dataset", "synthetic")


class Origin(NamedTuple):
    """Of an image.

    Attributes:
        source: what kind of thing it comes from.
        name: of the photograph, the data set or the formula; of an upload the digest of its content.
        crop: what is cut out of a photograph or an upload.
        part: of the data set.
        item: place in that part.
    """

    source: Source
    name: str
    crop: Crop = Crop()
    part: Split = "all"
    item: int = 0


class Subject(NamedTuple):
    """The image that is looked at.

    Attributes:
        pixels: at the model's size, uint8 ``(C, H, W)``.
        title: what it is, for people.
        origin: where it comes from.
        upload: the picture that it was cut out of, where that cannot be had again.
    """

    pixels: np.ndarray
    title: str
    origin: Origin
    upload: Picture | None = None


def subject_of(origin: Origin, shape: ImageShape, upload: Picture | None = None) -> Subject:
    """The image at a model's size.

    Args:
        origin: where it comes from.
        shape: ``(C, H, W)`` of the model.
        upload: the picture, where the origin is one.

    Raises:
        ExplorerError: the data set has gone, cannot be opened, or has no such image.
    """
    if origin.source == "synthetic":
        return Subject(SYNTHETIC[origin.name](shape), origin.name, origin)
    if origin.source == "dataset":
        return _item(origin, shape)
    picture = upload or photograph(origin.name)
    return Subject(to_square(picture.image, shape, origin.crop), picture.title, origin, upload)


def _item(origin: Origin, shape: ImageShape) -> Subject:
    specs = {info.name: info.spec for info in list_datasets()}
    if origin.name not in specs:
        raise ExplorerError(f"There is no data set {origin.name} any more. Choose another image.")
    images = store(specs[origin.name], shape, origin.part)
    if origin.item >= len(images):
        raise ExplorerError(
            f"There is no image {origin.item:,} in this part of {origin.name}, which has {len(images):,}. "
            "Choose another image."
        )
    return Subject(np.array(images.pixels[origin.item]), f"{images.name} {origin.item}", origin)
