"""Pictures of the visitor: a file that is chosen, dropped or pasted, or a shot of the camera.

They are read like all uploads, and live in the session alone. The last one that could be read is shown until it is
removed; it stays when the page is left, and when the next one is damaged. The bytes of the last `MOST_UPLOADS` are kept
for the way back to them, as long as they are not more than `MOST_BYTES` together.
"""

from __future__ import annotations

from typing import NamedTuple

import streamlit as st

from explorer.decoding import decode_image, too_many_bytes, too_many_pixels
from explorer.errors import ExplorerError
from explorer.escaping import in_markdown
from explorer.scales import Scale, UnknownScale
from explorer.webapp.shell.photographs import digest
from explorer.webapp.widgets.crop_box import Picture
from explorer.webapp.widgets.drop_zone import Dropped

__all__ = ["MOST_BYTES", "MOST_UPLOADS", "kept_title", "show_again", "take_dropped", "uploaded"]

MOST_UPLOADS = 12
MOST_BYTES = 64 * 2**20

_CAMERA = "camera"
_UPLOADS = "uploads"
_TURN = "upload_turn"


class _Upload(NamedTuple):
    """What a visitor gave.

    Attributes:
        name: for people.
        data: the bytes of the file.
        scale: which of its values are black and white, where they have other than 8 bits.
    """

    name: str
    data: bytes
    scale: Scale | None = None

    def key(self, what: str) -> str:
        """Of a box for this upload."""
        return f"upload_{what}_{digest(self.data)}"


def uploaded() -> Picture | None:
    """Draw the ways to upload, and what became of the last upload; returns the picture, if there is one."""
    state = st.session_state
    if state.get(_CAMERA):
        shot = f"upload_shot_{state.get(_TURN, 0)}"
        st.camera_input("Camera", key=shot, on_change=_take_shot, args=(shot,), label_visibility="collapsed")
    else:
        file = f"upload_file_{state.get(_TURN, 0)}"
        st.file_uploader("Image file", key=file, on_change=_take_file, args=(file,), label_visibility="collapsed")
    picture: Picture | None = state.get("upload_picture")
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.toggle("Camera", key=_CAMERA, width="content")
        if picture is not None or state.get("upload_problem"):
            st.button("Remove", icon=":material/close:", type="tertiary", on_click=_remove, width="content")
    if state.get(_CAMERA):
        st.caption("No picture? Allow the camera in your browser (it must be at localhost or https), or upload a file.")
    wide = state.get("upload_wide")
    if wide is not None:
        _draw_scale(wide)
    if problem := state.get("upload_problem"):
        st.error(in_markdown(problem), icon=":material/broken_image:")
    if picture is None:
        st.caption("Or drop or paste an image anywhere on this page. Until then, this photograph is used.")
        return None
    st.caption(in_markdown(f"Uploaded: {picture.title}"))
    if state.get("upload_note"):
        st.caption(in_markdown(state.upload_note))
    return picture


def take_dropped(file: Dropped) -> None:
    """Show a file that was dropped or pasted, or the sentence that says why it is none."""
    state = st.session_state
    state.source = "upload"
    name = file.name or "pasted image"
    if file.data is not None:
        _take(name, file.data)
        if file.others and not state.upload_problem:
            also = "1 more file" if file.others == 1 else f"{file.others:,} more files"
            state.upload_note = f"{state.upload_note} One image at a time: {also} left out.".strip()
    elif file.sides is not None:
        state.upload_problem = str(too_many_pixels(f"The file {name}", *file.sides))
    elif file.size:
        state.upload_problem = str(too_many_bytes(f"The file {name}", file.size))
    else:
        state.upload_problem = f"The file {name} could not be read by the browser. Choose an image file."


def show_again(name: str) -> None:
    """Show an upload that is still kept, by the `digest` of its bytes."""
    upload = _kept().get(name)
    if upload is not None:
        _read(upload)


def kept_title(name: str) -> str | None:
    """What an upload is called, by the `digest` of its bytes; None when it is not kept any more."""
    upload = _kept().get(name)
    return upload and upload.name


def _kept() -> dict[str, _Upload]:
    """Digest -> upload, the latest last."""
    kept: dict[str, _Upload] = st.session_state.setdefault(_UPLOADS, {})
    return kept


def _keep(upload: _Upload) -> None:
    kept, name = _kept(), digest(upload.data)
    kept.pop(name, None)
    kept[name] = upload
    while len(kept) > MOST_UPLOADS or sum(len(each.data) for each in kept.values()) > MOST_BYTES:
        del kept[next(iter(kept))]


def _take_file(key: str) -> None:
    file = st.session_state[key]
    if file is not None:
        _take(file.name, file.getvalue())


def _take_shot(key: str) -> None:
    shot = st.session_state[key]
    if shot is not None:
        st.session_state[_CAMERA] = False
        _take("camera shot", shot.getvalue())


def _take(name: str, data: bytes) -> None:
    """Read what came, and offer an empty uploader for the next."""
    state = st.session_state
    state[_TURN] = state.get(_TURN, 0) + 1
    _read(_Upload(name, data))


def _read(upload: _Upload) -> None:
    """Keep the picture, or the sentence that says why there is none beside the picture before."""
    state = st.session_state
    state.upload_problem = None
    try:
        found = decode_image(upload.data, f"The file {upload.name}", upload.scale)
    except ExplorerError as error:
        state.upload_problem = str(error)
        state.upload_wide = upload if isinstance(error, UnknownScale) else None
        return
    state.upload_wide = found.reading and upload._replace(scale=found.reading.scale)
    state.upload_note = (
        f"{found.reading or ''} {found.left_out and f'Not used of this file: {found.left_out}.'}".strip()
    )
    state.upload_picture = Picture(found.image, upload.name, f"{digest(upload.data)} {upload.scale}")
    _keep(upload)


def _draw_scale(wide: _Upload) -> None:
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


def _choose_scale(wide: _Upload) -> None:
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
        _read(wide._replace(scale=scale))


def _remove() -> None:
    state = st.session_state
    picture = state.get("upload_picture")
    if picture is not None:
        _kept().pop(picture.key.partition(" ")[0], None)
    state.upload_picture = state.upload_wide = state.upload_note = state.upload_problem = None
