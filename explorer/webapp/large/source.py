"""Which photograph is looked at, at which size, and what is cut out of it. The choice is in the URL."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import streamlit as st

from explorer.data.sources import Split
from explorer.images import Crop, ImageShape, to_pil, to_square
from explorer.models.checkpoints import Checkpoint
from explorer.webapp.shell.address import kept
from explorer.webapp.shell.crop import chosen_crop
from explorer.webapp.shell.dataset_item import choose_item
from explorer.webapp.shell.loaders import store
from explorer.webapp.shell.part_box import choose_part
from explorer.webapp.shell.photographs import FIRST_PHOTOGRAPH, choose_photograph, photograph
from explorer.webapp.shell.setting_forms import one_of
from explorer.webapp.shell.sidebar import Selection
from explorer.webapp.shell.upload import bring_upload_back, uploaded
from explorer.webapp.shell.uploads import digest, uploaded_picture
from explorer.webapp.widgets.crop_box import Picture, has_choice

__all__ = ["Subject", "choose_side", "choose_source", "choose_subject"]

_SOURCES = ("photograph", "upload", "dataset")
_SIDES = (128, 256, 512)
_ENOUGH = 2.0  # times that a photograph is shrunk, so that little is left of the grid of its JPEG file


class Subject(NamedTuple):
    """The photograph.

    Attributes:
        pixels: uint8 ``(C, S, S)``.
        picture: that it was cut out of.
        crop: of the picture.
    """

    pixels: np.ndarray
    picture: Picture
    crop: Crop


def choose_source() -> str:
    """Draw the choice of where the photograph comes from."""
    chosen = st.segmented_control(
        "Source of the photograph",
        _SOURCES,
        required=True,
        format_func=lambda source: "data set" if source == "dataset" else source,
        key=kept("source", one_of(_SOURCES), _SOURCES[0]),
        on_change=bring_upload_back,
        label_visibility="collapsed",
    )
    return chosen or _SOURCES[0]


def choose_side(density: Checkpoint) -> int:
    """Draw the choice of the size, in pixels a side, among those that the model scores whole; its own at first."""
    base, own = density.multiscale.base.image_shape[1], density.model.image_shape[1]
    whole = [side for side in (*_SIDES, own) if side % base == 0 and (side // base).bit_count() == 1]
    sides = sorted({*(whole or [8 * base])})
    chosen = st.segmented_control(
        "Size",
        sides,
        required=True,
        format_func=lambda side: f"{side} × {side}",
        key=kept("side", one_of(sides), own if own in sides else sides[-1]),
    )
    return int(chosen or sides[0])


def choose_subject(source: str, selection: Selection, density: Checkpoint, side: int) -> Subject:
    """Draw the choice of a photograph from a source and its crop, and return it at a size.

    Raises:
        ExplorerError: the data set cannot be opened.
    """
    picture = _of_dataset(selection, density) if source == "dataset" else _chosen_picture(source)
    width, height = picture.image.size
    # A picture that is enlarged keeps its crop too: another size is another look at the same square.
    crop = chosen_crop(picture) if has_choice(width, height, min(side, width, height)) else Crop()
    left, _, right, _ = crop.box(width, height)
    shape: ImageShape = (density.multiscale.base.image_shape[0], side, side)
    if width == height == side:
        st.caption(f"{width:,} × {height:,} pixels, as they are.")
    else:
        shrunk = (right - left) / side
        st.caption(f"{width:,} × {height:,} pixels, of which a square of {right - left:,} is {_how(shrunk)}.")
    return Subject(to_square(picture.image, shape, crop), picture, crop)


def _chosen_picture(source: str) -> Picture:
    """The photograph or the upload; the first photograph while there is no upload."""
    if source == "photograph":
        return photograph(choose_photograph())
    upload = uploaded()
    return (uploaded_picture(upload) if upload is not None else None) or photograph(FIRST_PHOTOGRAPH)


def _of_dataset(selection: Selection, density: Checkpoint) -> Picture:
    """An image of the sidebar's data set at the model's own size, as Atlas shows it."""
    split: Split = choose_part(st.container(), selection.dataset, density.config.dataset)
    images = store(selection.dataset, density.model.image_shape, split)
    item = choose_item(images)
    pixels = np.array(images.pixels[item])
    return Picture(to_pil(pixels), f"{images.name} {item}", digest(pixels.tobytes()))


def _how(shrunk: float) -> str:
    if shrunk < 1:
        return f"enlarged {1 / shrunk:.1f} times: smoother than a photograph of this size, and so more probable"
    if shrunk == 1:
        return "taken as it is"
    if shrunk < _ENOUGH:
        return f"shrunk {shrunk:.1f} times; what its file lost may show: traces of JPEG make it less alike the training"
    return f"shrunk {shrunk:.1f} times"
