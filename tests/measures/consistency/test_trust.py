"""All checks at once on a checkpoint, and what they say."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from explorer.errors import ExplorerError
from explorer.measures.consistency.heat import HeatResidual
from explorer.measures.consistency.normalization import LogPartition
from explorer.measures.consistency.other_photographs import OtherPhotographs
from explorer.measures.consistency.reports import find_report, save_report, write_report
from explorer.measures.consistency.step_aside import StepAside
from explorer.measures.consistency.trust import FULL, QUICK, run_checks
from explorer.measures.consistency.trust_report import (
    DimensionalityCheck,
    DimensionalityLevel,
    NormalizationCheck,
    TrustReport,
)
from explorer.measures.consistency.verdicts import Verdict, verdicts
from explorer.measures.dataset.nll import GapLevel, NllCheck
from explorer.measures.image import flow as flow_module
from explorer.measures.image.flow import FlowLikelihood
from explorer.models.checkpoints import Checkpoint, load_checkpoint
from tests.conftest import write_tiny_checkpoint

SMALL = replace(
    QUICK,
    nll_images=6,
    nll_levels=5,
    step_images=5,
    other_images=3,
    heat_images=4,
    heat_levels=3,
    flow_images=2,
    flow_nodes=8,
    dimensionality_images=4,
    dimensionality_levels=3,
    annealing_levels=5,
    particles=8,
)


def pixels(count: int = 8) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 1, 8, 8), dtype=np.uint8)


def test_every_section_is_measured_kept_and_told(tiny_checkpoint: Checkpoint) -> None:
    kept: list[TrustReport] = []
    said: list[tuple[str, float]] = []
    report = run_checks(
        tiny_checkpoint, pixels(), "noise", SMALL, progress=lambda *step: said.append(step), keep=kept.append
    )
    assert report == kept[-1]
    assert report.images == {"normalization": 6, "nll": 6, "heat": 4, "dimensionality": 4, "flow": 2}
    for section in (report.nll, report.heat, report.flow, report.dimensionality, report.normalization):
        assert section is not None
    assert report.normalization.annealed is not None
    shares = [round(share, 6) for _, share in said]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    # A stop after any section leaves those before it.
    assert [kept[0].normalization is not None, kept[0].nll] == [True, None]
    assert len(kept) == 6


def test_larger_images_of_all_levels_have_two_checks_more(home: Path) -> None:
    write_tiny_checkpoint(home / "checkpoints" / "large", (1, 32, 32))
    large = load_checkpoint("large", "cpu")
    images, others = np.random.default_rng(1).integers(0, 256, (2, 8, 1, 32, 32), dtype=np.uint8)
    kept: list[TrustReport] = []
    report = run_checks(large, images, "noise", SMALL, other=("more noise", others), keep=kept.append)
    assert report.not_applicable == ()
    assert (report.images["step_aside"], report.images["other"]) == (5, 3)
    assert len(report.step_aside.energies) == 17
    assert report.other.dataset == "more noise"
    own, other = report.code_lengths()
    # Noise of eight bits a pixel, which no codec shortens, from one source: every estimate is the same on both.
    for length, same in zip(own[2:], other[2:], strict=True):
        assert abs(length - same) < 0.15
    assert 8 < own.jpeg_xl < 10
    assert [part.step_aside is None for part in kept] == [True, True, False, False, False, False, False]
    assert TrustReport.model_validate_json(report.model_dump_json()) == report

    alone = run_checks(large, images, "noise", SMALL)
    assert alone.not_applicable == ("other",)
    assert outcome(alone, "On other photographs").outcome == "not applicable"
    assert "--other DATA" in outcome(alone, "On other photographs").sentence
    with pytest.raises(ExplorerError, match="more noise has fewer"):
        run_checks(large, images, "noise", SMALL, other=("more noise", others[:1]))


def test_checks_that_mean_nothing_for_a_model_say_why(tiny_checkpoint: Checkpoint) -> None:
    report = run_checks(tiny_checkpoint, pixels(), "noise", SMALL, other=("noise", pixels()))
    assert report.not_applicable == ("step_aside", "other")
    assert report.step_aside is None
    assert report.other is None
    assert "fewer than 32 pixels" in outcome(report, "A step aside").sentence
    assert "this model have 17" in outcome(report, "On other photographs").sentence
    assert outcome(report, "A step aside").outcome == "not applicable"


def test_the_same_seed_gives_the_same_report(tiny_checkpoint: Checkpoint) -> None:
    first, second = (run_checks(tiny_checkpoint, pixels(), "noise", SMALL) for _ in range(2))
    assert first.nll == second.nll
    assert first.heat == second.heat
    assert first.normalization == second.normalization
    assert [flow.log_prob for flow in first.flow] == [flow.log_prob for flow in second.flow]


def test_a_flow_that_is_lost_is_not_tried_again(tiny_checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow_module, "_MOST_GRADIENTS", 5)
    report = run_checks(tiny_checkpoint, pixels(), "noise", SMALL)
    assert report.images["flow"] == len(report.flow) == 1
    assert report.flow[0].gradients == 6
    assert report.normalization.annealed is not None  # the checks go on


def test_a_slow_model_gets_fewer_images() -> None:
    assert QUICK.fitted(1e-6, 45) == QUICK
    fitted = QUICK.fitted(0.05, 45)
    assert 2 <= fitted.flow_images <= fitted.heat_images < QUICK.heat_images
    assert fitted.heat_levels == QUICK.heat_levels
    assert 2 <= fitted.other_images < fitted.step_images <= QUICK.step_images
    assert QUICK.fitted(100.0, 45).step_images == 2
    assert FULL.nll_images > QUICK.nll_images


def test_reports_stay_with_their_weights(tiny_checkpoint: Checkpoint, home: Path) -> None:
    assert find_report(tiny_checkpoint) is None
    report = run_checks(tiny_checkpoint, pixels(), "noise", SMALL)
    save_report(tiny_checkpoint, report)
    assert (tiny_checkpoint.path / "trust.json").is_file()
    assert find_report(tiny_checkpoint) == report
    assert find_report(replace(tiny_checkpoint, fingerprint="another")) is None
    newer = report.model_copy(update={"made": "9999-01-01T00:00:00+00:00"})
    write_report(home / "trust" / f"{tiny_checkpoint.fingerprint}.json", newer)
    assert find_report(tiny_checkpoint) == newer
    write_report(tiny_checkpoint.path / "trust.json", report.model_copy(update={"made": "99999"}))
    assert find_report(tiny_checkpoint).made == "99999"
    (home / "trust" / f"{tiny_checkpoint.fingerprint}.json").unlink()
    (tiny_checkpoint.path / "trust.json").write_text("{")
    assert find_report(tiny_checkpoint) is None


def test_a_report_on_a_checkpoint_that_ships_goes_to_the_data_folder(
    tiny_checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = run_checks(tiny_checkpoint, pixels(), "noise", SMALL)
    monkeypatch.setattr("explorer.measures.consistency.reports.SHIPPED_CHECKPOINTS", tiny_checkpoint.path.parent)
    save_report(tiny_checkpoint, report)
    assert not (tiny_checkpoint.path / "trust.json").exists()
    assert find_report(tiny_checkpoint) == report


def good(d: int = 100) -> TrustReport:
    """A report of a model that passes everything; 100 pixel values, so that 1 nat is 0.0144 bits/dimension."""
    flow = FlowLikelihood(
        log_prob=101.0,
        standard_error=1.0,
        energy_log_prob=100.0,
        tolerance=1e-4,
        gradients=100,
        traces=10,
        seconds=1.0,
        energy_seconds=0.01,
    )
    level = {"mean_time_score": 0.0, "time_error": 1.0}
    readings = DimensionalityLevel(psnr=20.0, denoising=50.0, energy=51.0, time_score=60.0, trace=60.5, trace_error=0.1)
    return TrustReport(
        fingerprint="f",
        dataset="noise",
        dimensions=d,
        levels=256,
        psnr=60.0,
        lowest_psnr=-20.0,
        made="2026-01-01T00:00:00+00:00",
        effort="quick",
        images={"nll": 10},
        nll=NllCheck(
            images=10,
            energy=1.0,
            i_mmse=0.0,
            levels=(GapLevel(psnr=60.0, gap=1.0, **level), GapLevel(psnr=-20.0, gap=0.0, **level)),
        ),
        step_aside=StepAside(energies=(10.0, 10.2, 10.4, 10.6), standard_errors=(0.1, 0.1)),
        other=OtherPhotographs(
            dataset="other noise", images=10, energy=2.0, i_mmse=1.0, jpeg_xl=900.0, own_jpeg_xl=850.0
        ),
        heat=(HeatResidual(psnr=20.0, mean=0.001, standard_error=0.001, rms=0.004, trace_error=0.001),),
        flow=(flow, flow),
        dimensionality=DimensionalityCheck(levels=(readings,), time_score_seconds=0.1, trace_seconds=1.0),
        normalization=NormalizationCheck(
            large_noise=LogPartition(value=0.01, standard_error=0.001),
            annealed=LogPartition(value=0.5, standard_error=0.2),
        ),
    )


def empty() -> TrustReport:
    """A report before anything was measured."""
    sections = ("images", "nll", "step_aside", "other", "heat", "flow", "dimensionality", "normalization")
    return TrustReport.model_validate(good().model_dump(exclude=set(sections)))


def outcome(report: TrustReport, name: str) -> Verdict:
    return next(verdict for verdict in verdicts(report) if verdict.name == name)


def test_a_good_model_passes_everything() -> None:
    assert [verdict.passed for verdict in verdicts(good())] == [True] * 9
    assert all(verdict.sentence.endswith((".", "as fast.")) for verdict in verdicts(good()))


def test_each_failure_is_told_with_where_and_how_much() -> None:
    report = good()
    level = {"mean_time_score": 0.0, "time_error": 1.0}
    far = (
        GapLevel(psnr=60.0, gap=9.0, **level),
        GapLevel(psnr=20.0, gap=8.0, **level),
        GapLevel(psnr=-20.0, gap=0.0, **level),
    )
    gap = outcome(
        report.model_copy(update={"nll": NllCheck(images=2, energy=9, i_mmse=0, levels=far)}), "Likelihood, read twice"
    )
    assert gap.passed is False
    assert "+0.130 bits/dimension" in gap.sentence
    assert "between −20 and 20 dB" in gap.sentence

    wrong = (GapLevel(psnr=60.0, gap=9.0, **level), GapLevel(psnr=-20.0, gap=8.0, **level))
    check = NllCheck(images=2, energy=9, i_mmse=0, levels=wrong)
    assert (
        "the constant is wrong" in outcome(report.model_copy(update={"nll": check}), "Likelihood, read twice").sentence
    )

    hot = report.heat[0].model_copy(update={"rms": 0.5})
    heat = outcome(report.model_copy(update={"heat": (*report.heat, hot)}), "Heat equation")
    assert heat.passed is False
    assert "0.5000 nats" in heat.sentence

    off = report.flow[0].model_copy(update={"log_prob": 90.0})
    flow = outcome(report.model_copy(update={"flow": (off,)}), "Probability flow")
    assert flow.passed is False
    assert "−0.144 bits/dimension" in flow.sentence
    assert "100 times as fast" in flow.sentence

    lost = report.flow[0].model_copy(update={"log_prob": float("nan")})
    flow = outcome(report.model_copy(update={"flow": (lost, report.flow[0])}), "Probability flow")
    assert flow.passed is False
    assert "cannot be followed" in flow.sentence

    apart = report.dimensionality.levels[0].model_copy(update={"trace": 40.0})
    check = report.dimensionality.model_copy(update={"levels": (apart,)})
    clean = outcome(report.model_copy(update={"dimensionality": check}), "Dimensionality at the image")
    assert clean.passed is False
    assert "60.0 and 40.0 dimensions" in clean.sentence
    assert "They agree at 0 of 1 noise levels" in clean.sentence

    astray = report.dimensionality.levels[0].model_copy(update={"trace": 7e7})
    check = report.dimensionality.model_copy(update={"levels": (*report.dimensionality.levels, astray)})
    clean = outcome(report.model_copy(update={"dimensionality": check}), "Dimensionality at the image")
    assert clean.value == "over 1,000 %"
    assert "7e+07" in clean.sentence
    assert "They agree at 1 of 2 noise levels" in clean.sentence


@pytest.mark.parametrize(
    ("value", "error", "passed"),
    [(0.5, 0.2, True), (30.0, 1.0, False), (2.5, 1.0, None), (1.5, 1.0, None), (float("nan"), 1.0, False)],
)
def test_annealing_decides_only_when_it_can(value: float, error: float, passed: bool | None) -> None:
    report = good()
    annealed = LogPartition(value=value, standard_error=error)
    both = NormalizationCheck(large_noise=report.normalization.large_noise, annealed=annealed)
    verdict = outcome(report.model_copy(update={"normalization": both}), "Normalization by annealing")
    assert verdict.passed is passed
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
    step = StepAside(energies=(5.0, 5.0 + jump, 5.0, 5.0), standard_errors=(error, error))
    verdict = outcome(good().model_copy(update={"step_aside": step}), "A step aside")
    assert verdict.passed is passed
    assert ("too large to decide" in verdict.sentence) == (passed is None)
    assert ("learned a grid" in verdict.sentence) == (passed is False)
    if abs(jump) == 9:
        assert "rolled by 2 pixels" in verdict.sentence
        assert "0.130" in verdict.value  # 9 / (100 ln 2)
        assert "0.02" in verdict.sentence


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
    report = good()
    other = report.other.model_copy(update=changes)
    verdict = outcome(report.model_copy(update={"other": other}), "On other photographs")
    assert verdict.passed is passed
    for number in ("8.014", "9.000", "8.500", "+0.014"):  # 8 + 1 / (100 ln 2), the files, and the gap at home
        assert number in verdict.sentence or changes
    for sentence in ("data set, not images", "on either", "The gap opens"):
        assert (sentence in verdict.sentence) == (meaning is not None and sentence in meaning) or "nan" in str(changes)
    assert meaning is None or meaning in verdict.sentence


def test_a_gap_on_both_data_sets_is_told_as_such() -> None:
    report = good()
    far = report.nll.model_copy(update={"energy": 9.0})
    other = report.other.model_copy(update={"energy": 9.0})
    verdict = outcome(report.model_copy(update={"nll": far, "other": other}), "On other photographs")
    assert "too large on both" in verdict.sentence


def test_a_report_from_before_the_later_checks_opens(tiny_checkpoint: Checkpoint) -> None:
    save_report(tiny_checkpoint, good().model_copy(update={"fingerprint": tiny_checkpoint.fingerprint}))
    path = tiny_checkpoint.path / "trust.json"
    content = json.loads(path.read_text())
    for name in ("step_aside", "other", "not_applicable"):
        del content[name]
    path.write_text(json.dumps(content))
    report = find_report(tiny_checkpoint)
    assert outcome(report, "Heat equation").passed is True
    for name in ("A step aside", "On other photographs"):
        assert outcome(report, name)[1:4] == (None, "–", "Not measured yet.")


def test_what_was_not_run_says_so() -> None:
    report = empty()
    assert {verdict.passed for verdict in verdicts(report)} == {None}
    assert len(verdicts(report)) == 9
    assert {verdict.outcome for verdict in verdicts(report)} == {"open"}


def test_numbers_that_are_not_finite_never_pass_and_survive_the_disk() -> None:
    report = good()
    nan = float("nan")
    broken = report.model_copy(
        update={
            "nll": NllCheck(
                images=2, energy=nan, i_mmse=0, levels=(GapLevel(psnr=60, gap=nan, mean_time_score=0, time_error=0),)
            ),
            "heat": (report.heat[0].model_copy(update={"rms": nan}),),
            "flow": (report.flow[0].model_copy(update={"log_prob": float("inf")}),),
            "normalization": NormalizationCheck(large_noise=LogPartition(value=nan, standard_error=nan)),
        }
    )
    named = {verdict.name: verdict.passed for verdict in verdicts(broken)}
    for name in ("Likelihood, read twice", "Heat equation", "Probability flow", "Normalization at large noise"):
        assert named[name] is False
    assert TrustReport.model_validate_json(broken.model_dump_json()).nll.levels[0].psnr == 60


@pytest.mark.parametrize(
    "changes",
    [
        {"dimensions": 0},
        {"dimensions": 10**300},
        {"levels": 0},
        {"heat": []},
        {"flow": []},
        {"step_aside": {"energies": [1.0, 2.0], "standard_errors": []}},
        {"step_aside": {"energies": [1.0, 2.0, 3.0], "standard_errors": [1.0, 1.0]}},
        {"not_applicable": ["heat"]},
        {"nll": {"images": 1, "energy": 1.0, "i_mmse": 1.0, "levels": []}},
        {"dimensionality": {"levels": [], "time_score_seconds": 1.0, "trace_seconds": 1.0}},
    ],
    ids=str,
)
def test_a_report_that_cannot_be_is_none(tiny_checkpoint: Checkpoint, changes: dict[str, object]) -> None:
    save_report(tiny_checkpoint, good().model_copy(update={"fingerprint": tiny_checkpoint.fingerprint}))
    assert find_report(tiny_checkpoint) is not None
    path = tiny_checkpoint.path / "trust.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    assert find_report(tiny_checkpoint) is None
