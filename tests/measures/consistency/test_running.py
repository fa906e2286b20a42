"""All checks at once, and how much of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from explorer.errors import ExplorerError
from explorer.images import Values
from explorer.measures.consistency.check import Conditions
from explorer.measures.consistency.checks import FULL, QUICK
from explorer.measures.consistency.report import Report
from explorer.measures.consistency.running import run_checks
from explorer.measures.image import flow as flow_module
from explorer.models.checkpoints import Checkpoint, load_checkpoint
from tests.conftest import write_tiny_checkpoint
from tests.measures.consistency.examples import SMALL, outcome, pixels

VALUES = Values(levels=17)


def test_every_check_is_run_kept_and_told(tiny_checkpoint: Checkpoint) -> None:
    kept: list[Report] = []
    said: list[tuple[str, float]] = []
    report = run_checks(
        tiny_checkpoint.model, VALUES, pixels(), SMALL, progress=lambda *step: said.append(step), keep=kept.append
    )
    assert report == kept[-1]
    assert {name: measured.images for name, measured in report.results.items()} == {
        "large_noise": 6,
        "likelihood": 6,
        "heat_equation": 4,
        "noisy_dimensionality": 4,
        "clean_dimensionality": 4,
        "flow": 2,
        "annealing": 8,
        "own_samples": 4,
    }
    shares = [round(share, 6) for _, share in said]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    # A stop after any check leaves those before it.
    assert [list(part.results) for part in kept] == [list(report.results)[:count] for count in range(1, 9)]


def test_what_is_known_is_not_measured_again(tiny_checkpoint: Checkpoint) -> None:
    whole = run_checks(tiny_checkpoint.model, VALUES, pixels(), SMALL)
    known = {name: measured for name, measured in whole.results.items() if name != "heat_equation"}
    said: list[str] = []
    again = run_checks(
        tiny_checkpoint.model, VALUES, pixels(), SMALL, known=known, progress=lambda title, _: said.append(title)
    )
    assert set(said) == {"Heat equation"}
    assert again.results == whole.results


def test_larger_images_of_all_levels_have_two_checks_more(home: Path) -> None:
    write_tiny_checkpoint(home / "checkpoints" / "large", (1, 32, 32))
    large = load_checkpoint("large", "cpu")
    images, others = np.random.default_rng(1).integers(0, 256, (2, 8, 1, 32, 32), dtype=np.uint8)
    kept: list[Report] = []
    report = run_checks(large.model, large.values, images, SMALL, other=("more noise", others), keep=kept.append)
    left_out = [verdict.check for verdict in report.verdicts() if verdict.outcome == "not applicable"]
    assert left_out == ["memorization", "annealing"]
    assert "above 256 dimensions" in outcome(report, "annealing").sentence
    step, photographs = report.results["step_aside"], report.results["other_photographs"]
    assert (step.images, photographs.images, photographs.other_images) == (5, 6, 3)
    assert len(step.rolled.energies) == 17
    assert report.conditions.other == "more noise"
    # Noise of eight bits a pixel, which no codec shortens, from one source: every estimate is the same on both.
    own, other = photographs.own, photographs.other
    assert abs(report.conditions.bits_per_dimension(own.energy - other.energy)) < 0.15
    assert abs(report.conditions.bits_per_dimension(own.i_mmse - other.i_mmse)) < 0.15
    assert abs(own.jpeg_xl - other.jpeg_xl) / 1024 < 0.15
    assert 8 < own.jpeg_xl / 1024 < 10
    assert ["step_aside" in part.results for part in kept] == [False, False] + [True] * 7
    assert Report.model_validate_json(report.model_dump_json()) == report

    alone = run_checks(large.model, large.values, images, SMALL)
    assert outcome(alone, "other_photographs").outcome == "not applicable"
    assert "--other DATA" in outcome(alone, "other_photographs").sentence
    with pytest.raises(ExplorerError, match="more noise has fewer"):
        run_checks(large.model, large.values, images, SMALL, other=("more noise", others[:1]))


def test_checks_that_mean_nothing_for_a_model_say_why(tiny_checkpoint: Checkpoint) -> None:
    report = run_checks(tiny_checkpoint.model, VALUES, pixels(), SMALL, other=("noise", pixels()))
    assert not {"step_aside", "other_photographs"} & report.results.keys()
    assert "fewer than 32 pixels" in outcome(report, "step_aside").sentence
    assert "model have 17" in outcome(report, "other_photographs").sentence
    assert outcome(report, "step_aside").outcome == "not applicable"


def test_memorization_needs_the_training_images(tiny_checkpoint: Checkpoint) -> None:
    own = (pixels(9), pixels(7)[::-1])
    report = run_checks(tiny_checkpoint.model, VALUES, pixels(), SMALL, own=own)
    measured = report.results["memorization"]
    assert (measured.images, measured.fresh, len(measured.levels)) == (4, 4, 3)
    assert measured.levels[0].psnr == pytest.approx(report.conditions.psnr)
    assert Report.model_validate_json(report.model_dump_json()) == report

    alone = run_checks(tiny_checkpoint.model, VALUES, pixels(), SMALL)
    assert outcome(alone, "memorization").outcome == "not applicable"
    assert "are not known here" in outcome(alone, "memorization").sentence
    with pytest.raises(ExplorerError, match="two own and two fresh"):
        run_checks(tiny_checkpoint.model, VALUES, pixels(), SMALL, own=(pixels(), pixels(1)))


def test_the_same_seed_gives_the_same_report(tiny_checkpoint: Checkpoint) -> None:
    first, second = (run_checks(tiny_checkpoint.model, VALUES, pixels(), SMALL).results for _ in range(2))
    for name in ("large_noise", "likelihood", "heat_equation", "noisy_dimensionality", "annealing"):
        assert first[name] == second[name]
    assert [flow.log_prob for flow in first["flow"].flows] == [flow.log_prob for flow in second["flow"].flows]


def test_a_flow_that_is_lost_is_not_tried_again(tiny_checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow_module, "_MOST_GRADIENTS", 5)
    report = run_checks(tiny_checkpoint.model, VALUES, pixels(), SMALL)
    flow = report.results["flow"]
    assert flow.images == len(flow.flows) == 1
    assert flow.flows[0].gradients == 6
    assert "annealing" in report.results  # the checks go on


@pytest.mark.parametrize(
    ("images", "problem"),
    [
        (pixels(1), "at least two images"),
        (pixels(4, side=9), r"shape \(1, 9, 9\)"),
        (pixels(4) / 255, "8-bit"),
    ],
)
def test_images_that_do_not_fit_are_refused(tiny_checkpoint: Checkpoint, images: np.ndarray, problem: str) -> None:
    with pytest.raises(ExplorerError, match=problem):
        run_checks(tiny_checkpoint.model, VALUES, images, SMALL)


def test_a_slow_model_gets_fewer_images() -> None:
    large = Conditions(image_shape=(1, 32, 32), levels=256, psnr=60.0, lowest_psnr=-20.0, other="others")
    assert QUICK.fitted(1e-6, large) == QUICK
    assert FULL.fitted(100.0, large) == FULL
    before, after = ({check.name: check for check in each.checks} for each in (QUICK, QUICK.fitted(0.05, large)))
    assert 2 <= after["flow"].images <= after["heat_equation"].images < before["heat_equation"].images
    assert after["heat_equation"].levels == before["heat_equation"].levels
    assert 2 <= after["other_photographs"].images < after["step_aside"].images <= before["step_aside"].images
    slowest = {check.name: check for check in QUICK.fitted(100.0, large).checks}
    assert slowest["step_aside"].images == 2
    assert FULL.images > QUICK.images
    assert replace(QUICK, seconds=None).fitted(100.0, large).checks == QUICK.checks
