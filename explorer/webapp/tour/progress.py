"""Where a visitor is on the tour and what they predicted; both are in the URL.

``stop`` is the number of the stop, from 1; ``guesses`` has one character a stop, the place of the answer that was
chosen, or ``-``.
"""

from __future__ import annotations

import streamlit as st

__all__ = ["guess_at", "guesses", "make_guess", "move_to", "stop_number"]

_STOP, _GUESSES = "stop", "guesses"
_NONE = "-"


def stop_number(count: int) -> int:
    """The stop that is shown, from 0; the first where the URL names none that exists."""
    text = st.query_params.get(_STOP, "1")
    number = int(text) - 1 if text.isdecimal() and len(text) < 4 else 0
    return number if 0 <= number < count else 0


def move_to(number: int) -> None:
    """Show another stop. For ``on_click``."""
    st.query_params[_STOP] = str(number + 1)


def guesses(count: int) -> list[int | None]:
    """The place of each answer that was chosen, None where none was yet."""
    text = st.query_params.get(_GUESSES, "").ljust(count, _NONE)
    return [int(letter) if letter.isascii() and letter.isdecimal() else None for letter in text[:count]]


def guess_at(number: int, count: int) -> int | None:
    """The place of the answer that was chosen at a stop."""
    return guesses(count)[number]


def make_guess(number: int, place: int | None, count: int) -> None:
    """Commit to an answer at a stop, or take it back. For ``on_click``."""
    now = guesses(count)
    now[number] = place
    st.query_params[_GUESSES] = "".join(_NONE if each is None else str(each) for each in now).rstrip(_NONE)
