"""Every figure as a file: PNG and SVG for a paper, and its numbers as CSV.

One component, drawn on every page, adds a small menu to each Plotly figure and each live chart. The browser has all
that the figure shows, so that no server is asked. Pictures are on white with dark letters in either theme.

In the table a row is a point. Columns are called as the axes, units included; ``series`` is the name of the trace, or
its `meta` where the legend calls it something else. What a trace needs for its looks alone (no hover label, not in the
legend, no `meta`) is left out. The file is called after the page, the figure and its `layout.meta`, or else the model.
"""

from __future__ import annotations

from pathlib import Path

from explorer.webapp.widgets.component import declare

__all__ = ["offer_exports"]

_component = declare(Path(__file__).parent, "")


def offer_exports(page: str, model: str) -> None:
    """Add the menu to all figures of the page. To be drawn on every page; it takes no room.

    Args:
        page: its title, for the names of files.
        model: name of the model that the figures are of; empty where there is none.
    """
    _component(key="figure_export", data={"page": page, "model": model})
