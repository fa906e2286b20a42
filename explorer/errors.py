"""The one exception that is meant for people, and how it quotes those of libraries."""

from __future__ import annotations

from pydantic import ValidationError

__all__ = ["ExplorerError", "in_brief"]

_LONGEST = 200


class ExplorerError(ValueError):
    """Something that the user can fix. The message is a sentence: what is wrong, and what to do.

    Pages show it in place of the result; the command line prints it and exits with status 1. Everything else that is
    raised is a bug.
    """


def in_brief(error: Exception) -> str:
    """What another library says of a file, as a part of our sentence: its first line, at most 200 characters.

    Of what pydantic finds wrong it is the first, after the name of its field: ``"t0: Input should be a valid number"``.
    """
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        lines = [f"{field}: {first['msg']}" if field else first["msg"]]
    else:
        lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0] if len(lines[0]) <= _LONGEST else f"{lines[0][:_LONGEST]}…"
