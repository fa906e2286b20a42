"""A page that is read view by view, as slides are: each begins at its top, and the space bar goes down, then on.

Streamlit scrolls an element inside the page that has no focus, so that a browser's own keys do not reach it, and it
keeps its place when the page shows something else.
"""

from __future__ import annotations

from pathlib import Path

from explorer.webapp.widgets.component import declare

__all__ = ["paging"]

_component = declare(Path(__file__).parent, "")


def paging(view: int, onward: str, switch: str) -> None:
    """Give the keys to the page, and begin at the top where another view is shown than before.

    The space bar scrolls down, and presses the button `onward` once that is on the screen; on a control it does what
    the control does.

    Args:
        view: number of the view.
        onward: key of the button that leads to the next view; it need not be there.
        switch: key of a switch that gives the keys back to the page when it is clicked.
    """
    _component(key="paging", data={"view": view, "onward": onward, "switch": switch})
