"""Figures of the checks."""

from __future__ import annotations

import plotly.graph_objects as go
import pytest

from explorer.figures.checks import check_figure, check_figures
from explorer.measures.consistency.chart import Axis, Chart, Curve
from explorer.measures.consistency.checks import CHECKS
from explorer.measures.consistency.heat import HeatEquation
from explorer.measures.consistency.report import Report
from tests.measures.consistency.examples import empty, good, residual, rolled, with_result


def figure_of(report: Report, name: str) -> go.Figure:
    check = next(check for check in CHECKS if check.name == name)
    return check_figure(check.chart(report.results[name], report.conditions))


def test_each_check_has_a_figure_with_units_on_its_axes() -> None:
    figures = check_figures(good())
    assert len(figures) == 9
    for title, figure in figures.items():
        for axis in (figure.layout.xaxis, figure.layout.yaxis):
            units = ("dB", "bits", "nats", "dimensions", "pixels", "data set")
            assert any(unit in axis.title.text for unit in units), title


def test_what_was_not_measured_has_none() -> None:
    assert check_figures(empty()) == {}


def test_other_photographs_are_a_row_beside_those_of_the_checks() -> None:
    long = good().conditions.model_copy(update={"dataset": "a data set with a name that is much too long for an axis"})
    figure = figure_of(good().model_copy(update={"conditions": long}), "other_photographs")
    assert figure.layout.xaxis.title.text == "code length [bits/dimension]"
    assert figure.layout.yaxis.title.text == "data set"
    own, other = figure.layout.yaxis.ticktext
    assert own.startswith("a data set with a name th…")
    assert other == "other noise<br>10 images"
    strange = long.model_copy(update={"dataset": "<a href='//x'>"})
    figure = figure_of(good().model_copy(update={"conditions": strange}), "other_photographs")
    assert figure.layout.yaxis.ticktext[0].startswith("&lt;a href='//x'&gt;<br>")
    lengths = {trace.name: list(trace.x) for trace in figure.data}
    assert lengths["JPEG XL"] == [8.5, 9.0]  # bits of a file over 100 values
    assert lengths["I-MMSE"] == pytest.approx([8.0, 8 + 0.0144270])
    assert lengths["energy"] == pytest.approx([8 + 0.0144270, 8 + 2 * 0.0144270])
    assert figure.data[0].hovertemplate == "%{x:.3f} bits/dimension<extra>JPEG XL</extra>"


def test_a_step_aside_is_in_bits_with_what_is_allowed_around_the_mean_of_the_neighbors() -> None:
    band, curve = figure_of(good(), "step_aside").data
    assert list(curve.x) == [1, 2, 3, 4]
    assert curve.y[0] == pytest.approx(8 + 0.144270)  # 10 nats over 100 values
    assert list(band.x) == [2, 2, None, 3, 3, None]
    assert band.y[1] - band.y[0] == pytest.approx(0.04)
    assert (band.y[0] + band.y[1]) / 2 == pytest.approx((curve.y[0] + curve.y[2]) / 2)
    assert "0.02" in band.name
    jump = with_result(good(), "step_aside", rolled(5, 5, -4, 5, 5, error=0))
    outside = figure_of(jump, "step_aside").data[-1]
    assert outside.name == "outside"
    assert list(outside.x) == [2, 3, 4]  # 0.13 below the mean of its neighbors, and they 0.065 above


def test_the_gap_is_in_bits_per_dimension() -> None:
    gap = figure_of(good(), "likelihood").data[-1].y
    assert abs(gap[0] - 0.01443) < 1e-4
    assert gap[-1] == 0


def test_an_exact_trace_has_no_error_and_zero_shows_on_a_logarithmic_axis() -> None:
    exact = residual(0.0).model_copy(update={"trace_error": 0.0})
    figure = figure_of(with_result(good(), "heat_equation", HeatEquation(images=1, levels=(exact,))), "heat_equation")
    assert [list(trace.y) for trace in figure.data] == [[1e-5]]
    assert figure.layout.yaxis.type == "log"


def test_estimates_differ_in_color_and_sign_and_what_is_empty_is_drawn() -> None:
    curves = tuple(Curve(f"estimate {number}", [0, 1], [number, number]) for number in range(5))
    figure = check_figure(Chart("Title", "Sentence.", Axis("x"), Axis("y"), curves))
    looks = [(trace.line.color, trace.marker.symbol) for trace in figure.data]
    assert len(set(looks[:4])) == 4
    assert looks[4] == looks[0]
    assert len(check_figure(Chart("Title", "Sentence.", Axis("x"), Axis("y"), ())).data) == 0
