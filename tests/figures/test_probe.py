from types import SimpleNamespace

import numpy as np
import pytest

from explorer.figures.probe import (
    PINNED,
    dimensionality_chart,
    log_prob_range,
    noise_log_prob_chart,
    perturbation_chart,
)
from explorer.measures.image.curves import NoiseCurves, PerturbationCurve
from explorer.perturbations import RANGES
from explorer.units import LogProbUnit, convert_log_prob, unit_label

D = 100


def curve(name: str, *log_prob: float) -> PerturbationCurve:
    return PerturbationCurve(name, np.linspace(0.0, 0.5, len(log_prob)), np.array(log_prob))


def test_the_range_holds_all_curves_and_the_marker() -> None:
    low, high = log_prob_range([curve("contrast", 0, 10), curve("blur", 2, 8)], -3.0, "nats", D)
    assert low < -3 < 10 < high


def test_a_curve_that_is_alone_is_held_whole() -> None:
    low, high = log_prob_range([curve("noise", 9, -5000)], 9.0, "nats", D)
    assert low < -5000 < 9 < high


def test_one_deep_curve_does_not_flatten_the_others() -> None:
    low, high = log_prob_range(
        [curve("contrast", 0, 10), curve("blur", 2, 8), curve("noise", 9, -5000)], 9.0, "nats", D
    )
    assert high - low < 30
    assert low < 0


def test_the_marker_stays_in_range_when_it_is_deep_itself() -> None:
    low, high = log_prob_range([curve("contrast", 0, 10), curve("noise", 9, -5000)], -4000.0, "nats", D)
    assert low < -4000
    assert high > 10


@pytest.mark.parametrize("values", [[], [np.nan, np.inf]])
def test_a_range_without_numbers(values: list[float]) -> None:
    low, high = log_prob_range([curve("contrast", *values)], float("nan"), "nats", D)
    assert low < high


def test_the_curve_passes_through_the_marker() -> None:
    chart = perturbation_chart(curve("noise", 10, 0, -10), 0.1, 7.0, (-20, 20), "dB/dim", D)
    (line,), marker = chart.lines, chart.marker
    assert list(line.x) == sorted(line.x)
    now = convert_log_prob(7.0, "dB/dim", D)
    assert (marker.x, marker.y) == (0.1, pytest.approx(now))
    assert line.y[list(line.x).index(0.1)] == pytest.approx(now)
    assert "dB/dimension" in line.hover[0]


def test_a_curve_that_falls_deeper_is_drawn_whole_and_says_so() -> None:
    shared = perturbation_chart(curve("blur", 10, 0, -10), 0.1, 7.0, (-20, 20), "nats", D)
    assert (shared.y.start, shared.y.end, shared.y.title) == (-20, 20, "log p [nats]")
    deep = perturbation_chart(curve("noise", 10, 0, -5000, np.nan), 0.1, 7.0, (-20, 20), "nats", D)
    assert deep.y.start <= -5000
    assert deep.y.title == "log p [nats], wider range"


@pytest.mark.parametrize("unit", ["dB/dim", "nats", "bits", "bits/dim"])
def test_units_stand_in_one_kind_of_brackets_under_one_name(unit: LogProbUnit) -> None:
    curves = NoiseCurves(np.array([60.0, -20.0]), np.array([90.0, 1.0]), np.array([50.0, -300.0]))
    small = [perturbation_chart(curve(name, 1, 0), 0.1, 0.5, (0, 1), unit, D) for name in RANGES]
    titles = [noise_log_prob_chart(curves, 30.0, unit, D).y.title, *(chart.y.title for chart in small)]
    assert {title[title.index("[") :] for title in titles} == {f"[{unit_label(unit)}]"}
    assert all(chart.x.title.endswith("]") and "(" not in chart.x.title for chart in small)


def test_noise_figures_with_and_without_a_band() -> None:
    curves = NoiseCurves(np.array([60.0, 20.0, -20.0]), np.array([90.0, 40.0, 1.0]), np.array([50.0, 0.0, -300.0]))
    grid = (60.0, -20.0)
    band = SimpleNamespace(low=(80.0, 0.0), median=(85.0, 1.0), high=(120.0, 2.0))
    for build in (
        lambda *more: dimensionality_chart(curves, 30.0, D, *more),
        lambda *more: noise_log_prob_chart(curves, 30.0, "nats", D, *more),
    ):
        plain, banded = build(), build(grid, band)
        assert [line.name for line in plain.lines] == ["this image"]
        assert plain.band is None
        assert banded.band.name == "data set, 10–90 %"
        assert [line.name for line in banded.lines] == ["data set, median", "this image"]
        assert banded.y.start <= 0 < 120 <= banded.y.end
        assert (banded.x.start, banded.x.end) == (-20.0, 60.0), "as in Trust"
    assert "gray levels" in plain.lines[0].hover[0]
    assert plain.marker.y == pytest.approx(curves.log_prob_at(30.0))


def test_curves_of_a_pinned_image_lie_behind_dashed_and_named() -> None:
    curves, pinned = (
        NoiseCurves(np.array([60.0, 20.0, -20.0]), np.array([90.0, 40.0, 1.0]) + more, np.array([50.0, 0.0, more]))
        for more in (0.0, 300.0)
    )
    for chart, top in (
        (dimensionality_chart(curves, 30.0, D, pinned=pinned), 390.0),
        (noise_log_prob_chart(curves, 30.0, "nats", D, pinned=pinned), 300.0),
        (perturbation_chart(curve("blur", 1, 0), 0.1, 0.5, (-1, 9), "nats", D, curve("blur", 7, 8)), 8.0),
    ):
        behind, front = chart.lines
        assert behind.name == PINNED
        assert (behind.dashed, front.dashed) == (True, False)
        assert behind.color != front.color
        assert max(behind.y) == top <= chart.y.end
        assert behind.hover[0].startswith(f"{PINNED}: ")


def test_the_deep_curves_of_two_images_flatten_no_others() -> None:
    curves = [curve("contrast", 0, 10), curve("blur", 2, 8), curve("noise", 9, -5000), curve("noise", 9, -7000)]
    low, high = log_prob_range(curves, 9.0, "nats", D)
    assert high - low < 30
    chart = perturbation_chart(curves[2], 0.1, 7.0, (low, high), "nats", D, curves[3])
    assert chart.y.start <= -7000, "a longer scale holds both"
