"""Figures of a data set hold the numbers they were given."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import pytest

from explorer.figures.atlas import MAX_POINTS, log_prob_histogram, scatter
from explorer.figures.style import translucent
from explorer.measures.dataset.distribution import fit_gumbel

VALUES = np.random.default_rng(0).gumbel(10, 3, 2_000)
COUNTS, EDGES = np.histogram(VALUES, 40)


def texts(figure: go.Figure) -> str:
    return " ".join(annotation.text for annotation in figure.layout.annotations)


def test_histogram_counts_every_image() -> None:
    figure = log_prob_histogram(EDGES, COUNTS, "dB/dimension", fit_gumbel(VALUES))
    bars, curve = figure.data
    assert sum(bars.y) == len(VALUES)
    width = bars.width[0]
    assert np.trapezoid(curve.y, curve.x) == pytest.approx(len(VALUES) * width, rel=0.05)
    assert "dB/dimension" in figure.layout.xaxis.title.text


def test_marks_in_view_are_lines_and_others_arrows() -> None:
    figure = log_prob_histogram(EDGES, COUNTS, "dB/dimension", marks={"constant": 40.0, "noise": -5_000.0})
    assert "constant<br>40" in texts(figure)
    assert "← noise: −5,000" in texts(figure)
    low, high = figure.layout.xaxis.range
    assert low > VALUES.min() - 10
    assert high > 40


@pytest.mark.parametrize("count", [0, 1, 5])
def test_histogram_of_hardly_anything(count: int) -> None:
    shown = np.full(count, 3.0)
    figure = log_prob_histogram(np.array([2.5, 3.5]), np.array([count]), "nats", shown=shown, marks={"noise": -1.0})
    assert figure.data[0].y.tolist() == [count]


def test_scatter_knows_its_images() -> None:
    x, y = np.array([0.0, 1.0, np.nan, 3.0]), np.array([5.0, np.nan, 6.0, 7.0])
    figure = scatter(x, y, np.array([10, 11, 12, 13]), x_title="x", y_title="y", words=lambda place: f"row {place}")
    (points,) = figure.data
    assert points.customdata.tolist() == [[10, 0], [13, 1]]
    assert list(points.y) == [5.0, 7.0]
    assert list(points.text) == ["row 0", "row 3"]


def test_scatter_of_too_many_draws_some() -> None:
    count = MAX_POINTS + 5
    figure = scatter(np.arange(count), np.arange(count), np.arange(count), x_title="x", y_title="y", words=str)
    (points,) = figure.data
    index, place = points.customdata.T
    assert index.tolist() == points.x.tolist() == [int(text) for text in points.text]
    assert len(set(index.tolist())) == MAX_POINTS
    assert place.tolist() == list(range(MAX_POINTS))


def test_translucent() -> None:
    assert translucent("#0072B2", 0.5) == "rgba(0, 114, 178, 0.5)"
    with pytest.raises(ValueError, match="#RRGGBB"):
        translucent("blue", 0.5)
