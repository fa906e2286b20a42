"""Pictures of the visitor: a file that is chosen, dropped or pasted, or a shot of the camera.

They are read like all uploads. The one that is shown is in the URL, by the `digest` of its bytes, and the bytes are in
the session (`explorer.webapp.shell.uploads`). It is shown until it is removed; it stays when the page is left, and when
the next one is damaged.
"""

from __future__ import annotations

import streamlit as st

from explorer.decoding import too_many_bytes, too_many_pixels
from explorer.errors import ExplorerError
from explorer.escaping import in_markdown
from explorer.scales import Scale, UnknownScale
from explorer.webapp.shell.address import kept
from explorer.webapp.shell.setting_forms import Form, Unfit
from explorer.webapp.shell.uploads import Upload, digest, forget, keep, latest, upload_of
from explorer.webapp.widgets.drop_zone import Dropped

__all__ = ["UNKNOWN_UPLOAD", "bring_upload_back", "take_dropped", "uploaded"]

UNKNOWN_UPLOAD = "is an upload that this visit does not have"

_STATE = "upload"
_CAMERA = "camera"
_TURN = "upload_turn"


def uploaded() -> str | None:
    """Draw the ways to upload, and what became of the last upload; returns the digest of the one that is shown, if
    any."""
    kept(_STATE, _UPLOAD, None)
    state = st.session_state
    shown = upload_of(state[_STATE] or "")
    if state.get(_CAMERA):
        shot = f"upload_shot_{state.get(_TURN, 0)}"
        st.camera_input("Camera", key=shot, on_change=_take_shot, args=(shot,), label_visibility="collapsed")
    else:
        file = f"upload_file_{state.get(_TURN, 0)}"
        with st.container(key="upload_box"):
            st.file_uploader("Image file", key=file, on_change=_take_file, args=(file,), label_visibility="collapsed")
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.toggle("Camera", key=_CAMERA, width="content")
        if shown or state.get("upload_problem"):
            st.button(
                "Remove",
                icon=":material/close:",
                type="tertiary",
                on_click=_remove,
                width="content",
                help="Forget this upload. It leaves the last images, and the pin, too.",
            )
    if state.get(_CAMERA):
        st.caption("No picture? Allow the camera in your browser (it must be at localhost or https), or upload a file.")
    wide: Upload | None = state.get("upload_unscaled") or shown
    if wide and (wide.scale or wide is not shown):
        _draw_scale(wide)
    if problem := state.get("upload_problem"):
        st.error(in_markdown(problem), icon=":material/broken_image:")
    if shown is None:
        st.caption("Until you choose one, this photograph is used.")
        return None
    st.caption(in_markdown(f"Uploaded: {shown.name}"))
    if shown.note:
        st.caption(in_markdown(shown.note))
    return shown.digest


def take_dropped(file: Dropped) -> None:
    """Show a file that was dropped or pasted, or the sentence that says why it is none."""
    state = st.session_state
    state.source = "upload"
    name = file.name or "pasted image"
    if file.data is not None:
        also = "1 more file" if file.others == 1 else f"{file.others:,} more files"
        _take(name, file.data, f"One image at a time: {also} left out." if file.others else "")
    elif file.sides is not None:
        state.upload_problem = str(too_many_pixels(f"The file {name}", *file.sides))
    elif file.size:
        state.upload_problem = str(too_many_bytes(f"The file {name}", file.size))
    else:
        state.upload_problem = f"The file {name} could not be read by the browser. Choose an image file."


def bring_upload_back() -> None:
    """Show the upload of before to who chooses to see uploads; the URL of an earlier view may not have named it."""
    state = st.session_state
    if state.source == "upload" and not state.get(_STATE):
        state[_STATE] = latest()


def _known(text: str) -> str:
    if upload_of(text) is None:
        raise Unfit(UNKNOWN_UPLOAD)
    return text


_UPLOAD: Form[str | None] = Form(_known, lambda name: name or "")


def _take_file(key: str) -> None:
    file = st.session_state[key]
    if file is not None:
        _take(file.name, file.getvalue())


def _take_shot(key: str) -> None:
    shot = st.session_state[key]
    if shot is not None:
        st.session_state[_CAMERA] = False
        _take("camera shot", shot.getvalue())


def _take(name: str, data: bytes, note: str = "") -> None:
    """Read what came, and offer an empty uploader for the next."""
    state = st.session_state
    state[_TURN] = state.get(_TURN, 0) + 1
    _read(Upload(name, data, digest(data), note=note))


def _read(upload: Upload) -> None:
    """Show the picture, or the sentence that says why there is none beside the picture before."""
    state = st.session_state
    state.upload_problem = state.upload_unscaled = None
    try:
        keep(upload)
    except ExplorerError as error:
        state.upload_problem = str(error)
        state.upload_unscaled = upload if isinstance(error, UnknownScale) else None
    else:
        state[_STATE] = upload.digest


def _draw_scale(upload: Upload) -> None:
    """Let the user say which values of the upload are black and white."""
    for column, what, value in zip(
        st.columns(2),
        ("Black", "White"),
        (0.0, None) if upload.scale is None else (upload.scale.black, upload.scale.white),
        strict=True,
    ):
        column.number_input(
            what,
            value=value,
            format="%g",
            key=_box(upload, what),
            placeholder="choose",
            help="The value of the file that is shown so; all others are in proportion.",
            on_change=_choose_scale,
            args=(upload,),
        )


def _choose_scale(upload: Upload) -> None:
    """Read an upload on the scale of its boxes, unless they say nothing new."""
    black, white = (st.session_state[_box(upload, what)] for what in ("Black", "White"))
    if white is None:
        return
    try:
        scale = Scale(black or 0.0, white)
    except ExplorerError as error:
        st.session_state.upload_problem = str(error)
        return
    if scale != upload.scale:
        _read(upload._replace(scale=scale, note=""))


def _box(upload: Upload, what: str) -> str:
    """Key of a box for this upload."""
    return f"upload_{what}_{upload.digest}"


def _remove() -> None:
    """What is shown, and the sentence about what could not be."""
    state = st.session_state
    if name := state.get(_STATE):
        forget(name)
    state[_STATE] = state.upload_problem = state.upload_unscaled = None
