"""Figures of a trust report."""

import pytest

from explorer.figures.trust import (
    dimensionality_figure,
    flow_figure,
    gap_figure,
    heat_figure,
    other_figure,
    step_figure,
)
from explorer.measures.consistency.step_aside import StepAside
from tests.measures.consistency.test_trust import empty, good

FIGURES = (gap_figure, heat_figure, flow_figure, dimensionality_figure, step_figure)


def test_each_section_has_a_figure_with_units_on_its_axes() -> None:
    for draw in FIGURES:
        figure = draw(good())
        assert figure is not None
        for axis in (figure.layout.xaxis, figure.layout.yaxis):
            assert any(unit in axis.title.text for unit in ("dB", "bits", "nats", "dimensions", "pixels"))


def test_what_was_not_measured_has_none() -> None:
    assert [draw(empty()) for draw in FIGURES] == [None] * 5
    assert other_figure(empty()) is None
    assert other_figure(good().model_copy(update={"nll": None})) is None  # nothing to set it beside


def test_other_photographs_are_a_row_beside_those_of_the_checks() -> None:
    report = good().model_copy(update={"dataset": "a data set with a name that is much too long for an axis"})
    figure = other_figure(report)
    assert figure.layout.xaxis.title.text == "code length, bits/dimension"
    assert figure.layout.yaxis.title.text == "data set"
    own, other = figure.layout.yaxis.ticktext
    assert own.startswith("a data set with a name th…")
    assert other == "other noise<br>10 images"
    lengths = {trace.name: list(trace.x) for trace in figure.data}
    assert lengths["JPEG XL"] == [8.5, 9.0]  # bits of a file over 100 values
    assert lengths["I-MMSE"] == pytest.approx([8.0, 8 + 0.0144270])
    assert lengths["energy"] == pytest.approx([8 + 0.0144270, 8 + 2 * 0.0144270])


def test_a_step_aside_is_in_bits_with_what_is_allowed_around_the_mean_of_the_neighbors() -> None:
    report = good()
    band, curve = step_figure(report).data
    assert list(curve.x) == [1, 2, 3, 4]
    assert curve.y[0] == pytest.approx(8 + 0.144270)  # 10 nats over 100 values
    assert list(band.x) == [2, 2, None, 3, 3, None]
    assert band.y[1] - band.y[0] == pytest.approx(0.04)
    assert (band.y[0] + band.y[1]) / 2 == pytest.approx((curve.y[0] + curve.y[2]) / 2)
    assert "0.02" in band.name
    jump = StepAside(energies=(5, 5, -4, 5, 5), standard_errors=(0, 0, 0))
    outside = step_figure(report.model_copy(update={"step_aside": jump})).data[-1]
    assert outside.name == "outside"
    assert list(outside.x) == [2, 3, 4]  # 0.13 below the mean of its neighbors, and they 0.065 above


def test_the_gap_is_in_bits_a_dimension() -> None:
    gap = gap_figure(good()).data[-1].y
    assert abs(gap[0] - 0.01443) < 1e-4
    assert gap[-1] == 0
