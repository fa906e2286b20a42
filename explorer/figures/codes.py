"""Code lengths of one image side by side."""

from __future__ import annotations

from collections.abc import Mapping

import plotly.graph_objects as go

from explorer.figures.style import BLUE, GRAY, style_figure

__all__ = ["code_length_bars"]


def code_length_bars(bits: Mapping[str, float], mine: str, height: int = 180) -> go.Figure:
    """A bar for each code, from top to bottom.

    Args:
        bits: name of a code -> bits that it needs.
        mine: name of the one that stands out.
        height: in screen pixels.
    """
    names = list(bits)
    bars = go.Bar(
        x=list(bits.values()),
        y=names,
        orientation="h",
        marker={"color": [BLUE if name == mine else GRAY for name in names]},
        hovertemplate="%{y}: %{x:,.0f} bits<extra></extra>",
    )
    figure = style_figure(go.Figure(bars), x_title="code length [bits]", y_title="", height=height, legend=False)
    figure.update_yaxes(autorange="reversed", showgrid=False, ticks="")
    return figure.update_xaxes(rangemode="tozero")
