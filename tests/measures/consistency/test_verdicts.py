"""What a report means: each verdict and its sentence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from explorer.measures.consistency.check import Check
from explorer.measures.consistency.checks import CHECKS
from explorer.measures.consistency.dimensionality import CleanDimensionality
from explorer.measures.consistency.flow import Flow, FlowCheck
from explorer.measures.consistency.heat import HeatEquation
from explorer.measures.consistency.likelihood import Likelihood, LikelihoodCheck
from explorer.measures.consistency.report import Report
from explorer.measures.consistency.running import run_checks
from explorer.measures.consistency.step_aside import StepAsideCheck
from explorer.measures.consistency.verdict import (
    UNDECIDED,
    Verdict,
    decibels,
    decide,
    deciding,
    signed,
    standard_error,
    with_error,
)
from explorer.models.checkpoints import Checkpoint, load_checkpoint
from tests.conftest import write_tiny_checkpoint
from tests.measures.consistency.examples import (
    SMALL,
    clean_level,
    empty,
    gap_level,
    good,
    normalization,
    outcome,
    pixels,
    residual,
    rolled,
    with_result,
)

OUTCOMES = {True: "passes", False: "does not pass", None: "open"}


def test_a_good_model_passes_everything() -> None:
    for report, left_out in ((good(), "step_aside"), (good((1, 32, 32)), "annealing")):
        outcomes = {verdict.check: verdict.outcome for verdict in report.verdicts()}
        assert len(outcomes) == 11
        assert outcomes.pop(left_out) == "not applicable"
        assert set(outcomes.values()) == {"passes"}
        assert all(verdict.sentence.endswith(".") for verdict in report.verdicts())


def test_a_verdict_is_data() -> None:
    heat = outcome(good(), "heat_equation")
    assert (heat.measured, heat.threshold, heat.unit, heat.where) == (0.004, 0.02, "nats/dimension/e-fold", "20 dB")
    for verdict in good().verdicts():
        if verdict.outcome == "passes" and verdict.check != "other_photographs":
            assert abs(verdict.measured) <= verdict.threshold


def test_a_report_can_be_printed() -> None:
    text = str(good())
    for check in CHECKS:
        assert check.title in text
    assert "not applicable" in text
    assert "(threshold 0.05)" in text


def test_numbers_are_written_as_people_write_them() -> None:
    assert (signed(0.0144, 3), signed(-0.0144, 3), signed(-0.00001, 3)) == ("+0.014", "−0.014", "0.000")
    assert (decibels(-20.0), decibels(37.6), decibels(-0.2)) == ("−20 dB", "38 dB", "0 dB")
    assert (with_error(0.0144, 0.0031, 3), with_error(-0.5, None, 1)) == ("+0.014 ± 0.003", "−0.5")
    assert (with_error(-0.0002, 7e-6, 4), with_error(0.0, 0.0, 1)) == ("−0.0002 ± 0.000007", "0.0 ± 0.0")


@pytest.mark.parametrize(
    ("measured", "error", "expected"),
    [
        (0.1, None, "passes"),  # of an earlier version: no error is known
        (0.1, 0.0, "passes"),
        (-0.3, 0.0, "does not pass"),
        (0.1, 0.04, "passes"),
        (0.1, 0.06, "open"),
        (-0.1, 0.06, "open"),
        (0.3, 0.04, "does not pass"),
        (0.3, 0.06, "open"),
        (0.0, 0.25, "open"),  # an error above the threshold: nothing that is small can pass
        (0.4, 0.25, "open"),
        (5.0, 0.25, "does not pass"),
        (float("nan"), 0.0, "does not pass"),
        (0.0, float("nan"), "does not pass"),
    ],
)
def test_a_check_is_open_within_two_standard_errors_of_its_threshold(
    measured: float, error: float | None, expected: str
) -> None:
    assert decide(measured, 0.2, error) == expected


def test_the_worst_place_decides() -> None:
    assert deciding(["passes", "passes", "passes"], [0.1, -0.3, 0.2]) == 1
    assert deciding(["passes", "open", "passes"], [0.1, 0.01, 0.2]) == 1
    assert deciding(["open", "does not pass", "open"], [0.5, 0.3, 0.4]) == 1
    assert deciding(["does not pass", "does not pass"], [9.0, float("nan")]) == 1


def test_a_standard_error_is_that_of_a_mean() -> None:
    assert standard_error([1.0, 3.0]) == pytest.approx(1.0)
    assert standard_error([1.0]) is None
    values = np.random.default_rng(0).normal(size=(2000, 25))
    assert np.mean([standard_error(row) for row in values]) == pytest.approx(values.mean(1).std(), rel=0.05)


def widened(report: Report) -> Report:
    """The same numbers with errors so large that nothing can be told."""

    def wide(value: object, name: str = "") -> object:
        if isinstance(value, dict):
            return {key: wide(inner, key) for key, inner in value.items()}
        if isinstance(value, tuple | list):
            return [wide(inner, name) for inner in value]
        return 1e4 if "error" in name and name not in ("time_error", "trace_error") else value

    results = {name: type(each).model_validate(wide(each.model_dump())) for name, each in report.results.items()}
    flows = results["flow"].flows
    apart = [
        flows[0],
        flows[0].model_copy(update={"log_prob": -300.0}),
        flows[0].model_copy(update={"log_prob": 500.0}),
    ]
    return report.model_copy(update={"results": results | {"flow": Flow(images=3, flows=tuple(apart))}})


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_every_check_has_its_error_and_is_open_where_that_is_too_large(check: Check) -> None:
    image_shape = (1, 32, 32) if check.name == "step_aside" else (1, 10, 10)
    report = good(image_shape)
    verdict = outcome(report, check.name)
    assert verdict.outcome == "passes"
    assert verdict.error is not None
    assert "±" in verdict.value
    assert "±" in verdict.sentence or "dimensionality" in check.name
    unsure = outcome(widened(report), check.name)
    assert unsure.outcome == "open"
    assert unsure.sentence.endswith(UNDECIDED)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_every_check_measures_its_error(tiny_checkpoint: Checkpoint, home: Path, check: Check) -> None:
    """On a real, if random, model: nothing but what is not applicable is without one."""
    large = check.name in ("step_aside", "other_photographs")
    if large:
        write_tiny_checkpoint(home / "checkpoints" / "large", (1, 32, 32))
    checkpoint = load_checkpoint("large", "cpu") if large else tiny_checkpoint
    images = pixels(8, checkpoint.model.image_shape[1])
    needed = {check.name, "likelihood"} if check.name == "other_photographs" else {check.name}
    effort = replace(SMALL, checks=tuple(each for each in SMALL.checks if each.name in needed))
    report = run_checks(
        checkpoint.model, checkpoint.values, images, effort, other=("others", images[:5]), own=(images, images[:6])
    )
    verdict = outcome(report, check.name)
    assert verdict.error is not None
    assert verdict.error >= 0
    assert check.judge(report.results[check.name], report.conditions) == verdict


def test_a_figure_does_not_contradict_its_verdict() -> None:
    """Single images and noise levels that are not tested may lie anywhere: what is tested is drawn with its band."""
    report = good()
    flows = report.results["flow"].flows
    apart = tuple(flows[0].model_copy(update={"log_prob": 100.0 + sign * 9.0}) for sign in (1, -1) * 200)
    checked = with_result(report, "flow", Flow(images=400, flows=apart))
    assert outcome(checked, "flow").outcome == "passes"
    chart = FlowCheck(400, nodes=8, probes=4).chart(checked.results["flow"], report.conditions)
    images, mean = chart.curves
    assert images.kind == "image"
    assert max(images.y) > chart.band  # each of them is outside
    assert mean.kind == "estimate"
    assert abs(mean.y[0]) + mean.errors[0] < chart.band

    inside = Likelihood(images=2, energy=1, i_mmse=0, levels=(gap_level(60, 1), gap_level(20, 9), gap_level(-20, 0)))
    assert outcome(with_result(report, "likelihood", inside), "likelihood").outcome == "passes"
    chart = LikelihoodCheck(2, levels=3).chart(inside, report.conditions)
    assert max(chart.curves[0].y) > 0.05  # at another noise level than the one that is tested
    assert chart.band is None
    assert (list(chart.allowed.x), list(chart.allowed.high)) == ([60], [0.05])

    unsure = rolled(5.0, 5.0, 2.5, 5.0, 5.0, error=0.9)
    assert StepAsideCheck(10).judge(unsure, report.conditions).outcome == "open"
    assert not [
        curve for curve in StepAsideCheck(10).chart(unsure, report.conditions).curves if curve.kind == "outside"
    ]


def test_each_failure_is_told_with_where_and_how_much() -> None:
    report = good()
    far = (gap_level(60.0, 9.0), gap_level(20.0, 8.0), gap_level(-20.0, 0.0))
    gap = outcome(with_result(report, "likelihood", Likelihood(images=2, energy=9, i_mmse=0, levels=far)), "likelihood")
    assert gap.outcome == "does not pass"
    assert "+0.130 ± 0.001 bits/dimension" in gap.sentence
    assert "between −20 and 20 dB" in gap.sentence

    wrong = (gap_level(60.0, 9.0), gap_level(-20.0, 8.0))
    check = Likelihood(images=2, energy=9, i_mmse=0, levels=wrong)
    assert "the constant is wrong" in outcome(with_result(report, "likelihood", check), "likelihood").sentence

    hot = HeatEquation(images=2, levels=(residual(0.004), residual(0.5)))
    heat = outcome(with_result(report, "heat_equation", hot), "heat_equation")
    assert heat.outcome == "does not pass"
    assert "0.5000 ± 0.0010 nats" in heat.sentence

    flows = report.results["flow"].flows
    off = Flow(images=1, flows=(flows[0].model_copy(update={"log_prob": 90.0}),))
    flow = outcome(with_result(report, "flow", off), "flow")
    assert flow.outcome == "does not pass"
    assert "−0.144 bits/dimension" in flow.sentence
    assert "100 times faster" in flow.sentence

    lost = Flow(images=2, flows=(flows[0].model_copy(update={"log_prob": float("nan")}), flows[0]))
    flow = outcome(with_result(report, "flow", lost), "flow")
    assert flow.outcome == "does not pass"
    assert "cannot be followed" in flow.sentence

    def clean(*traces: float) -> CleanDimensionality:
        levels = tuple(clean_level(trace) for trace in traces)
        return CleanDimensionality(images=2, levels=levels, time_score_seconds=0.1, trace_seconds=1.0)

    apart = outcome(with_result(report, "clean_dimensionality", clean(40.0)), "clean_dimensionality")
    assert apart.outcome == "does not pass"
    assert "60.0 and 40.0 dimensions" in apart.sentence
    assert "They agree at 0 of 1 noise levels" in apart.sentence

    astray = outcome(with_result(report, "clean_dimensionality", clean(60.5, 7e7)), "clean_dimensionality")
    assert astray.value == "over 1,000 %"
    assert "7e+07" in astray.sentence
    assert "They agree at 1 of 2 noise levels" in astray.sentence


@pytest.mark.parametrize(
    ("value", "error", "passed"),
    [(0.5, 0.2, True), (30.0, 1.0, False), (2.5, 1.0, None), (1.5, 1.0, None), (float("nan"), 1.0, False)],
)
def test_annealing_decides_only_when_it_can(value: float, error: float, passed: bool | None) -> None:
    verdict = outcome(with_result(good(), "annealing", normalization(value, error)), "annealing")
    assert verdict.outcome == OUTCOMES[passed]
    assert ("too large to decide" in verdict.sentence) == (passed is None)


@pytest.mark.parametrize(
    ("jump", "error", "passed"),
    [
        (0.5, 0.2, True),
        (0.0, 0.0, True),
        (-9.0, 1.0, False),
        (9.0, 1.0, False),
        (-2.0, 0.5, None),
        (1.2, 0.5, None),
        (float("nan"), 0.1, False),
        (9.0, float("nan"), False),
    ],
)
def test_a_step_aside_decides_only_when_it_can(jump: float, error: float, passed: bool | None) -> None:
    """The threshold of 0.02 bits/dimension is 1.386 nats an image of 100 values."""
    step = rolled(5.0, 5.0 + jump, 5.0, 5.0, error=error)
    verdict = StepAsideCheck(10).judge(step, good().conditions)
    assert verdict.outcome == OUTCOMES[passed]
    assert ("too large to decide" in verdict.sentence) == (passed is None)
    assert ("learned a grid" in verdict.sentence) == (passed is False)
    if abs(jump) == 9:
        assert "rolled by 2 pixels" in verdict.sentence
        assert "0.130" in verdict.value  # 9 / (100 ln 2)
        assert "0.02" in verdict.sentence


def others(**changes: float) -> Verdict:
    """The verdict on other photographs where some numbers are others; those that begin with ``own_`` at home."""
    report = good()
    measured = report.results["other_photographs"]
    own = {name.removeprefix("own_"): value for name, value in changes.items() if name.startswith("own_")}
    other = {name: value for name, value in changes.items() if not name.startswith("own_")}
    parts = {"own": measured.own.model_copy(update=own), "other": measured.other.model_copy(update=other)}
    return outcome(with_result(report, "other_photographs", measured.model_copy(update=parts)), "other_photographs")


@pytest.mark.parametrize(
    ("changes", "passed", "meaning"),
    [
        ({}, True, None),
        ({"jpeg_xl": 801.0}, False, "the model knows its data set, not images"),
        ({"jpeg_xl": 801.0, "own_jpeg_xl": 799.0}, False, "no advantage over JPEG XL on either"),
        ({"energy": 9.0}, False, "The gap opens"),
        ({"energy": -9.0}, False, "The gap opens"),
        ({"energy": float("nan")}, False, "The gap opens"),
        ({"i_mmse": float("nan")}, False, "The advantage over JPEG XL is gone"),
    ],
    ids=str,
)
def test_other_photographs_need_a_small_gap_and_an_advantage(
    changes: dict[str, float], passed: bool, meaning: str | None
) -> None:
    verdict = others(**changes)
    assert verdict.outcome == OUTCOMES[passed]
    for number in ("8.014", "9.000", "8.500", "+0.014"):  # 8 + 1 / (100 ln 2), the files, and the gap at home
        assert number in verdict.sentence or changes
    for sentence in ("data set, not images", "on either", "The gap opens"):
        assert (sentence in verdict.sentence) == (meaning is not None and sentence in meaning) or "nan" in str(changes)
    assert meaning is None or meaning in verdict.sentence


def test_a_gap_on_both_data_sets_is_told_as_such() -> None:
    assert "too large on both" in others(own_energy=9.0, energy=9.0).sentence


def test_what_was_not_run_says_so() -> None:
    verdicts = empty().verdicts()
    assert len(verdicts) == 11
    assert {verdict.outcome for verdict in verdicts if verdict.check != "step_aside"} == {"open"}
    assert all(verdict.sentence == "Not measured yet." for verdict in verdicts if verdict.outcome == "open")


def test_numbers_that_are_not_finite_never_pass_and_survive_the_disk() -> None:
    nan = float("nan")
    flow = good().results["flow"].flows[0].model_copy(update={"log_prob": float("inf")})
    broken = {
        "likelihood": Likelihood(images=2, energy=nan, i_mmse=0, levels=(gap_level(60.0, nan),)),
        "heat_equation": HeatEquation(images=2, levels=(residual(nan),)),
        "flow": Flow(images=1, flows=(flow,)),
        "large_noise": normalization(nan, nan),
    }
    report = good().model_copy(update={"results": broken})
    for name in broken:
        assert outcome(report, name).outcome == "does not pass"
    assert all(chart.curves for chart in report.charts())
    assert Report.model_validate_json(report.model_dump_json()).results["likelihood"].levels[0].psnr == 60
