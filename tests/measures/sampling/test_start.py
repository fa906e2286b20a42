"""Where samplers start."""

from __future__ import annotations

import math

import pytest
import torch

from explorer.errors import ExplorerError
from explorer.measures.sampling.plan import plan
from explorer.measures.sampling.sample import sample
from explorer.measures.sampling.start import divergence_from_gaussian, gaussian_of, late_start, start
from explorer.models.anchor import SpectralGaussian
from explorer.models.checkpoints import Checkpoint
from tests.measures.sampling.distributions import gaussian

SHAPE = (1, 4, 4)


class TwoContrasts(SpectralGaussian):
    """A scale mixture on a spectral Gaussian: the variances are the mixture's, so that the Gaussian is the best one."""

    def energy(self, y: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        z, parts = self.coefficients(y), []
        for factor in (0.2, 1.8):
            total = factor * self.variances + t.view(-1, 1, 1, 1)
            parts.append(0.5 * (torch.log(2 * math.pi * total) + z.square() / total).flatten(1).sum(1))
        return math.log(2) - torch.logsumexp(-torch.stack(parts), 0)


class WithGaussian(TwoContrasts):
    """A model beside its Gaussian."""

    def __init__(self) -> None:
        super().__init__(SHAPE, 1e-3)
        x = 0.5 + 0.2 * torch.randn(500, *SHAPE, generator=torch.Generator().manual_seed(0))
        self.gaussian = SpectralGaussian(SHAPE, 1e-3).fit(x)
        self.fit(x)


def test_the_start_of_a_network_has_the_mean_and_variances_of_its_data(tiny_checkpoint: Checkpoint) -> None:
    model, t, count = tiny_checkpoint.model, 0.01, 4000
    known = gaussian_of(model)
    assert known is model.gaussian
    y = start(model, t, count, torch.Generator().manual_seed(0))
    z = known.coefficients(y)
    ratios = z.square().mean(0) / (known.variances + t)
    assert float((ratios - 1).abs().max()) < 5 * math.sqrt(2 / count)


def test_without_a_gaussian_it_is_noise_about_the_mean() -> None:
    density, t, count = gaussian(), 1e4, 2000
    assert gaussian_of(density) is None
    y = start(density, t, count, torch.Generator().manual_seed(0))
    assert float((y - density.mean).mean(0).abs().max()) < 4 * math.sqrt(t / count)
    assert float(y.var(0).mean()) == pytest.approx(t, rel=0.02)
    assert start(density.double(), t, 2, torch.Generator()).dtype == torch.float64


def test_the_divergence_is_that_of_the_two_densities() -> None:
    """``E L`` over 100,000 draws, where it is small: half the variance of ``L`` is it to second order."""
    model = WithGaussian()
    t = 0.08
    generator = torch.Generator().manual_seed(1)
    y = start(model, t, 100_000, generator)
    exact = float((model.gaussian.log_prob(y, t) - TwoContrasts.log_prob(model, y, t)).double().mean())
    model_gaussian = divergence_from_gaussian(model, t, draws=100_000)
    assert 0.001 < exact < 0.2
    assert model_gaussian == pytest.approx(exact, rel=0.25)


def test_late_is_where_the_divergence_is_the_tolerance() -> None:
    model = WithGaussian()
    t = late_start(model, 100.0, 1e-3, tolerance=0.05, draws=2000)
    assert divergence_from_gaussian(model, t, draws=2000) <= 0.05
    assert divergence_from_gaussian(model, t / 2, draws=2000) > 0.05


def test_a_model_that_is_its_gaussian_nowhere_starts_at_large_noise() -> None:
    assert late_start(WithGaussian(), 1.0, 1e-3, tolerance=0.0) == 1.0


def test_a_late_start_saves_gradients_and_changes_no_sample_much() -> None:
    """Log p of samples after a late start, against those of all steps: means to 4 standard errors."""
    model = WithGaussian()
    whole = sample(model, 1000, sampler="flow", steps=100, t_start=100.0)
    late = sample(model, 1000, sampler="flow", steps=100, t_start=100.0, late=True, seed=1)
    assert late.trace is not None
    assert whole.trace is not None
    way = late.trace.plan
    assert way.saved > 50
    assert way.gradients + way.saved == whole.trace.plan.gradients
    assert len(late.trace.psnr) == (way.gradients + 1) / 2
    error = math.hypot(float(whole.log_prob.std()), float(late.log_prob.std())) / math.sqrt(1000)
    assert float(late.log_prob.mean()) == pytest.approx(float(whole.log_prob.mean()), abs=4 * error)


def test_late_needs_a_gaussian() -> None:
    with pytest.raises(ExplorerError, match="no Gaussian"):
        plan(gaussian(), t_start=100.0, late=True)
