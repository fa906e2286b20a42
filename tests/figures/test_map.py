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


_SEEN_BY = {
    "all": np.eye(3),
    "protanopia": np.array([[0.1523, 1.0526, -0.2049], [0.1145, 0.7863, 0.0992], [-0.0039, -0.0481, 1.052]]),
    "deuteranopia": np.array([[0.3673, 0.8606, -0.228], [0.2801, 0.6725, 0.0474], [-0.0118, 0.0429, 0.9689]]),
}
"""What is seen of linear RGB (Machado, Oliveira and Fernandes 2009)."""


def linear(color: str) -> np.ndarray:
    values = np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def luminance(color: str) -> float:
    return float(linear(color) @ [0.2126, 0.7152, 0.0722])


def oklab(color: str, seen: np.ndarray) -> np.ndarray:
    """A color in Ottosson's Oklab, where equal distances look equal."""
    cones = [[0.41222, 0.53633, 0.05145], [0.2119, 0.6807, 0.1074], [0.0883, 0.28172, 0.62998]]
    axes = [[0.21045, 0.79362, -0.00407], [1.978, -2.42859, 0.45059], [0.0259, 0.78277, -0.80868]]
    return np.array(axes) @ np.cbrt(np.array(cones) @ np.clip(seen @ linear(color), 0, 1))


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


def test_colors_of_labels_show_on_both_pages_and_below_black_letters() -> None:
    assert len(set(QUALITATIVE)) == COLORED_LABELS
    dark = luminance("#12161C")
    for color in QUALITATIVE:
        level = luminance(color)
        assert (1.0 + 0.05) / (level + 0.05) >= 3
        assert (level + 0.05) / (dark + 0.05) >= 3
        assert (level + 0.05) / 0.05 >= 4.5
    figure = label_map_figure(X, Y, INDEX, RNG.integers(0, 3, COUNT), {0: "a", 1: "b", 2: "c"}, text=TEXT)
    assert {trace.marker.opacity for trace in figure.data} == {1}  # as seen, not only as named


@pytest.mark.parametrize("seen_by", _SEEN_BY)
def test_color_blind_people_tell_the_colors_of_labels_apart(seen_by: str) -> None:
    colors = np.array([oklab(color, _SEEN_BY[seen_by]) for color in QUALITATIVE])
    distances = np.linalg.norm(colors[:, None] - colors[None], axis=-1)
    assert distances[np.triu_indices(len(colors), 1)].min() > 0.04  # twice what is just noticeable
