"""Work for what somebody looks at, and for nothing else.

The browser asks for one more turn whenever this place is on the screen and there is a new token. What is slow is so
done in turns that are runs of a fragment each, between which all else on the page is answered: Streamlit lets nothing
interrupt a fragment that runs.
"""

from __future__ import annotations

from pathlib import Path

from explorer.webapp.widgets.component import declare, do_nothing

__all__ = ["on_screen"]

_component = declare(Path(__file__).parent, '<div class="place"></div>')


def on_screen(key: str, token: str) -> bool:
    """Mark a place; returns whether the browser has just seen it, and asks for a turn.

    Args:
        key: of the place on this page.
        token: another one for each turn; the browser asks once for each.
    """
    return _component(key=key, data={"token": token}, on_seen_change=do_nothing, height="content").seen is not None
