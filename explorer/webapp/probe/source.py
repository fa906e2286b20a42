"""Where Probe's image comes from: a photograph, an upload, the data set, or a formula. The choice is in the URL."""

from __future__ import annotations

import hashlib
import random
from typing import NamedTuple

import numpy as np
import streamlit as st

from explorer.data.builtin import PHOTOGRAPHS, photograph_path
from explorer.decoding import SUFFIXES
from explorer.errors import ExplorerError
from explorer.escaping import in_markdown
from explorer.images import SYNTHETIC, ImageShape, read_image, to_square
from explorer.webapp.shell.loaders import store
from explorer.webapp.shell.sidebar import Selection
from explorer.webapp.widgets.crop_box import Picture, crop_box, has_choice

__all__ = ["Subject", "choose_image", "choose_source"]

_FIRST_PHOTOGRAPH = "china"
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
    return st.segmented_control(
        "Source of the image",
        _SOURCES,
        default=_SOURCES[0],
        required=True,
        key="source",
        bind="query-params",
        label_visibility="collapsed",
        on_change=_forget_crop,
    )


def choose_image(source: str, selection: Selection) -> Subject:
    """Draw the choice of an image from a source, and return the one that is chosen.

    Raises:
        ExplorerError: the data set cannot be opened.
    """
    shape = selection.checkpoint.model.image_shape
    if source == "dataset":
        return _from_dataset(selection)
    if source == "synthetic":
        name = st.selectbox("Synthetic image", list(SYNTHETIC), key="synthetic", bind="query-params")
        return Subject(SYNTHETIC[name](shape), name)
    picture = (_uploaded() if source == "upload" else None) or _photograph(source == "photograph")
    return Subject(_cut(picture, shape), picture.title)


def _forget_crop() -> None:
    """A crop belongs to the image that it was drawn on."""
    st.query_params.pop("crop", None)


def _cut(picture: Picture, shape: ImageShape) -> np.ndarray:
    image = picture.image
    if not has_choice(image.width, image.height, shape[1]):
        return to_square(image, shape)
    return to_square(image, shape, crop_box(picture))


def _photograph(choose: bool) -> Picture:
    name = _FIRST_PHOTOGRAPH
    if choose:
        names = list(PHOTOGRAPHS)
        name = st.selectbox(
            "Photograph",
            names,
            index=names.index(name),
            key="photo",
            bind="query-params",
            on_change=_forget_crop,
        )
    return _read_photograph(name)


@st.cache_resource(show_spinner=False, max_entries=len(PHOTOGRAPHS))
def _read_photograph(name: str) -> Picture:
    data = photograph_path(name).read_bytes()
    return Picture(read_image(data, f"The photograph {name!r}"), name, _digest(data))


def _uploaded() -> Picture | None:
    """The last upload that could be read, until it is removed; it stays when the page is left, and when the next upload
    is damaged."""
    file = st.file_uploader(
        "Image file",
        type=[suffix.removeprefix(".") for suffix in SUFFIXES],
        key="upload_file",
        on_change=_read_upload,
        label_visibility="collapsed",
    )
    problem = st.session_state.get("upload_problem")
    picture = st.session_state.get("upload_picture")
    if problem:
        st.error(in_markdown(problem), icon=":material/broken_image:")
    uploaded = f"Uploaded: {picture.title}" if picture else "Until an image is uploaded, this photograph is used."
    st.caption(in_markdown(uploaded))
    if picture and file is None:  # the page was left: the uploader has forgotten the file, and offers no cross
        st.button("Remove", icon=":material/close:", on_click=_remove_upload)
    return picture


def _read_upload() -> None:
    """Keep the picture, or the sentence that says why there is none beside the picture before; of no file, nothing."""
    st.session_state.upload_problem = None
    file = st.session_state.upload_file
    if file is None:
        _remove_upload()
        return
    data = file.getvalue()
    try:
        picture = Picture(read_image(data, f"The file {file.name}"), file.name, _digest(data))
    except ExplorerError as error:
        st.session_state.upload_problem = str(error)
        return
    st.session_state.upload_picture = picture
    _forget_crop()


def _remove_upload() -> None:
    st.session_state.upload_picture = None
    _forget_crop()


def _from_dataset(selection: Selection) -> Subject:
    images = store(selection.dataset, selection.checkpoint.model.image_shape, selection.split)
    last = len(images) - 1
    if st.session_state.get("item", 0) > last:
        st.session_state.item = last
    index, shuffle = st.columns([3, 1], vertical_alignment="bottom")
    shuffle.button(
        "", icon=":material/shuffle:", help="A random image of the data set", on_click=_pick_item, args=(last,)
    )
    with index:
        item = st.number_input(f"Image, 0 to {last:,}", 0, last, 0, step=1, key="item", bind="query-params")
    name, label = images.names[item], images.label_name(item)
    st.caption(in_markdown(name if label in name else f"{name} · label {label}"))
    return Subject(np.array(images.pixels[item]), f"{images.name} {item}")


def _pick_item(last: int) -> None:
    st.session_state.item = random.randint(0, last)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]
