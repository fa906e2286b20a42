"""Figures of a trust report."""

from explorer.figures.trust import dimensionality_figure, flow_figure, gap_figure, heat_figure
from tests.measures.test_trust import empty, good

FIGURES = (gap_figure, heat_figure, flow_figure, dimensionality_figure)


def test_each_section_has_a_figure_with_units_on_its_axes() -> None:
    for draw in FIGURES:
        figure = draw(good())
        assert figure is not None
        for axis in (figure.layout.xaxis, figure.layout.yaxis):
            assert any(unit in axis.title.text for unit in ("dB", "bits", "nats", "dimensions"))


def test_what_was_not_measured_has_none() -> None:
    assert [draw(empty()) for draw in FIGURES] == [None] * 4


def test_the_gap_is_in_bits_a_dimension() -> None:
    gap = gap_figure(good()).data[-1].y
    assert abs(gap[0] - 0.01443) < 1e-4
    assert gap[-1] == 0
