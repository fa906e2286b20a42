"""Where Probe's image comes from: a photograph, an upload, the data set, or a formula. The choice is in the URL."""

from __future__ import annotations

import random
from typing import NamedTuple

import streamlit as st

from explorer.data.builtin import PHOTOGRAPHS
from explorer.data.sources import Split
from explorer.decoding import decode_image
from explorer.errors import ExplorerError
from explorer.escaping import in_markdown
from explorer.images import SYNTHETIC, Crop, ImageShape
from explorer.scales import Scale, UnknownScale
from explorer.webapp.probe.crop import chosen_crop
from explorer.webapp.probe.origin import SOURCES, Origin, Source, Subject, digest, photograph, subject_of
from explorer.webapp.shell.address import kept
from explorer.webapp.shell.left_out import tell_left_out
from explorer.webapp.shell.loaders import store
from explorer.webapp.shell.setting_forms import one_of, whole_number
from explorer.webapp.shell.sidebar import Selection
from explorer.webapp.widgets.crop_box import Picture, has_choice

__all__ = ["choose_image", "choose_source"]

_FIRST_PHOTOGRAPH = "china"


def choose_source() -> Source:
    """Draw the choice of where the image comes from."""
    chosen = st.segmented_control(
        "Source of the image",
        SOURCES,
        required=True,
        key=kept("source", one_of(SOURCES), SOURCES[0]),
        label_visibility="collapsed",
    )
    return chosen or SOURCES[0]


def choose_image(source: Source, selection: Selection, split: Split) -> Subject:
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
        return subject_of(Origin(source, name), shape)
    upload = _uploaded() if source == "upload" else None
    if upload is not None:
        return subject_of(Origin("upload", upload.title, _crop(upload, shape)), shape, upload)
    picture = _photograph(source == "photograph")
    return subject_of(Origin("photograph", picture.title, _crop(picture, shape)), shape)


def _crop(picture: Picture, shape: ImageShape) -> Crop:
    has_any = has_choice(picture.image.width, picture.image.height, shape[1])
    return chosen_crop(picture) if has_any else Crop()


def _photograph(choose: bool) -> Picture:
    name = _FIRST_PHOTOGRAPH
    if choose:
        names = list(PHOTOGRAPHS)
        name = st.selectbox("Photograph", names, key=kept("photo", one_of(names), name))
    return photograph(name)


def _uploaded() -> Picture | None:
    """The last upload that could be read, until it is removed; it stays when the page is left, and when the next upload
    is damaged."""
    file = st.file_uploader(
        "Image file",
        key="upload_file",
        on_change=_read_upload,
        label_visibility="collapsed",
    )
    wide = st.session_state.get("upload_wide")
    if wide is not None:
        _draw_scale(wide)
    problem = st.session_state.get("upload_problem")
    picture = st.session_state.get("upload_picture")
    if problem:
        st.error(in_markdown(problem), icon=":material/broken_image:")
    uploaded = f"Uploaded: {picture.title}" if picture else "Until an image is uploaded, this photograph is used."
    st.caption(in_markdown(uploaded))
    if picture and st.session_state.get("upload_note"):
        st.caption(in_markdown(st.session_state.upload_note))
    if picture and file is None:  # the page was left: the uploader has forgotten the file, and offers no cross
        st.button("Remove", icon=":material/close:", on_click=_remove_upload)
    return picture


class _Wide(NamedTuple):
    """An upload of other than 8 bits: its values can be read on another scale."""

    name: str
    data: bytes
    scale: Scale | None

    def key(self, what: str) -> str:
        """Of a box for this upload."""
        return f"upload_{what}_{digest(self.data)}"


def _draw_scale(wide: _Wide) -> None:
    """Let the user say which values of the upload are black and white."""
    for column, what, value in zip(
        st.columns(2),
        ("Black", "White"),
        (0.0, None) if wide.scale is None else (wide.scale.black, wide.scale.white),
        strict=True,
    ):
        column.number_input(
            what,
            value=value,
            format="%g",
            key=wide.key(what),
            placeholder="choose",
            help="The value of the file that is shown so; all others are in proportion.",
            on_change=_choose_scale,
            args=(wide,),
        )


def _choose_scale(wide: _Wide) -> None:
    """Read an upload on the scale of its boxes, unless another file has come in its place, or they say nothing new."""
    black, white = (st.session_state[wide.key(what)] for what in ("Black", "White"))
    if st.session_state.get("upload_wide") != wide or white is None:
        return
    try:
        scale = Scale(black or 0.0, white)
    except ExplorerError as error:
        st.session_state.upload_problem = str(error)
        return
    if scale != wide.scale:
        _read(wide.name, wide.data, scale)


def _read_upload() -> None:
    """Keep the picture, or the sentence that says why there is none beside the picture before; of no file, nothing."""
    file = st.session_state.upload_file
    st.session_state.upload_problem = None
    if file is None:
        _remove_upload()
    else:
        _read(file.name, file.getvalue())


def _read(name: str, data: bytes, scale: Scale | None = None) -> None:
    state = st.session_state
    state.upload_problem = None
    try:
        found = decode_image(data, f"The file {name}", scale)
    except ExplorerError as error:
        state.upload_problem = str(error)
        state.upload_wide = _Wide(name, data, None) if isinstance(error, UnknownScale) else None
        return
    state.upload_wide = found.reading and _Wide(name, data, found.reading.scale)
    state.upload_note = (
        f"{found.reading or ''} {found.left_out and f'Not used of this file: {found.left_out}.'}".strip()
    )
    state.upload_picture = Picture(found.image, name, f"{digest(data)} {scale}")


def _remove_upload() -> None:
    state = st.session_state
    state.upload_picture = state.upload_wide = state.upload_note = None


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
    origin = Origin("dataset", selection.dataset_name, part=split, item=item)
    return subject_of(origin, selection.checkpoint.model.image_shape)


def _pick_item(last: int) -> None:
    st.session_state.item = random.randint(0, last)
