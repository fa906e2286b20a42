"""A chart that follows a slider.

Streamlit takes a Plotly chart down and builds a new one whenever its numbers change, which takes a tenth of a second a
chart and flickers. This draws the same Plotly figure, as far as it consists of lines, bands and markers, as an SVG that
stays where it is and moves.
"""

from __future__ import annotations

import json
from pathlib import Path

import plotly.graph_objects as go
import streamlit as st

__all__ = ["live_chart"]

_FOLDER = Path(__file__).parent
_component = st.components.v2.component(
    "image_density_explorer.live_chart",
    html='<div class="chart"><div class="legend"></div><svg role="img"></svg><div class="hover" hidden></div></div>',
    css=(_FOLDER / "live_chart.css").read_text(encoding="utf-8"),
    js=(_FOLDER / "live_chart.js").read_text(encoding="utf-8"),
)


def live_chart(figure: go.Figure, key: str, alt: str) -> None:
    """Draw a figure in the current container; the next one with the same `key` takes its place without a flicker.

    Args:
        figure: of scatter traces (lines, ``tonexty`` bands, markers; hover text in ``text``) with explicit axis ranges,
            as `explorer.figures.probe` makes them.
        key: of the chart on the page.
        alt: what the chart shows, for those who cannot see it.
    """
    figure_json = json.loads(figure.to_json(validate=False))
    _component(key=key, data={"traces": figure_json["data"], "layout": figure_json["layout"], "alt": alt})
