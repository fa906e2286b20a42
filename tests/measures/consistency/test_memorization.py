"""The check of memorization, on what knows its images and on what does not."""

from __future__ import annotations

import pytest
import torch

from explorer.images import Values
from explorer.measures.consistency.check import Conditions, Subject
from explorer.measures.consistency.memorization import MemorizationCheck
from explorer.models.analytic import Gaussian, power_law_covariance
from explorer.models.base import EnergyModel
from explorer.models.memory import Memory
from tests.measures.consistency.examples import good, memorization, outcome, with_result

VALUES = Values()
CHECK = MemorizationCheck(800, levels=3)


@pytest.fixture(scope="module")
def subject() -> Subject:
    """The true density of 8 x 8 images, and two sets of them."""
    truth = Gaussian(torch.full((1, 8, 8), 0.5), power_law_covariance(8, 0.02).float(), t0=1e-4)
    own, fresh = (
        VALUES.to_pixels(truth.sample(count, torch.Generator().manual_seed(count))).numpy() for count in (800, 900)
    )
    conditions = Conditions(image_shape=(1, 8, 8), levels=256, psnr=40.0, lowest_psnr=-20.0, own=True)
    x = VALUES.centers(torch.from_numpy(own))
    return Subject(truth, VALUES, conditions, own, x, 1e-4, 100.0, own=(own, fresh))


def judged(subject: Subject, model: EnergyModel) -> tuple[str, float]:
    measured = CHECK.run(Subject(**{**vars(subject), "model": model}), lambda _done, _total: None)
    verdict = CHECK.outcome(measured, subject.conditions)
    assert verdict.measured is not None
    return verdict.outcome, verdict.measured


def test_a_density_of_the_distribution_passes(subject: Subject) -> None:
    outcome_, difference = judged(subject, subject.model)
    assert outcome_ == "passes"
    assert abs(difference) < 0.05


def test_a_memory_does_not(subject: Subject) -> None:
    outcome_, difference = judged(subject, Memory(subject.x, t0=1e-4))
    assert outcome_ == "does not pass"
    assert difference > 1


@pytest.mark.parametrize(
    ("nats", "error", "expected"),
    [
        (2.0, 0.1, "passes"),
        (5.0, 0.1, "does not pass"),
        (4.0, 0.5, "open"),
        (-50.0, 0.1, "passes"),  # less probable than fresh ones: remembered they are not
        (float("nan"), 0.1, "does not pass"),
    ],
)
def test_only_own_images_that_are_too_probable_count(nats: float, error: float, expected: str) -> None:
    """100 pixel values: 0.05 bits/dimension are 3.5 nats."""
    assert outcome(with_result(good(), "memorization", memorization(nats, error)), "memorization").outcome == expected
