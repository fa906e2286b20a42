"""The image that is looked at, from where it comes from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from explorer.data.offered import list_datasets
from explorer.errors import ExplorerError
from explorer.images import SYNTHETIC, ImageShape, to_square
from explorer.webapp.shell.loaders import known_store, store
from explorer.webapp.shell.origin import Origin
from explorer.webapp.shell.photographs import photograph
from explorer.webapp.shell.uploads import uploaded_picture
from explorer.webapp.widgets.crop_box import Picture

__all__ = ["Subject", "picture_of", "prepared_pixels", "subject_of"]


class Subject(NamedTuple):
    """The image that is looked at.

    Attributes:
        pixels: at the model's size, uint8 ``(C, H, W)``.
        title: what it is, for people.
        origin: where it comes from.
    """

    pixels: np.ndarray
    title: str
    origin: Origin


def subject_of(origin: Origin, shape: ImageShape) -> Subject:
    """The image at a model's size.

    Args:
        origin: where it comes from.
        shape: ``(C, H, W)`` of the model.

    Raises:
        ExplorerError: the data set or the upload has gone, or cannot be opened, or has no such image.
    """
    if origin.source == "synthetic":
        return Subject(SYNTHETIC[origin.name](shape), origin.name, origin)
    if origin.source == "dataset":
        return _item(origin, shape)
    picture = picture_of(origin)
    return Subject(to_square(picture.image, shape, origin.crop), picture.title, origin)


def prepared_pixels(origin: Origin, shape: ImageShape) -> np.ndarray | None:
    """The pixels of `subject_of`, where they cost nothing: None for what has gone, and for an image of a data set that
    was not prepared for the model yet."""
    try:
        if origin.source != "dataset":
            return subject_of(origin, shape).pixels
        images = known_store(_spec(origin.name), shape, origin.part)
    except ExplorerError:
        return None
    return None if images is None or origin.item >= len(images) else np.array(images.pixels[origin.item])


def picture_of(origin: Origin) -> Picture:
    """The photograph or the upload, before its crop is cut out.

    Raises:
        ExplorerError: the upload is kept no more.
    """
    if origin.source == "photograph":
        return photograph(origin.name)
    picture = uploaded_picture(origin.name)
    if picture is None:
        raise ExplorerError("This upload is kept no more. Choose another image.")
    return picture


def _item(origin: Origin, shape: ImageShape) -> Subject:
    images = store(_spec(origin.name), shape, origin.part)
    if origin.item >= len(images):
        raise ExplorerError(
            f"There is no image {origin.item:,} in this part of {origin.name}, which has {len(images):,}. "
            "Choose another image."
        )
    return Subject(np.array(images.pixels[origin.item]), f"{images.name} {origin.item}", origin)


def _spec(name: str) -> str:
    spec = next((info.spec for info in list_datasets() if info.name == name), None)
    if spec is None:
        raise ExplorerError(f"There is no data set {name} any more. Choose another image.")
    return spec
