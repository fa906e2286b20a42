"""Figures of a map hold the points that they were given, each with its image."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import pytest

from explorer.figures.map import (
    COLORED_LABELS,
    MAX_POINTS,
    label_map_figure,
    plotted_points,
    value_map_figure,
)
from explorer.figures.style import GRAY, QUALITATIVE, SEQUENTIAL

RNG = np.random.default_rng(0)
COUNT = 200
X, Y = RNG.normal(size=(2, COUNT)).astype(np.float32)
INDEX = np.arange(COUNT) * 3
TEXT = [f"image {index}" for index in INDEX]


def luminance(color: str) -> float:
    values = np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def all_points(figure: go.Figure) -> dict[int, tuple[float, float, int, str]]:
    """Index of an image -> where it is, its place, and its text."""
    found = {}
    for trace in figure.data:
        for x, y, (index, place), text in zip(trace.x, trace.y, trace.customdata, trace.text, strict=True):
            found[int(index)] = (x, y, int(place), text)
    return found


def test_values_color_the_points() -> None:
    values = RNG.normal(size=COUNT)
    values[:5] = np.nan
    figure = value_map_figure(X, Y, INDEX, values, title="log p [nats]", text=TEXT)
    unknown, known = figure.data
    assert unknown.marker.color == GRAY
    assert len(unknown.x) == 5
    np.testing.assert_array_equal(known.marker.color, values[5:])
    assert known.marker.colorbar.title.text == "log p [nats]"
    assert (known.marker.cmin, known.marker.cmax) == pytest.approx(np.quantile(values[5:], (0.01, 0.99)))
    expected = {int(i): (x, y, place, t) for place, (i, x, y, t) in enumerate(zip(INDEX, X, Y, TEXT, strict=True))}
    assert all_points(figure) == expected


@pytest.mark.parametrize("values", [np.full(COUNT, np.nan), np.full(COUNT, 2.0)])
def test_values_that_say_nothing(values: np.ndarray) -> None:
    figure = value_map_figure(X, Y, INDEX, values, title="", text=TEXT)
    assert len(all_points(figure)) == COUNT


def test_labels_have_colors_and_names() -> None:
    labels = INDEX % 4
    figure = label_map_figure(X, Y, INDEX, labels, {0: "zero", 1: "one", 2: "two", 3: "<b>three</b>"}, text=TEXT)
    assert [trace.marker.color for trace in figure.data] == list(QUALITATIVE[:4])
    assert [note.text for note in figure.layout.annotations] == [
        "<b>zero</b>",
        "<b>one</b>",
        "<b>two</b>",
        "<b>&lt;b&gt;three&lt;/b&gt;</b>",
    ]
    assert figure.layout.annotations[1].x == pytest.approx(float(np.median(X[labels == 1])))
    assert len(all_points(figure)) == COUNT


def test_of_many_labels_the_frequent_ones_have_colors() -> None:
    labels = np.minimum(np.arange(COUNT) // 8, 15)  # the last one has 80 images
    figure = label_map_figure(X, Y, INDEX, labels, {label: str(label) for label in range(16)}, text=TEXT)
    assert figure.data[0].marker.color == GRAY
    assert len(figure.data) == COLORED_LABELS + 1
    assert "15" in [trace.name for trace in figure.data if trace.showlegend is not False]
    assert figure.layout.showlegend
    assert not figure.layout.annotations
    assert len(all_points(figure)) == COUNT


def test_what_is_plotted() -> None:
    assert plotted_points(np.array([0.0, np.nan, 2.0]), np.array([0.0, 1.0, np.inf])).tolist() == [0]
    many = np.zeros(MAX_POINTS + 50)
    drawn = plotted_points(many, many)
    assert len(set(drawn.tolist())) == MAX_POINTS
    assert (np.diff(drawn) > 0).all()
    assert np.array_equal(drawn, plotted_points(many, many))


def test_colors_of_a_quantity_rise_in_luminance_and_show_on_both_pages() -> None:
    levels = [luminance(color) for color in SEQUENTIAL]
    assert (np.diff(levels) > 0).all()
    white, dark = 1.0, luminance("#0E1117")
    assert (levels[0] + 0.05) / (dark + 0.05) > 1.5
    assert (white + 0.05) / (levels[-1] + 0.05) > 1.4


def test_colors_of_labels_carry_black_names() -> None:
    assert len(set(QUALITATIVE)) == COLORED_LABELS
    assert min(luminance(color) for color in QUALITATIVE) > 0.13  # a contrast of 3.5 to black
