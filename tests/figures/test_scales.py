"""Figures of scales show the numbers that they are given."""

import numpy as np
import pytest

from explorer.figures.scales import (
    bits_bars,
    change_bars,
    curvature_figure,
    dimensionality_figure,
    scale_name,
    sweep_figure,
)

FINE, MIDDLE, BASE = (0, False), (1, False), (2, True)


def test_scales_are_called_by_what_they_tell_apart() -> None:
    assert [scale_name(scale) for scale in (FINE, MIDDLE, (5, False), BASE)] == [
        "1 pixel",
        "2 pixels",
        "32 pixels",
        "coarse image",
    ]


def test_the_bars_of_the_model_add_up_to_its_code_length() -> None:
    figure = bits_bars({FINE: 300.0, MIDDLE: 90.0, BASE: 4.0}, {"PNG": 500.0}, 100, "bits/pixel")
    *scales, codec = figure.data
    assert [bar.name for bar in scales] == ["coarse image", "2 pixels", "1 pixel"]  # from coarse to fine
    assert sum(bar.x[0] for bar in scales) == pytest.approx(3.94)
    assert [bar.text[0] for bar in scales] == ["", "0.90", "3.00"]  # no room for the smallest
    assert [(note.x, note.text) for note in figure.layout.annotations] == [(pytest.approx(3.94), "3.94")]
    assert list(codec.y) == ["PNG"]
    assert list(codec.x) == [5.0]
    assert figure.layout.barmode == "stack"
    assert figure.layout.xaxis.title.text == "code length [bits/pixel]"


def test_changes_have_a_sign() -> None:
    bars = change_bars({FINE: -200.0, BASE: 50.0}, 100, "bits/pixel").data[0]
    assert list(bars.x) == ["coarse image", "1 pixel"]
    assert list(bars.y) == [0.5, -2.0]
    assert list(bars.text) == ["+0.50", "−2.00"]


def test_lines_belong_to_their_scales_and_keep_their_colors() -> None:
    bits = np.array([[10.0, 20.0, 30.0], [40.0, 50.0, 60.0]])
    sweep = sweep_figure([FINE, MIDDLE, BASE], [0.0, 1.0], bits, 10, None, "blur [pixels]", "bits/pixel")
    assert {line.name: list(line.y) for line in sweep.data} == {
        "coarse image": [3.0, 6.0],
        "2 pixels": [2.0, 5.0],
        "1 pixel": [1.0, 4.0],
    }
    curvature = curvature_figure([20.0, 10.0], {FINE: [-0.5, 0.1], MIDDLE: [0.2, 0.3]}, [-1.0, -0.9], "whole <b>")
    assert curvature.data[-1].name == "whole &lt;b&gt;"
    colors = {line.name: line.line.color for line in sweep.data}
    assert len(set(colors.values())) == 3
    assert all(line.line.color == colors[line.name] for line in curvature.data[:-1])


def test_both_estimates_of_dimensionality_are_shares() -> None:
    figure = dimensionality_figure([FINE, BASE], [20.0], np.array([[0.25, 1.0]]), np.array([[0.3, 0.9]]))
    assert [(trace.mode, trace.name, trace.y[0]) for trace in figure.data] == [
        ("lines+markers", "coarse image", 100.0),
        ("markers", "coarse image", 90.0),
        ("lines+markers", "1 pixel", 25.0),
        ("markers", "1 pixel", 30.0),
    ]
