"""The browser's history: one entry for each view that somebody came to rest at."""

from __future__ import annotations

from pathlib import Path

from explorer.webapp.widgets.component import declare

__all__ = ["tidy_history"]

_component = declare(Path(__file__).parent, "")


def tidy_history() -> None:
    """Keep the history tidy. To be drawn on every page; there is nothing to see."""
    _component(key="history")
