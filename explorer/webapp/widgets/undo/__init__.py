"""A button, and Ctrl+Z, that take back the last change of the page.

To undo is to go one entry back in the browser's history, which has one for each view that somebody came to rest at
(`explorer.webapp.widgets.history`), as long as that is one of the same page. So it agrees with Back, Forward brings
back what was undone, and it takes back whatever is in the URL. A list of steps of our own would be a second history:
what it took back would be a new entry of the first.
"""

from __future__ import annotations

from pathlib import Path

from explorer.webapp.widgets.component import declare

__all__ = ["undo_button"]

_component = declare(
    Path(__file__).parent,
    '<button type="button" disabled title="Take back the last change (Ctrl+Z). Forward in the browser brings it back.">'
    '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M9 14 4 9l5-5M4 9h10a6 6 0 0 1 0 12h-3"/></svg>Undo</button>',
)


def undo_button() -> None:
    """Draw the button. It can be pressed while there is something to take back."""
    _component(key="undo", width="content")
