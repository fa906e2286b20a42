"""A cookie by which the browser remembers something until the next visit; `st.context.cookies` reads it then."""

from __future__ import annotations

from pathlib import Path

from explorer.webapp.widgets.component import declare

__all__ = ["set_cookie"]

_component = declare(Path(__file__).parent, "")


def set_cookie(name: str) -> None:
    """Set a cookie of this app, for a year. There is nothing to see.

    Args:
        name: of the cookie, letters and dashes.
    """
    _component(key="cookie", data={"name": name})
