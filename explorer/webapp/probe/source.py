"""Where Probe's image comes from: a photograph, an upload, the data set, or a formula. The choice is in the URL."""

from __future__ import annotations

import random
from typing import NamedTuple

import numpy as np
import streamlit as st

from explorer.data.builtin import PHOTOGRAPHS, photograph_path
from explorer.data.sources import Split
from explorer.escaping import in_markdown
from explorer.images import SYNTHETIC, ImageShape, read_image, to_square
from explorer.webapp.probe.crop import chosen_crop
from explorer.webapp.probe.upload import digest, uploaded
from explorer.webapp.shell.address import kept
from explorer.webapp.shell.left_out import tell_left_out
from explorer.webapp.shell.loaders import store
from explorer.webapp.shell.setting_forms import one_of, whole_number
from explorer.webapp.shell.sidebar import Selection
from explorer.webapp.widgets.crop_box import Picture, has_choice

__all__ = ["FIRST_PHOTOGRAPH", "Subject", "choose_image", "choose_source", "read_photograph"]

FIRST_PHOTOGRAPH = "china"
_SOURCES = ("photograph", "upload", "dataset", "synthetic")


class Subject(NamedTuple):
    """The image that is looked at.

    Attributes:
        pixels: at the model's size, uint8 ``(C, H, W)``.
        title: what it is, for people.
    """

    pixels: np.ndarray
    title: str


def choose_source() -> str:
    """Draw the choice of where the image comes from."""
    chosen = st.segmented_control(
        "Source of the image",
        _SOURCES,
        required=True,
        key=kept("source", one_of(_SOURCES), _SOURCES[0]),
        label_visibility="collapsed",
    )
    return chosen or _SOURCES[0]


def choose_image(source: str, selection: Selection, split: Split) -> Subject:
    """Draw the choice of an image from a source, and return the one that is chosen.

    Args:
        source: from `choose_source`.
        selection: model and data set.
        split: the part of the data set, where that is the source.

    Raises:
        ExplorerError: the data set cannot be opened.
    """
    shape = selection.checkpoint.model.image_shape
    if source == "dataset":
        return _from_dataset(selection, split)
    if source == "synthetic":
        names = list(SYNTHETIC)
        name = st.selectbox("Synthetic image", names, key=kept("synthetic", one_of(names), names[0]))
        return Subject(SYNTHETIC[name](shape), name)
    picture = (uploaded() if source == "upload" else None) or _photograph(source == "photograph")
    return Subject(_cut(picture, shape), picture.title)


def _cut(picture: Picture, shape: ImageShape) -> np.ndarray:
    image = picture.image
    if not has_choice(image.width, image.height, shape[1]):
        return to_square(image, shape)
    return to_square(image, shape, chosen_crop(picture))


def _photograph(choose: bool) -> Picture:
    name = FIRST_PHOTOGRAPH
    if choose:
        names = list(PHOTOGRAPHS)
        name = st.selectbox("Photograph", names, key=kept("photo", one_of(names), name))
    return read_photograph(name)


@st.cache_resource(show_spinner=False, max_entries=len(PHOTOGRAPHS))
def read_photograph(name: str) -> Picture:
    """One of the photographs that are included, at its own size."""
    data = photograph_path(name).read_bytes()
    return Picture(read_image(data, f"The photograph {name!r}"), name, digest(data))


def _from_dataset(selection: Selection, split: Split) -> Subject:
    images = store(selection.dataset, selection.checkpoint.model.image_shape, split)
    last = len(images) - 1
    index, shuffle = st.columns([3, 1], vertical_alignment="bottom")
    shuffle.button(
        "", icon=":material/shuffle:", help="A random image of the data set", on_click=_pick_item, args=(last,)
    )
    with index:
        item = st.number_input(f"Image, 0 to {last:,}", 0, last, step=1, key=kept("item", whole_number(0, last), 0))
    name, label = images.names[item], images.label_name(item)
    st.caption(in_markdown(name if label in name else f"{name} · label {label}"))
    tell_left_out(images)
    return Subject(np.array(images.pixels[item]), f"{images.name} {item}")


def _pick_item(last: int) -> None:
    st.session_state.item = random.randint(0, last)
