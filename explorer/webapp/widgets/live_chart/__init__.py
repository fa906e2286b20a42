"""A chart that follows a slider.

Streamlit takes a Plotly chart down and builds a new one whenever its numbers change, which takes a tenth of a second
per chart and flickers. This draws a `LiveChart` as an SVG that stays where it is and moves.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from explorer.figures.live_chart import LARGE, LiveChart
from explorer.webapp.widgets.component import declare, json_ready

__all__ = ["live_chart"]

_component = declare(
    Path(__file__).parent,
    '<div class="chart"><div class="legend"></div><svg role="img"></svg><div class="hover" hidden></div></div>',
)


def live_chart(chart: LiveChart, key: str, alt: str) -> None:
    """Draw a chart in the current container; the next one with the same `key` takes its place without a flicker.

    Args:
        chart: what to draw.
        key: of the chart on the page.
        alt: what the chart shows, for those who cannot see it.
    """
    frames = {"frame": chart.frame._asdict(), "paper": LARGE._asdict()}
    _component(key=key, data={"chart": json_ready(asdict(chart)), **frames, "alt": alt})
