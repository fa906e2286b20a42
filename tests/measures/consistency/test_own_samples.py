"""Samples of a density against data that are its own, and data that are not."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from explorer.images import Values
from explorer.measures.consistency.check import Conditions, Subject
from explorer.measures.consistency.own_samples import OwnSamples, OwnSamplesCheck
from explorer.measures.consistency.verdict import Verdict
from explorer.models.analytic import Gaussian, GaussianScaleMixture
from explorer.models.base import EnergyModel
from tests.measures.consistency.examples import good, own_samples
from tests.measures.sampling.distributions import T0, T_START, D, contrasts, gaussian

CHECK = OwnSamplesCheck(1000, samples=1000, steps=60, moves=40)
CONDITIONS = Conditions(image_shape=(1, 6, 6), levels=256, psnr=30, lowest_psnr=-30)


def wide() -> Gaussian:
    """Twice the variance of `gaussian`."""
    density = gaussian()
    covariance = 2 * density.eigenvectors @ torch.diag(density.eigenvalues) @ density.eigenvectors.T
    return Gaussian(density.mean, covariance, T0)


def checked(model: EnergyModel, x: Tensor) -> tuple[OwnSamples, Verdict]:
    reports: list[tuple[int, int | None]] = []
    pixels = np.zeros((2, 1, 6, 6), np.uint8)
    subject = Subject(model, Values(), CONDITIONS, pixels, x, T0, T_START)
    measured = CHECK.run(subject, lambda *report: reports.append(report))
    assert [done for done, _ in reports] == list(range(1, (reports[-1][1] or 0) + 1))
    return measured, CHECK.judge(measured, CONDITIONS)


def draw(density: Gaussian | GaussianScaleMixture) -> Tensor:
    return density.sample(1000, torch.Generator().manual_seed(0))


def test_a_gaussian_passes_on_its_own_images() -> None:
    """Its entropy is known; the mean of 1,000 energies has a standard error of 0.005 bits/dimension."""
    density = gaussian()
    measured, verdict = checked(density, draw(density))
    entropy = 0.5 * float(torch.log(2 * math.pi * math.e * (density.eigenvalues.double() + T0)).sum())
    last = measured.levels[-1]
    assert last.psnr == pytest.approx(30)
    assert last.samples == pytest.approx(entropy, abs=4 * last.samples_error + 0.01 * D)
    assert last.data == pytest.approx(entropy, abs=4 * last.data_error)
    assert verdict.outcome == "passes"
    assert len(measured.levels) == 7
    for level in measured.levels:
        assert level.samples == pytest.approx(level.data, abs=4 * math.hypot(level.samples_error, level.data_error))
    for drift in (measured.samples_drift, measured.data_drift):
        assert abs(drift.mean) < 4 * drift.standard_error


def test_a_scale_mixture_finds_no_difference_on_its_own_images() -> None:
    """Its log p is so wide that the error decides: three contrasts of which each image has one."""
    density = contrasts()
    measured, verdict = checked(density, draw(density))
    assert verdict.outcome in ("passes", "open")
    assert verdict.measured == pytest.approx(0, abs=4 * (verdict.error or 0))
    assert abs(measured.data_drift.mean) < 4 * measured.data_drift.standard_error


@pytest.mark.parametrize("is_wide", [True, False])
def test_a_gaussian_of_another_width_does_not_pass_and_the_density_is_named(is_wide: bool) -> None:
    """With twice the variance the entropy is 1/2 - 1/4 of a nat/dimension above the cross-entropy where there is no
    noise, with half of it 1/2 below; the noise takes some of that."""
    model, data = (wide(), gaussian()) if is_wide else (gaussian(), wide())
    measured, verdict = checked(model, draw(data))
    assert verdict.outcome == "does not pass"
    noisy = data.eigenvalues.double() + T0
    ratio = noisy / (model.eigenvalues.double() + T0)
    assert verdict.measured == pytest.approx(float((1 - ratio).mean()) / 2 / math.log(2), abs=0.03)
    assert measured.data_drift.mean * verdict.measured > 0
    assert ("The density differs from that of the data" in verdict.sentence) is True
    assert ("room for images" in verdict.sentence) == is_wide
    assert ("lacks variety" in verdict.sentence) != is_wide
    assert "The sampler has not" not in verdict.sentence


def test_an_energy_that_is_not_finite_does_not_pass() -> None:
    class Broken(Gaussian):
        def energy(self, y: Tensor, t: Tensor) -> Tensor:
            return super().energy(y, t) + torch.where(t < 0.1, math.nan, 0.0)

    broken = Broken(gaussian().mean, 0.04 * torch.eye(D), T0)
    _, verdict = checked(broken, draw(gaussian()))
    assert verdict.outcome == "does not pass"
    assert verdict.value == "not finite"


@pytest.mark.parametrize(
    ("arguments", "outcome", "said"),
    [
        ((1.0,), "passes", ""),
        ((30.0,), "does not pass", "Both drifts are small"),
        ((30.0, 0.0, 20.0), "does not pass", "The density differs"),
        ((30.0, -20.0, 0.0), "open", "The sampler has not reached the density"),
        ((30.0, -8.0, 9.0), "does not pass", "a part of the difference is its own. The density differs"),
        ((8.0, 0.0, 0.0), "open", "too large to decide"),
    ],
)
def test_what_drifts_is_told(arguments: tuple[float, ...], outcome: str, said: str) -> None:
    """100 values: the threshold of 0.1 bits/dimension is 6.9 nats. What samples still drift is an error."""
    verdict = CHECK.judge(own_samples(*arguments), good().conditions)
    assert verdict.outcome == outcome
    assert said in verdict.sentence


def test_a_slow_model_gets_fewer_samples() -> None:
    few = CHECK.fitted(0.01)
    assert (few.images, few.samples) == (10, 10)
    assert CHECK.fitted(1e-9).samples == 4
    assert few.cost(CONDITIONS) < 0.02 * CHECK.cost(CONDITIONS)
