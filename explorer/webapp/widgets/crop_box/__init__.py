"""A square that is drawn on an image by mouse, touch or keyboard."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import streamlit as st
from PIL import Image

from explorer.images import Crop
from explorer.webapp.widgets.component import data_url, declare

__all__ = ["Picture", "crop_box", "has_choice"]

_PREVIEW_SIDE = 512
_LONGEST_RATIO = 6
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


def crop_box(picture: Picture, crop: Crop, on_move: Callable[[Crop], None]) -> None:
    """Draw the image with its crop.

    Args:
        picture: at any size.
        crop: of it.
        on_move: is told where the square was moved.
    """
    _component(
        key=_STATE_KEY,
        data={
            "image": _preview(picture),
            "width": picture.image.width,
            "height": picture.image.height,
            "crop": [crop.left, crop.top, crop.size],
            "label": "What the model sees. Arrow keys move the square, plus and minus resize it.",
        },
        on_moved_change=lambda: _moved(on_move),
    )


def _moved(on_move: Callable[[Crop], None]) -> None:
    moved = st.session_state[_STATE_KEY].moved
    if not (isinstance(moved, list) and len(moved) == 3 and all(_is_finite(value) for value in moved)):
        return
    left, top, size = (min(max(float(value), 0.0), 1.0) for value in moved)
    on_move(Crop(left=left, top=top, size=max(size, 0.001)))


def _is_finite(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


@st.cache_data(show_spinner=False, max_entries=64, hash_funcs={Picture: lambda picture: picture.key})
def _preview(picture: Picture) -> str:
    """The image as a data address, small enough to travel."""
    small = picture.image.copy()
    small.thumbnail((_PREVIEW_SIDE, _PREVIEW_SIDE), Image.Resampling.BOX, reducing_gap=2.0)
    return data_url(small, "WEBP", quality=80)
