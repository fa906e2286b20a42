"""The square that is cut out of a picture. It is in the URL, and each picture of a visit has its own."""

from __future__ import annotations

import streamlit as st

from explorer.images import Crop
from explorer.webapp.shell.address import kept
from explorer.webapp.shell.setting_forms import Form, Unfit
from explorer.webapp.widgets.crop_box import Picture, crop_box

__all__ = ["CROP", "bring_crop_back", "chosen_crop"]

_STATE = "crop"
_OF = "crop-of"
_DRAWN = "crops"


def _read(text: str) -> Crop:
    try:
        left, top, size = (int(part) / 1000 for part in text.split("-"))
        return Crop(left=left, top=top, size=size)
    except ValueError:  # of pydantic too
        raise Unfit("is no square of the image") from None


def _write(crop: Crop) -> str:
    return "-".join(str(round(1000 * value)) for value in (crop.left, crop.top, crop.size))


CROP = Form(_read, _write)
"""Left, top and size as in `Crop`, in thousandths: ``"500-500-1000"`` is the largest square in the middle."""


def chosen_crop(picture: Picture) -> Crop:
    """Draw the picture with its crop, and return the crop."""
    state, of, drawn = st.session_state, _key(picture), _drawn()
    if state.get(_OF, of) != of and _STATE in state:
        state[_STATE] = drawn.get(of, Crop())
    kept(_STATE, CROP, Crop())
    state[_OF] = of
    crop: Crop = state[_STATE]
    drawn[of] = crop
    crop_box(picture, crop, _move)
    return crop


def bring_crop_back(picture: Picture, crop: Crop) -> None:
    """Show a picture with a crop next; before it is drawn."""
    _drawn()[_key(picture)] = st.session_state[_STATE] = crop
    st.session_state[_OF] = _key(picture)


def _drawn() -> dict[str, Crop]:
    drawn: dict[str, Crop] = st.session_state.setdefault(_DRAWN, {})
    return drawn


def _key(picture: Picture) -> str:
    """The same file on another scale has the same crop."""
    return picture.key.partition(" ")[0]


def _move(crop: Crop) -> None:
    st.session_state[_STATE] = CROP.read(CROP.write(crop))
