"""The last images that were looked at, the newest first; a click shows one again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from explorer.data.offered import list_datasets
from explorer.data.sources import Split
from explorer.images import SYNTHETIC, to_pil, to_square
from explorer.webapp.probe.seen import MOST_SEEN, Seen, seen_form
from explorer.webapp.shell.address import kept
from explorer.webapp.shell.crop import bring_crop_back, crop_of
from explorer.webapp.shell.loaders import known_store
from explorer.webapp.shell.part_box import bring_part_back
from explorer.webapp.shell.photographs import FIRST_PHOTOGRAPH, photograph
from explorer.webapp.shell.sidebar import Selection
from explorer.webapp.shell.upload import kept_title, show_again
from explorer.webapp.widgets.image_grid import GridImage, image_grid

__all__ = ["follow_tray", "show_tray"]

_STATE = "tray"
_SEEN = "tray-seen"
_SMALL = "tray-small"
_SIDE = 64  # pixels of a thumbnail
_CELL = 30  # and of its place on the screen
_GRID = "last_images"
_UNKNOWN = np.full((1, 8, 8), 128, np.uint8)
"""In place of an image of a data set that is not prepared for the model yet."""


def follow_tray(selection: Selection) -> None:
    """Begin again where a click chose another data set, which the sidebar has to know. Before anything is drawn."""
    if st.session_state.get("data", selection.dataset_name) != selection.dataset_name:
        st.rerun()


def show_tray(source: str, pixels: np.ndarray, selection: Selection, split: Split) -> None:
    """Draw the images, where there are two or more.

    Args:
        source, split: where the image of now is from.
        pixels: that image, uint8 ``(C, H, W)``.
        selection: model and data set.
    """
    state = st.session_state
    seen, now = _seen_before(selection), _seen_now(source, selection, split)
    place = next((place for place, each in enumerate(seen) if each.image == now.image), None)
    if place is None:
        seen, place = [now, *seen][:MOST_SEEN], 0
    else:
        seen[place] = now
    state[_SEEN], state[_STATE] = seen, _in_url(seen)
    small = {**state.get(_SMALL, {}), now.image: _shrunk(pixels)}
    state[_SMALL] = {
        each.image: small[each.image] if each.image in small else _thumbnail(each, selection) for each in seen
    }
    if len(seen) > 1:
        images = [GridImage(state[_SMALL][each.image], "", "", _title(each) or "") for each in seen]
        image_grid(
            images, _GRID, _CELL, "The last images", current=place, on_opened=lambda chosen: _go_back(seen[chosen])
        )


def _seen_before(selection: Selection) -> list[Seen]:
    """What the session has seen; where the URL says something else, that, with the uploads of the session."""
    state = st.session_state
    before: list[Seen] = [each for each in state.get(_SEEN, []) if _title(each) is not None]
    names = {selection.dataset_name, *(each.data for each in before)}
    if _STATE not in state:  # the URL may say it
        names.update(info.name for info in list_datasets())
    nothing: tuple[Seen, ...] = ()
    kept(_STATE, seen_form(names), nothing)
    if state[_STATE] == _in_url(before):
        return before
    seen = list(state[_STATE])
    for place, each in enumerate(before):
        if each.source == "upload":
            seen.insert(place, each)
    return seen[:MOST_SEEN]


def _in_url(seen: Sequence[Seen]) -> tuple[Seen, ...]:
    """A single image is what the URL says anyway."""
    return tuple(each for each in seen if each.source != "upload") if len(seen) > 1 else ()


def _seen_now(source: str, selection: Selection, split: Split) -> Seen:
    state = st.session_state
    if source == "dataset":
        return Seen(source, str(state["item"]), split, selection.dataset_name)
    if source == "synthetic":
        return Seen(source, state["synthetic"])
    picture = state.get("upload_picture") if source == "upload" else None
    if picture is not None:
        return Seen(source, picture.key.partition(" ")[0])
    name = state["photo"] if source == "photograph" else FIRST_PHOTOGRAPH
    return Seen("photograph", name, crop=crop_of(photograph(name)))


def _title(seen: Seen) -> str | None:
    """For people; None for an upload that is kept no more."""
    if seen.source == "upload":
        return kept_title(seen.name)
    return f"{seen.data} {seen.name}" if seen.source == "dataset" else seen.name


def _go_back(seen: Seen) -> None:
    """Show an image again; to be called before anything is drawn."""
    state = st.session_state
    state["source"] = seen.source
    match seen.source:
        case "photograph":
            state["photo"] = seen.name
            bring_crop_back(photograph(seen.name), seen.crop)
        case "synthetic":
            state["synthetic"] = seen.name
        case "upload":
            show_again(seen.name)
        case _:
            state["data"], state["item"] = seen.data, int(seen.name)
            bring_part_back(seen.part)


def _thumbnail(seen: Seen, selection: Selection) -> np.ndarray:
    """Of an image that the URL names; nothing is prepared for it."""
    shape = selection.checkpoint.model.image_shape
    if seen.source == "photograph":
        return _shrunk(to_square(photograph(seen.name).image, shape, seen.crop))
    if seen.source == "synthetic":
        return _shrunk(SYNTHETIC[seen.name](shape))
    spec = next((info.spec for info in list_datasets() if info.name == seen.data), None)
    images = None if spec is None else known_store(spec, shape, seen.part)
    number = int(seen.name)
    return _UNKNOWN if images is None or number >= len(images) else _shrunk(images.pixels[number])


def _shrunk(pixels: np.ndarray) -> np.ndarray:
    """At most `_SIDE` pixels a side; uint8 ``(C, H, W)``."""
    side = min(pixels.shape[1], _SIDE)
    return to_square(to_pil(pixels), (pixels.shape[0], side, side))
