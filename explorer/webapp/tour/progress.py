"""Where a visitor is on the tour and what they predicted; both are in the URL.

``stop`` is the number of the stop, from 1; ``guesses`` has one character a stop, the place of the answer that was
chosen, or ``-``. Which of them agreed with the model is known of the answers that were shown on this visit.
"""

from __future__ import annotations

import streamlit as st

from explorer.webapp.shell.address import kept
from explorer.webapp.shell.setting_forms import Form, Unfit, whole_number

__all__ = ["agreement_sentence", "guesses", "make_guess", "move_to", "note_answer", "stop_number"]

_STOP, _GUESSES = "stop", "guesses"
_SEEN = "tour-answers-seen"
_NONE = "-"


def stop_number(count: int) -> int:
    """The stop that is shown, from 0."""
    name = kept(_STOP, whole_number(1, count), 1)
    number: int = st.session_state[name] - 1
    return number


def move_to(number: int) -> None:
    """Show another stop. For ``on_click``."""
    st.session_state[_STOP] = number + 1


def guesses(count: int) -> list[int | None]:
    """The place of each answer that was chosen, None where none was yet."""
    text: str = st.session_state[kept(_GUESSES, _guesses_form(count), "")]
    return [None if letter == _NONE else int(letter) for letter in text.ljust(count, _NONE)]


def make_guess(number: int, place: int | None, count: int) -> None:
    """Commit to an answer at a stop, or take it back. For ``on_click``."""
    now = list(st.session_state[_GUESSES].ljust(count, _NONE))
    now[number] = _NONE if place is None else str(place)
    st.session_state[_GUESSES] = "".join(now).rstrip(_NONE)


def note_answer(number: int, asked: tuple[str, str], agrees: bool) -> None:
    """Remember whether a prediction agreed with the answer that is on the screen.

    Args:
        number: of the stop, from 0.
        asked: fingerprints of the model and the images; answers of others are forgotten.
        agrees: whether it did.
    """
    before, seen = st.session_state.get(_SEEN, (asked, {}))
    st.session_state[_SEEN] = asked, {**(seen if before == asked else {}), number: agrees}


def agreement_sentence(count: int) -> str:
    """How many of `count` predictions agreed, of those whose answers were shown on this visit."""
    _, seen = st.session_state.get(_SEEN, (None, {}))
    of_those = "" if len(seen) == count else ", of those whose answers you have seen"
    return f"{sum(seen.values())} of {len(seen)} predictions agreed with the model{of_those}."


def _guesses_form(count: int) -> Form[str]:
    def read(text: str) -> str:
        if len(text) > count or not set(text) <= set("0123456789-"):
            raise Unfit(f"is not up to {count} predictions")
        return text

    return Form(read, str)
