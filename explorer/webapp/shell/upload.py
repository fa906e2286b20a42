"""A picture that the visitor uploads. It lives in the session alone, and all pages of a visit show the same."""

from __future__ import annotations

from typing import NamedTuple

import streamlit as st

from explorer.decoding import decode_image
from explorer.errors import ExplorerError
from explorer.escaping import in_markdown
from explorer.scales import Scale, UnknownScale
from explorer.webapp.shell.photographs import digest
from explorer.webapp.widgets.crop_box import Picture

__all__ = ["uploaded"]


def uploaded() -> Picture | None:
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
