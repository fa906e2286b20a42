"""An image that is kept as a reference, with what was done to it. The pin is in the URL, an upload in the session.

In the URL it is ``photograph~china~crop_300-500-900~contrast_0.5``: where the image comes from, then its crop and what
was done to it where that is not the default. Of a data set it is ``dataset~photos~validation~17``, of an upload
``upload~`` and the digest of the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, get_args
from urllib.parse import unquote

import streamlit as st

from explorer.data.builtin import PHOTOGRAPHS
from explorer.data.offered import list_datasets
from explorer.data.sources import Split
from explorer.images import SYNTHETIC, Crop, ImageShape
from explorer.webapp.probe.changes import FORMS, UNCHANGED, Changes, changes_of, settings_of
from explorer.webapp.probe.origin import SOURCES, Origin, Source, Subject, subject_of
from explorer.webapp.shell.address import kept
from explorer.webapp.shell.crop import CROP
from explorer.webapp.shell.photographs import digest
from explorer.webapp.shell.setting_forms import Form, Unfit, one_of, whole_number
from explorer.webapp.widgets.crop_box import Picture

__all__ = ["PIN", "Pin", "chosen_pin", "pin_button", "pinned_subject", "unpin_button"]

_STATE = "pin"
_UPLOAD = "pin-upload"
_BETWEEN, _OF = "~", "_"
_LARGEST_ITEM = 10**9


class Pin(NamedTuple):
    """What is pinned: an image, and what was done to it."""

    origin: Origin
    changes: Changes


def chosen_pin() -> Pin | None:
    """What the URL pins, if anything."""
    kept(_STATE, PIN, None)
    pin: Pin | None = st.session_state[_STATE]
    return pin


def pin_button(subject: Subject, changes: Changes) -> None:
    """Draw the button that pins the present image, as it is now."""
    st.button(
        "Pin",
        key="pin_button",
        icon=":material/push_pin:",
        on_click=_pin,
        args=(subject, changes),
        help="Keep this image, with what was done to it, beside those that you look at next.",
    )


def unpin_button() -> None:
    """Draw the button that gives up the pinned image."""
    st.button("Unpin", key="unpin_button", icon=":material/close:", on_click=_unpin)


def pinned_subject(pin: Pin, shape: ImageShape) -> Subject:
    """The pinned image at the size of a model.

    Raises:
        ExplorerError: it is of a data set that has gone or cannot be opened.
    """
    return subject_of(pin.origin, shape, _uploaded(pin.origin))


def _pin(subject: Subject, changes: Changes) -> None:
    origin = subject.origin
    if subject.upload is not None:
        st.session_state[_UPLOAD] = subject.upload
        origin = origin._replace(name=_name(subject.upload))
    st.session_state[_STATE] = PIN.read(PIN.write(Pin(origin, changes)))  # a crop as the URL says it


def _unpin() -> None:
    st.session_state[_STATE] = None


def _uploaded(origin: Origin) -> Picture | None:
    """The upload that an origin names, if this session has it."""
    picture: Picture | None = st.session_state.get(_UPLOAD)
    return picture if origin.source == "upload" and picture and _name(picture) == origin.name else None


def _name(upload: Picture) -> str:
    return digest(upload.key.encode())


def _write(pin: Pin) -> str:
    origin, settings, neutral = pin.origin, settings_of(pin.changes), settings_of(UNCHANGED)
    name = origin.name.replace("%", "%25").replace(_BETWEEN, "%7E")
    parts = [origin.source, name]
    if origin.source == "dataset":
        parts += [origin.part, str(origin.item)]
    if origin.crop != Crop():
        parts.append(f"crop{_OF}{CROP.write(origin.crop)}")
    changed = [name for name in FORMS if settings[name] != neutral[name]]
    parts += [f"{name}{_OF}{FORMS[name].write(settings[name])}" for name in changed]
    return _BETWEEN.join(parts)


def _read(text: str) -> Pin:
    parts = text.split(_BETWEEN)
    try:
        source = _one_of(SOURCES, parts.pop(0))
        origin = _origin(source, parts)
        settings: dict[str, Any] = {}
        for name, _, value in (part.partition(_OF) for part in parts):
            if name == "crop":
                origin = origin._replace(crop=CROP.read(value))
            else:
                settings[name] = FORMS[name].read(value)
    except (IndexError, KeyError, Unfit) as error:
        raise Unfit("is no image that can be pinned") from error
    if source == "upload" and _uploaded(origin) is None:
        raise Unfit("is an upload that this visit does not have")
    return Pin(origin, changes_of(settings))


def _origin(source: Source, parts: list[str]) -> Origin:
    """The origin of the first parts, which are taken away."""
    name = unquote(parts.pop(0))
    if source == "photograph":
        return Origin(source, _one_of(list(PHOTOGRAPHS), name))
    if source == "synthetic":
        return Origin(source, _one_of(list(SYNTHETIC), name))
    if source == "upload":
        return Origin(source, name)
    part: Split = _one_of(get_args(Split), parts.pop(0))
    item = whole_number(0, _LARGEST_ITEM).read(parts.pop(0))
    return Origin(source, _one_of([info.name for info in list_datasets()], name), part=part, item=item)


def _one_of(options: Sequence[Any], text: str) -> Any:
    return one_of(options).read(text)


PIN: Form[Pin | None] = Form(_read, lambda pin: "" if pin is None else _write(pin))
"""A pin as the URL says it."""
