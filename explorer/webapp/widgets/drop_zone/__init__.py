"""A file that is dropped anywhere on the page, or pasted, as an image from another page or a screenshot is.

What the browser sees to be too large is not sent. Text that is pasted into a field stays text, and a file that is
dropped on a file uploader belongs to that.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import streamlit as st

from explorer.decoding import MAX_PIXELS, MAX_UPLOAD_BYTES
from explorer.webapp.widgets.component import declare

__all__ = ["Dropped", "drop_zone", "read_dropped"]

_KEY = "drop_zone"
_LONGEST_NAME = 200

_component = declare(Path(__file__).parent, '<div class="zone" hidden><span></span></div>')


class Dropped(NamedTuple):
    """A file as the browser hands it over; anybody may have made it.

    Attributes:
        name: of the file; empty where it has none, as a screenshot.
        data: its bytes; None where it was not sent.
        size: how many bytes it has.
        sides: width and height in pixels, where it was not sent because of them.
        others: how many more files came with it.
    """

    name: str
    data: bytes | None
    size: int = 0
    sides: tuple[int, int] | None = None
    others: int = 0


def drop_zone(label: str, on_file: Callable[[Dropped], None]) -> None:
    """Listen, once a page, anywhere on it.

    Args:
        label: what the page says while a file is held over it.
        on_file: called with each file, at the beginning of the run that it starts.
    """
    _component(
        key=_KEY,
        data={"label": label, "max_bytes": MAX_UPLOAD_BYTES, "max_pixels": MAX_PIXELS},
        height="content",
        on_file_change=lambda: _received(on_file),
    )


def _received(on_file: Callable[[Dropped], None]) -> None:
    file = st.session_state[_KEY].file
    if isinstance(file, Mapping):
        on_file(read_dropped(file))


def read_dropped(file: Mapping[str, Any]) -> Dropped:
    """What the script of the component sent."""
    sides = file.get("sides")
    return Dropped(
        str(file.get("name", ""))[:_LONGEST_NAME],
        _bytes(file.get("content")),
        _count(file.get("size")),
        (_count(sides[0]), _count(sides[1])) if isinstance(sides, list) and len(sides) == 2 else None,
        _count(file.get("others")),
    )


def _bytes(content: object) -> bytes | None:
    if not isinstance(content, str):
        return None
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        return None


def _count(value: object) -> int:
    return int(value) if isinstance(value, int | float) and 0 <= value < 2**53 else 0
