"""An image that is kept as a reference, with what was done to it. The pin is in the URL, an upload in the session.

In the URL it is ``photo.china.300-500-900~contrast_0.5``: where the image comes from (`explorer.webapp.shell.origin`),
then what was done to it where that is not the default.
"""

from __future__ import annotations

from typing import NamedTuple

import streamlit as st

from explorer.data.offered import list_datasets
from explorer.webapp.probe.changes import FORMS, UNCHANGED, Changes, changes_of, settings_of
from explorer.webapp.shell.address import kept
from explorer.webapp.shell.origin import BETWEEN, Origin, read_origin, write_origin
from explorer.webapp.shell.setting_forms import Form, Unfit
from explorer.webapp.shell.subject import Subject
from explorer.webapp.shell.upload import UNKNOWN_UPLOAD
from explorer.webapp.shell.uploads import upload_of

__all__ = ["PIN", "Pin", "chosen_pin", "pin_button", "unpin_button"]

_STATE = "pin"
_OF = "_"


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


def _pin(subject: Subject, changes: Changes) -> None:
    st.session_state[_STATE] = PIN.read(PIN.write(Pin(subject.origin, changes)))  # with numbers as the URL says them


def _unpin() -> None:
    st.session_state[_STATE] = None


def _write(pin: Pin) -> str:
    settings, neutral = settings_of(pin.changes), settings_of(UNCHANGED)
    changed = [name for name in FORMS if settings[name] != neutral[name]]
    parts = [f"{name}{_OF}{FORMS[name].write(settings[name])}" for name in changed]
    return BETWEEN.join([write_origin(pin.origin), *parts])


def _read(text: str) -> Pin:
    first, *parts = text.split(BETWEEN)
    try:
        origin = read_origin(first, {info.name for info in list_datasets()})
        settings = {name: FORMS[name].read(value) for name, _, value in (part.partition(_OF) for part in parts)}
    except (KeyError, Unfit) as error:
        raise Unfit("is no image that can be pinned") from error
    if origin.source == "upload" and upload_of(origin.name) is None:
        raise Unfit(UNKNOWN_UPLOAD)
    return Pin(origin, changes_of(settings))


PIN: Form[Pin | None] = Form(_read, lambda pin: "" if pin is None else _write(pin))
"""A pin as the URL says it."""
