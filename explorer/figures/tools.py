"""Which of Plotly's tools a figure offers on a page: values of the `config` of its JavaScript library.

Every figure has the tool that makes a picture of it. It is hidden: `explorer.webapp.widgets.figure_export` presses it.
"""

from __future__ import annotations

from typing import Any

__all__ = ["MAP_TOOLS", "NO_TOOLS", "SELECTION_TOOLS", "ZOOM_TOOLS"]

NO_TOOLS: dict[str, Any] = {"displaylogo": False, "modeBarButtons": [["toImage"]]}
"""A figure to look at."""

ZOOM_TOOLS: dict[str, Any] = {"displaylogo": False, "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"]}
"""A figure that can be enlarged."""

SELECTION_TOOLS: dict[str, Any] = {
    "displaylogo": False,
    "modeBarButtonsToRemove": ["autoScale2d", "zoomIn2d", "zoomOut2d"],
}
"""A figure whose points are selected by a box or a lasso."""

MAP_TOOLS: dict[str, Any] = {**SELECTION_TOOLS, "scrollZoom": True}
"""The same, enlarged by the wheel."""
