"""Where the bits of one image of the data set are, in Atlas: its map of surprise, and how two models differ on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer.data.sources import Split
from explorer.data.store import Store
from explorer.escaping import in_markdown
from explorer.figures.surprise import surprise_limits
from explorer.measures.image.bits import ImageBits
from explorer.models.checkpoints import Checkpoint
from explorer.units import format_number
from explorer.webapp.shell.address import kept, part_kept_in_url
from explorer.webapp.shell.bits_panel import (
    bits_difference,
    bits_map,
    bits_table,
    choose_scale,
    finished,
    share_unit,
)
from explorer.webapp.shell.dataset_images import description, open_in_photograph, open_in_probe
from explorer.webapp.shell.setting_forms import Form, switch, whole_number
from explorer.webapp.shell.surprise_work import surprise_of_pixels
from explorer.webapp.widgets.pixels import show_pixels

__all__ = ["choose_what_a_click_shows", "open_image", "show_bits"]

_ON_CLICK = "click_bits"
_IMAGE = "bits"
"""Names of settings: whether a click shows where the bits are, and the image that is shown."""


def choose_what_a_click_shows(place: DeltaGenerator) -> None:
    """Draw the switch between Probe and the map of surprise."""
    place.toggle(
        "Click for bits",
        key=kept(_ON_CLICK, switch(), False),
        help="A click on an image shows where its bits are, in place of opening it in Probe.",
    )


def open_image(index: int, split: Split, model: Checkpoint) -> None:
    """An image was clicked: leave for its own page, or show its bits when `show_bits` is reached."""
    if model.reads_any_size:
        open_in_photograph(index, split)
    if not st.session_state.get(_ON_CLICK):
        open_in_probe(index, split)
    st.session_state[_IMAGE] = index


def show_bits(images: Store, split: Split, models: Sequence[Checkpoint]) -> None:
    """Show where the bits of an image are, over the page, until it is closed.

    Args:
        images, split: the data set, and which part of it that is.
        models: one, or two that read images of the same shape.
    """
    indices: Form[Any] = whole_number(0, len(images) - 1)
    kept(_IMAGE, indices, None)
    index: int | None = st.session_state[_IMAGE]
    if index is not None:
        title = in_markdown(f"Where the bits are: {description(images, index)}")
        st.dialog(title, width="large", on_dismiss=_close)(_dialog)(images, split, models, index)


def _close() -> None:
    st.session_state[_IMAGE] = None


@part_kept_in_url("bits")
def _dialog(images: Store, split: Split, models: Sequence[Checkpoint], index: int) -> None:
    row = st.container(horizontal=True, vertical_alignment="bottom", gap="medium")
    with row:
        scale = choose_scale(models[0])
        if st.button("Open in Probe", icon=":material/frame_inspect:"):
            open_in_probe(index, split)
    pixels = np.array(images.pixels[index])
    cells = st.grid(len(models) + 2, min_column_width=250)
    image, *others = (cells.cell() for _ in range(len(models) + 2))
    with image:
        show_pixels(pixels, "The image")
    with others[0]:
        found = finished([surprise_of_pixels(model, pixels) for model in models], "bits_seen")
    if not found:
        return
    with others[0]:
        limits = surprise_limits(*(bits.pixels for bits in found))
        bits_map(found[0], scale, "bits_map", f"Bits of each pixel by {models[0].name}", limits)
    if len(found) == 1:
        with others[1]:
            bits_table(found[0])
            st.caption(
                "A second model under **Compare with** shows where the two disagree about this image; it must read "
                "images of the same size."
            )
    else:
        _show_second(found, [model.name for model in models], scale, others[1:], limits)


def _show_second(
    found: Sequence[ImageBits],
    names: Sequence[str],
    scale: int | None,
    places: Sequence[DeltaGenerator],
    limits: tuple[float, float],
) -> None:
    first, second = found
    if not np.array_equal(first.psnr, second.psnr):
        if scale is not None:
            st.info(in_markdown(f"{names[1]} has other noise scales than {names[0]}: for it, all scales are shown."))
        scale = None
    with places[0]:
        bits_map(second, scale, "bits_map_second", f"By {names[1]}", limits)
    difference = first.at(scale) - second.at(scale)
    with places[1]:
        bits_difference(difference, "bits_difference", f"{names[0]} minus {names[1]}")
    total = float(difference.sum())
    better, worse = (names[1], names[0]) if total > 0 else (names[0], names[1])
    st.markdown(
        in_markdown(
            f"{better} needs {abs(total):,.0f} bits less than {worse} "
            f"({format_number(abs(total) / first.dimensions, '.2f')} {share_unit(first)}). "
            f"In the difference, blue pixels cost less by {names[0]} and orange ones by {names[1]}."
        )
    )
    for place, name, bits in zip(st.columns(2, gap="large"), names, found, strict=True):
        with place:
            bits_table(bits, f"Code length by {name}")
