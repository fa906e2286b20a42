"""The last images that were looked at, the newest first; a click shows one again.

The URL has their origins, without the uploads: those are in the session alone, and have their places there.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from explorer.data.offered import list_datasets
from explorer.images import to_pil, to_square
from explorer.webapp.shell.address import kept
from explorer.webapp.shell.crop import bring_crop_back
from explorer.webapp.shell.origin import BETWEEN, Origin, read_origin, write_origin
from explorer.webapp.shell.part_box import bring_part_back
from explorer.webapp.shell.setting_forms import Form, Unfit
from explorer.webapp.shell.sidebar import Selection
from explorer.webapp.shell.subject import Subject, picture_of, prepared_pixels
from explorer.webapp.shell.uploads import upload_of
from explorer.webapp.widgets.image_grid import GridImage, image_grid

__all__ = ["MOST_SEEN", "TRAY", "follow_tray", "show_tray"]

MOST_SEEN = 12

_STATE = "tray"
_SEEN = "tray-seen"
_SMALL = "tray-small"
_SIDE = 64  # pixels of a thumbnail
_CELL = 30  # and of its place on the screen
_GRID = "last_images"
_UNKNOWN = np.full((1, 8, 8), 128, np.uint8)
"""In place of an image that cannot be had at once."""


def _write(seen: Sequence[Origin]) -> str:
    return BETWEEN.join(map(write_origin, seen))


def _read(text: str) -> tuple[Origin, ...]:
    datasets, parts = {info.name for info in list_datasets()}, text.split(BETWEEN)
    seen: dict[Origin, Origin] = {}
    is_complete = True
    for part in parts:
        try:
            origin = read_origin(part, datasets)
        except Unfit:
            is_complete = False
            continue
        if origin.source == "upload":
            is_complete = False
        else:
            seen[origin.uncropped] = origin
    good = tuple(seen.values())[:MOST_SEEN]
    if not is_complete:
        raise Unfit("names images that there are not", good)
    if len(parts) > MOST_SEEN:
        raise Unfit(f"names more than {MOST_SEEN} images", good)
    return good


TRAY: Form[tuple[Origin, ...]] = Form(_read, _write)
"""Images that are no uploads, each once, and at most `MOST_SEEN`."""


def follow_tray(selection: Selection) -> None:
    """Begin again where a click chose another data set, which the sidebar has to know. Before anything is drawn."""
    if st.session_state.get("data", selection.dataset_name) != selection.dataset_name:
        st.rerun()


def show_tray(subject: Subject, selection: Selection) -> None:
    """Draw the images, where there are two or more.

    Args:
        subject: the image of now.
        selection: model and data set.
    """
    state, now, shape = st.session_state, subject.origin, selection.checkpoint.model.image_shape
    seen = _seen_before()
    place = next((place for place, each in enumerate(seen) if each.uncropped == now.uncropped), None)
    if place is None:
        seen, place = [now, *seen][:MOST_SEEN], 0
    else:
        seen[place] = now
    state[_SEEN], state[_STATE] = seen, _in_url(seen)
    small = {**state.get(_SMALL, {}), now.uncropped: _shrunk(subject.pixels)}
    for each in seen:
        if each.uncropped not in small:
            pixels = prepared_pixels(each, shape)
            small[each.uncropped] = _UNKNOWN if pixels is None else _shrunk(pixels)
    state[_SMALL] = {each.uncropped: small[each.uncropped] for each in seen}
    if len(seen) > 1:
        images = [GridImage(small[each.uncropped], "", "", _title(each)) for each in seen]
        image_grid(
            images, _GRID, _CELL, "The last images", current=place, on_opened=lambda chosen: _go_back(seen[chosen])
        )


def _seen_before() -> list[Origin]:
    """What the session has seen; where the URL says something else, that, with the uploads of the session."""
    state = st.session_state
    before: list[Origin] = [
        each for each in state.get(_SEEN, []) if each.source != "upload" or upload_of(each.name) is not None
    ]
    nothing: tuple[Origin, ...] = ()
    kept(_STATE, TRAY, nothing)
    if state[_STATE] == _in_url(before):
        return before
    seen = list(state[_STATE])
    for place, each in enumerate(before):
        if each.source == "upload":
            seen.insert(place, each)
    return seen[:MOST_SEEN]


def _in_url(seen: Sequence[Origin]) -> tuple[Origin, ...]:
    """A single image is what the URL says anyway."""
    return tuple(each for each in seen if each.source != "upload") if len(seen) > 1 else ()


def _title(origin: Origin) -> str:
    """For people."""
    if origin.source == "upload":
        upload = upload_of(origin.name)
        return upload.name if upload else ""
    return f"{origin.name} {origin.item}" if origin.source == "dataset" else origin.name


def _go_back(origin: Origin) -> None:
    """Show an image again; to be called before anything is drawn."""
    state = st.session_state
    state["source"] = origin.source
    if origin.source == "dataset":
        state["data"], state["item"] = origin.name, origin.item
        bring_part_back(origin.part)
        return
    state[{"photograph": "photo"}.get(origin.source, origin.source)] = origin.name
    if origin.source != "synthetic":
        bring_crop_back(picture_of(origin), origin.crop)


def _shrunk(pixels: np.ndarray) -> np.ndarray:
    """At most `_SIDE` pixels a side; uint8 ``(C, H, W)``."""
    side = min(pixels.shape[1], _SIDE)
    return to_square(to_pil(pixels), (pixels.shape[0], side, side))
