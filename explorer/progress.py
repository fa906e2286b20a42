"""How long work says how far it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypedDict

__all__ = ["Opening", "Progress", "Waiting"]

Progress = Callable[[int, int | None], None]
"""``progress(done, total)``, in units of the work; `total` is None while it is not known."""

Waiting = Callable[[str, int, int | None], None]
"""``waiting(who, done, total)``: another process does the work, and this one waits for it; `who` in words."""


class Opening(TypedDict, total=False):
    """The arguments of `open_dataset` that say how far it is."""

    progress: Progress
    fetching: Progress
    waiting: Waiting
