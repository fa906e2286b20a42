"""Which photograph is looked at, at which size, and what is cut out of it. The choice is in the URL."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import streamlit as st

from explorer.images import Crop, ImageShape, to_square
from explorer.models.checkpoints import Checkpoint
from explorer.webapp.shell.address import kept
from explorer.webapp.shell.crop import chosen_crop
from explorer.webapp.shell.photographs import FIRST_PHOTOGRAPH, choose_photograph, photograph
from explorer.webapp.shell.setting_forms import one_of
from explorer.webapp.shell.upload import bring_upload_back, uploaded
from explorer.webapp.shell.uploads import uploaded_picture
from explorer.webapp.widgets.crop_box import Picture, has_choice

__all__ = ["Subject", "choose_side", "choose_source", "choose_subject"]

_SOURCES = ("photograph", "upload")
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
        key=kept("source", one_of(_SOURCES), _SOURCES[0]),
        on_change=bring_upload_back,
        label_visibility="collapsed",
    )
    return chosen or _SOURCES[0]


def choose_side(density: Checkpoint) -> int:
    """Draw the choice of the size, in pixels a side, among those that the model scores whole."""
    base = density.multiscale.base.image_shape[1]
    sides = [side for side in _SIDES if side % base == 0 and (side // base).bit_count() == 1] or [8 * base]
    chosen = st.segmented_control(
        "Size",
        sides,
        required=True,
        format_func=lambda side: f"{side} × {side}",
        key=kept("side", one_of(sides), 256 if 256 in sides else sides[0]),
    )
    return int(chosen or sides[0])


def choose_subject(source: str, density: Checkpoint, side: int) -> Subject:
    """Draw the choice of a photograph from a source and its crop, and return it at a size."""
    picture = _chosen_picture(source)
    width, height = picture.image.size
    crop = chosen_crop(picture) if has_choice(width, height, side) else Crop()
    left, _, right, _ = crop.box(width, height)
    shape: ImageShape = (density.multiscale.base.image_shape[0], side, side)
    shrunk = (right - left) / side
    st.caption(f"{width:,} × {height:,} pixels, of which a square of {right - left:,} is {_how(shrunk)}.")
    return Subject(to_square(picture.image, shape, crop), picture, crop)


def _chosen_picture(source: str) -> Picture:
    """The photograph or the upload; the first photograph while there is no upload."""
    if source == "photograph":
        return photograph(choose_photograph())
    upload = uploaded()
    return (uploaded_picture(upload) if upload is not None else None) or photograph(FIRST_PHOTOGRAPH)


def _how(shrunk: float) -> str:
    if shrunk < 1:
        return f"enlarged {1 / shrunk:.1f} times: smoother than a photograph of this size, and so more probable"
    if shrunk < _ENOUGH:
        return f"shrunk {shrunk:.1f} times; what its file lost may show: traces of JPEG make it less alike the training"
    return f"shrunk {shrunk:.1f} times"
