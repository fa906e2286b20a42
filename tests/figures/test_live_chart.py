"""A chart as a Plotly figure, and the script that draws it."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path

import numpy as np

from explorer.figures.live_chart import Axis, Band, Frame, Line, LiveChart, Marker, plotly_figure
from explorer.figures.style import VERMILLION
from explorer.webapp.widgets import live_chart

LEVELS = np.array([60.0, 20.0])
CHART = LiveChart(
    x=Axis("noise (dB)", 60.0, -20.0),
    y=Axis("dimensions", 0.0, 100.0),
    lines=(
        Line(LEVELS, LEVELS / 2, "gray", "median", ("one", "two\nlines"), dashed=True),
        Line(LEVELS, np.array([np.nan, 4.0]), "#0072B2", "this image"),
    ),
    marker=Marker(30.0, 50.0),
    band=Band(LEVELS, LEVELS - 1, LEVELS + 1, "rgba(1, 2, 3, 0.5)", "10–90 %"),
)


def test_a_large_chart_has_axes_and_a_legend() -> None:
    figure = plotly_figure(CHART)
    low, high, median, image, marker = figure.data
    assert (high.fill, high.fillcolor, high.name) == ("tonexty", "rgba(1, 2, 3, 0.5)", "10–90 %")
    assert (high.y - low.y).tolist() == [2.0, 2.0]
    assert (median.line.dash, image.line.dash) == ("dash", "solid")
    assert list(median.text) == ["one", "two<br>lines"]
    assert (marker.x[0], marker.y[0], marker.marker.color) == (30.0, 50.0, VERMILLION)
    assert [trace.name for trace in figure.data if trace.showlegend is not False] == ["10–90 %", "median", "this image"]
    assert list(figure.layout.xaxis.range) == [60.0, -20.0]
    assert figure.layout.xaxis.title.text == "noise (dB)"
    assert figure.layout.yaxis.title.text == "dimensions"
    assert json.loads(figure.to_json())


def test_a_small_chart_names_the_ends_of_its_axis() -> None:
    figure = plotly_figure(replace(CHART, band=None, small=True))
    assert len(figure.data) == 3
    assert [note.text for note in figure.layout.annotations] == ["dimensions", "60", "noise (dB)", "−20"]
    assert figure.layout.yaxis.ticklabelposition is None, "beside the plot, where no curve crosses them"
    assert not figure.layout.showlegend


def test_the_script_draws_all_that_a_chart_can_say() -> None:
    script = (Path(live_chart.__file__).parent / "live_chart.js").read_text(encoding="utf-8")
    said = {field.name for kind in (Axis, Band, LiveChart, Line, Marker) for field in fields(kind)} | set(Frame._fields)
    assert not {name for name in said if name not in script}
    assert VERMILLION in script
