"""A square that is drawn on an image by mouse, touch or keyboard, and kept in the URL."""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

import streamlit as st
from PIL import Image

from explorer.images import Crop
from explorer.webapp.widgets.component import data_url, declare

__all__ = ["Picture", "crop_box", "crop_from_url", "crop_to_url", "has_choice"]

_PREVIEW_SIDE = 512
_LONGEST_RATIO = 6
_URL_KEY = "crop"
_STATE_KEY = "crop_box"

_component = declare(
    Path(__file__).parent,
    '<div class="frame"><img alt="" draggable="false"><div class="box" tabindex="0" role="group">'
    + "".join(f'<span class="corner {corner}"></span>' for corner in ("nw", "ne", "sw", "se"))
    + "</div></div>",
)


class Picture(NamedTuple):
    """An image of any size, before a square is cut out of it.

    Attributes:
        image: mode ``L`` or ``RGB``.
        title: its name.
        key: changes with its content.
    """

    image: Image.Image
    title: str
    key: str


def has_choice(width: int, height: int, side: int) -> bool:
    """Whether there is something to choose, on an image that a person can aim at: larger than the model's square of
    `side` pixels, and not a thin strip."""
    shorter, longer = sorted((width, height))
    return shorter >= side and longer > side and longer <= _LONGEST_RATIO * shorter


def crop_box(picture: Picture) -> Crop:
    """Draw the image with its crop, and return the crop. It lives in the URL: a link or a reload brings it back.

    Args:
        picture: at any size.
    """
    crop = crop_from_url(st.query_params.get(_URL_KEY, ""))
    _component(
        key=_STATE_KEY,
        data={
            "image": _preview(picture),
            "width": picture.image.width,
            "height": picture.image.height,
            "crop": [crop.left, crop.top, crop.size],
            "label": "What the model sees. Arrow keys move the square, plus and minus resize it.",
        },
        on_moved_change=_moved,
    )
    return crop


def crop_from_url(text: str) -> Crop:
    """``"left-top-size"`` in thousandths, as `crop_to_url` writes it; the whole image when it is anything else."""
    try:
        left, top, size = (int(part) / 1000 for part in text.split("-"))
        return Crop(left=left, top=top, size=size)
    except ValueError:  # of pydantic too
        return Crop()


def crop_to_url(crop: Crop) -> str:
    """Three whole numbers, thousandths: ``"500-500-1000"`` is the largest square in the middle."""
    return "-".join(str(round(1000 * value)) for value in (crop.left, crop.top, crop.size))


def _moved() -> None:
    moved = st.session_state[_STATE_KEY].moved
    if not (isinstance(moved, list) and len(moved) == 3 and all(_is_finite(value) for value in moved)):
        return
    left, top, size = (min(max(float(value), 0.0), 1.0) for value in moved)
    crop = Crop(left=left, top=top, size=max(size, 0.001))
    if crop_to_url(crop) == crop_to_url(Crop()):
        st.query_params.pop(_URL_KEY, None)
    else:
        st.query_params[_URL_KEY] = crop_to_url(crop)


def _is_finite(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


@st.cache_data(show_spinner=False, max_entries=64, hash_funcs={Picture: lambda picture: picture.key})
def _preview(picture: Picture) -> str:
    """The image as a data address, small enough to travel."""
    small = picture.image.copy()
    small.thumbnail((_PREVIEW_SIDE, _PREVIEW_SIDE), Image.Resampling.BOX, reducing_gap=2.0)
    return data_url(small, "WEBP", quality=80)
