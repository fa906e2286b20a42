"""The one exception that is meant for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pydantic import ValidationError

__all__ = ["ExplorerError", "Problem", "first_problem", "in_brief"]

_LONGEST = 200


class ExplorerError(ValueError):
    """Something that the user can fix. The message is a sentence: what is wrong, and what to do.

    Pages show it in place of the result; the command line prints it and exits with status 1. Everything else that is
    raised is a bug.
    """


def in_brief(error: Exception) -> str:
    """What another library says of a file, as a part of our sentence: its first line, at most 200 characters."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0] if len(lines[0]) <= _LONGEST else f"{lines[0][:_LONGEST]}…"


class Problem(NamedTuple):
    """What pydantic found wrong first.

    Attributes:
        field: name, with dots where it is nested; empty where it is the whole.
        message: what is wrong, in pydantic's words and without a full stop.
        value: what was given.
    """

    field: str
    message: str
    value: object


def first_problem(error: ValidationError) -> Problem:
    """The first error of a validation: the others often follow from it."""
    first = error.errors()[0]
    field = ".".join(str(part)[:_LONGEST] for part in first["loc"])
    return Problem(field, first["msg"].removeprefix("Value error, ").removesuffix("."), first["input"])
