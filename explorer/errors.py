"""The one exception that is meant for people."""

from __future__ import annotations

__all__ = ["ExplorerError", "in_brief"]

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
