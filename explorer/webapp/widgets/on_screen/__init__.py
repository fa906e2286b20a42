"""Work for what somebody looks at, and for nothing else.

The browser asks for one more turn whenever this place is drawn and on the screen. What is slow is so done in turns that
are runs of a fragment each, between which all else on the page is answered: Streamlit lets nothing interrupt a fragment
that runs.
"""

from __future__ import annotations

import time
from pathlib import Path

from explorer.webapp.widgets.component import declare, do_nothing

__all__ = ["on_screen"]

_component = declare(Path(__file__).parent, '<div class="place"></div>')


def on_screen(key: str) -> bool:
    """Mark a place; returns whether the browser has seen it just now, and so asks for a turn.

    Args:
        key: of the place on this page.
    """
    data = {"drawn": time.monotonic_ns()}  # the browser asks once for each
    return _component(key=key, data=data, on_seen_change=do_nothing, height="content").seen is not None
