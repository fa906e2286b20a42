"""How a setting is written in a URL, and which values it may have.

`read` of what `write` gives is the value again; what else a URL may say is either understood or `Unfit`, with the
reason to follow "which". Texts use letters, digits and ``-._~`` where they can: those stay as they are in a URL.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

__all__ = ["Form", "Unfit", "fits", "fitted", "number", "one_of", "some_of", "switch", "whole_number"]

Value = TypeVar("Value")


class Form(NamedTuple, Generic[Value]):
    """The two ways between a value and its text.

    Attributes:
        read: raises `Unfit`.
        write: of a value that `read` gives.
    """

    read: Callable[[str], Value]
    write: Callable[[Value], str]


class Unfit(ValueError):
    """A text that is no value.

    Attributes:
        why: to follow "which".
        nearest: the value to take in its place; None for the default.
    """

    def __init__(self, why: str, nearest: Any = None) -> None:
        super().__init__(why)
        self.why = why
        self.nearest = nearest


def fits(form: Form[Value], value: Value) -> bool:
    """Whether a value is one that the setting may have."""
    try:
        form.read(form.write(value))
    except Unfit:
        return False
    return True


def fitted(form: Form[Value], text: str, default: Value) -> Value:
    """The value of a text, or the nearest to it, or the default."""
    try:
        return form.read(text)
    except Unfit as unfit:
        nearest: Value | None = unfit.nearest
        return default if nearest is None else nearest


def one_of(options: Sequence[Value], words: Callable[[Any], str] = str) -> Form[Any]:
    """One of `options`, by its words on the screen."""
    named = {words(option): option for option in reversed(options)}

    def read(text: str) -> Value:
        if text not in named:
            raise Unfit("is not among the choices")
        return named[text]

    return Form(read, lambda value: words(value) if value in options else "")


def some_of(options: Sequence[str], words: Callable[[str], str] = str) -> Form[list[str]]:
    """Any of `options`, by their words on the screen, with commas between them."""

    def read(text: str) -> list[str]:
        parts = set(text.split(","))
        found = [option for option in options if words(option) in parts]
        if len(found) < len(parts):
            raise Unfit("is not among the choices", found)
        return found

    return Form(read, lambda values: ",".join(map(words, values)))


def number(low: float = -math.inf, high: float = math.inf) -> Form[Any]:
    """A finite number from `low` to `high`."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise Unfit("is not a number")
        if not low <= value <= high:
            raise Unfit(f"is not between {low:,g} and {high:,g}", min(max(value, low), high))
        return value

    return Form(read, lambda value: f"{value:.10g}")


def whole_number(low: int, high: int) -> Form[int]:
    """A whole number from `low` to `high`."""

    def read(text: str) -> int:
        try:
            value = int(text[:40])
        except ValueError:
            raise Unfit("is not a whole number") from None
        if not low <= value <= high:
            raise Unfit(f"is not between {low:,} and {high:,}", min(max(value, low), high))
        return value

    return Form(read, str)


def switch() -> Form[bool]:
    """On or off."""

    def read(text: str) -> bool:
        if text.lower() not in ("true", "false"):
            raise Unfit("is neither true nor false")
        return text.lower() == "true"

    return Form(read, lambda value: str(value).lower())
