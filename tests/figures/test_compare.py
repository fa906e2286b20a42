"""Figures of two models hold the numbers they were given."""

from __future__ import annotations

import numpy as np
import pytest

from explorer.figures.atlas import MAX_POINTS
from explorer.figures.compare import difference_histogram, log_prob_scatter, twins_scatter
from explorer.figures.style import BLUE, VERMILLION, translucent

NAMES = ("one", "two")


def test_points_are_colored_by_the_model_that_finds_them_more_probable() -> None:
    first, second = np.array([1.0, 2.0, np.nan, 4.0]), np.array([2.0, 1.0, 0.0, 4.0])
    figure = log_prob_scatter(
        first, second, np.array([7, 8, 9, 10]), names=NAMES, unit="nats", words=lambda place: f"row {place}"
    )
    (points,) = figure.data
    assert points.customdata[:, 0].tolist() == [7, 8, 10]
    assert points.x.tolist() == [1, 2, 4]
    assert points.y.tolist() == [2, 1, 4]
    assert list(points.marker.color) == [VERMILLION, BLUE, BLUE]
    assert list(points.text) == ["row 0", "row 1", "row 3"]
    assert figure.layout.xaxis.title.text == "log p by one [nats]"
    assert figure.layout.yaxis.title.text == "log p by two [nats]"


def test_the_diagonal_crosses_a_square_that_holds_all_points() -> None:
    first, second = np.random.default_rng(0).normal(size=(2, 50)) * 100
    figure = log_prob_scatter(first, second, np.arange(50), names=NAMES, unit="bits", words=str)
    (line,) = figure.layout.shapes
    assert (line.x0, line.x1) == (line.y0, line.y1) == figure.layout.xaxis.range == figure.layout.yaxis.range
    assert line.x0 < min(first.min(), second.min())
    assert line.x1 > max(first.max(), second.max())


def test_pairs_of_twins_are_told_apart_without_colors() -> None:
    pairs = {"many": (np.array([1.0, 2.0]), np.array([1.5, 2.5])), "few": (np.array([0.0, 9.0]), np.array([4.0, 5.0]))}
    figure = twins_scatter(pairs, "nats")
    assert [(points.name, points.x.tolist(), points.y.tolist()) for points in figure.data] == [
        ("many", [1.0, 2.0], [1.5, 2.5]),
        ("few", [0.0, 9.0], [4.0, 5.0]),
    ]
    assert len({points.marker.symbol for points in figure.data}) == 2
    (line,) = figure.layout.shapes
    assert line.x0 < 0 < 9 < line.x1


def test_of_too_many_some_are_plotted() -> None:
    values = np.arange(MAX_POINTS + 5.0)
    figure = log_prob_scatter(values, values[::-1], np.arange(len(values)), names=NAMES, unit="nats", words=str)
    assert len(figure.data[0].x) == len(figure.data[0].marker.color) == MAX_POINTS


@pytest.mark.parametrize("count", [0, 1])
def test_hardly_any_points(count: int) -> None:
    values = np.full(count, 3.0)
    figure = log_prob_scatter(values, values, np.arange(count), names=NAMES, unit="nats", words=str)
    assert len(figure.data[0].x) == count
    assert len(figure.layout.shapes) == count


def test_bars_on_the_two_sides_of_zero() -> None:
    edges, counts = np.array([-2.0, -1.0, 0.0, 1.0]), np.array([5, 6, 7])
    figure = difference_histogram(edges, counts, -0.25, names=NAMES, unit="dB/dimension")
    left, right = figure.data
    assert left.x.tolist() == [-1.5, -0.5]
    assert left.y.tolist() == [5, 6]
    assert right.y.tolist() == [7]
    assert right.customdata.tolist() == [[0, 1]]
    assert (left.name, right.name) == ("more probable for one", "more probable for two")
    assert left.marker.color != right.marker.color == translucent(VERMILLION, 0.6)
    (mean,) = figure.layout.annotations
    assert (mean.x, mean.text) == (-0.25, "mean −0.25")
    assert figure.layout.xaxis.title.text == "log p by two − log p by one [dB/dimension]"


def test_all_on_one_side_is_one_color() -> None:
    figure = difference_histogram(np.array([1.0, 2.0]), np.array([3]), 1.5, names=NAMES, unit="nats")
    assert [bars.name for bars in figure.data] == ["more probable for two"]


def test_names_of_models_are_no_html() -> None:
    names, edges = ("<a href='http://x'>one</a>", "%{y}"), np.array([-1.0, 0.0, 1.0])
    points = log_prob_scatter(edges, edges, np.arange(3), names=names, unit="nats", words=str)
    bars = difference_histogram(edges, np.array([1, 1]), 0.0, names=names, unit="nats")
    titles = [points.layout.xaxis.title.text, points.layout.yaxis.title.text, bars.layout.xaxis.title.text]
    for text in titles + [trace.name for trace in bars.data]:
        assert "<a" not in text
        assert "%{" not in text
    assert "&lt;a href='http://x'&gt;one&lt;/a&gt;" in titles[0]
