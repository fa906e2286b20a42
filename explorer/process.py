"""What an entry point sets for its whole process: the command line, the app, a worker. Library code never does."""

from __future__ import annotations

import codecs
import io
import os
import sys
import unicodedata

__all__ = ["prepare_process"]

_PLAIN = {
    "−": "-", "–": "-", "—": "-", "→": "->", "←": "<-", "±": "+-", "×": "x", "÷": "/", "·": "*", "•": "*",
    "≤": "<=", "≥": ">=", "≈": "~", "∂": "d", "‘": "'", "’": "'", "“": '"', "”": '"',
}  # fmt: skip


def prepare_process() -> None:
    """Set the process up, before torch is imported.

    OpenMP's threads wait without spinning: on busy cores, spinning ones slow each other down many times. What the
    terminal has no characters for is written in plain ones: a name of a file must not end a command.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    codecs.register_error("explorer.plain", _in_plain_characters)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors in ("strict", "backslashreplace"):
            stream.reconfigure(errors="explorer.plain")


def _in_plain_characters(error: UnicodeError) -> tuple[str, int]:
    """The characters that an encoding lacks in ASCII: a likeness, else their number."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_plain, error.object[error.start : error.end])), error.end


def _plain(character: str) -> str:
    like = _PLAIN.get(character) or unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return like or character.encode("ascii", "backslashreplace").decode()
