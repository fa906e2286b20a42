"""Photographs drawn scale by scale, from densities that are known."""

import itertools
import math

import pytest
import torch

from explorer.errors import ExplorerError
from explorer.measures.sampling.plan import follow, plan
from explorer.measures.sampling.sample import sample
from explorer.measures.sampling.scales import draw_photographs, sizes_above
from explorer.models.conditional import ConditionalEnergy
from explorer.models.details import GivenCoarse
from explorer.models.haar import haar
from explorer.models.multiscale import MultiscaleDensity
from explorer.models.stationary import StationaryGaussian, power_law_spectrum
from tests.conftest import tiny_multiscale

T0 = 1e-3


def stationary(size: int = 8) -> StationaryGaussian:
    return StationaryGaussian(power_law_spectrum(size, 0.05), 0.5, T0)


def test_details_have_the_conditional_mean_and_covariance() -> None:
    """Against the 64 dense Haar coefficients, by Schur's complement."""
    whole = stationary()
    units = torch.eye(64).double().view(-1, 1, 8, 8)
    rows = [torch.cat([part.flatten() for part in haar(unit[None])]) for unit in units]
    transform = torch.stack(rows).T
    pixels = torch.fft.ifft2(torch.fft.fft2(units[:, 0]) * whole.spectrum).real.reshape(64, 64)
    covariance = transform @ pixels @ transform.T + T0 * torch.eye(64)
    cc, dc, dd = covariance[:16, :16], covariance[16:, :16], covariance[16:, 16:]
    coarse = whole.halved().sample(1, torch.Generator().manual_seed(3))
    mean = dc @ torch.linalg.solve(cc, (2 * coarse - 1.0).flatten())
    given = GivenCoarse(whole.details(), coarse, 0, T0)
    *_, state = follow(given, plan(given, "flow", 60, t_end=T0), 4000, 0)
    drawn = state.y.flatten(1)
    truth = dd - dc @ torch.linalg.solve(cc, dc.T)
    spread = truth.diagonal().sqrt()
    assert ((drawn.mean(0) - mean).abs() / spread).max() < 0.07
    correlation = torch.cov(drawn.T) / spread / spread[:, None]
    assert (correlation - truth / spread / spread[:, None]).abs().max() < 0.12


def test_a_coarse_image_keeps_its_form() -> None:
    whole = stationary(16)
    model = MultiscaleDensity(whole.halved().halved(), [whole.details(), whole.halved().details()], T0, 16)
    coarse = whole.halved().halved().sample(1, torch.Generator().manual_seed(0))[0]
    states = list(draw_photographs(model, 16, 3, coarse, steps=8))
    assert [state.level for state in states] == [1] * 27 + [0] * 27  # a state after each step of each photograph
    assert [state.images.shape[-1] for state in states] == [8] * 27 + [16] * 27
    shares = [state.share for state in states]
    assert shares == sorted(shares)
    assert max(b - a for a, b in itertools.pairwise(shares)) < 0.04  # to stop does not wait for the others
    first, second, third = states[0].images
    assert (first - second).abs().max() > 0
    torch.testing.assert_close(second, third, atol=0.1, rtol=0)  # no details yet, but noise of their own
    torch.testing.assert_close(states[0].images[:1], states[1].images[:1], atol=0, rtol=0)
    assert shares[-1] == 1
    assert all(state.y is None for state in states[:-1])
    y = states[-1].y
    assert y is not None
    left = torch.nn.functional.avg_pool2d(y, 4) - coarse
    assert float(left.square().mean()) == pytest.approx(T0 / 16, rel=0.5)
    assert (y[0] - y[1]).abs().max() > 0.05
    alone = list(draw_photographs(model, 16, 1, coarse, steps=8))[-1].y
    assert alone is not None
    assert alone.shape == (1, 1, 16, 16)


def test_from_nothing_they_have_the_distribution() -> None:
    whole = stationary(8)
    model = MultiscaleDensity(whole.halved(), [whole.details()], T0, 8)
    y = list(draw_photographs(model, 8, 100, steps=20, seed=1))[-1].y
    assert y is not None
    entropy = 0.5 * torch.log(2 * math.pi * math.e * (whole.spectrum + T0)).sum()
    nats = -model.log_prob(y)
    assert float(nats.mean()) == pytest.approx(float(entropy), abs=4 * float(nats.std()) / 100**0.5)
    power = torch.fft.fft2(y[:, 0] - 0.5, norm="ortho").abs().square().mean(0) / (whole.spectrum + T0)
    assert float(power.mean()) == pytest.approx(1, abs=0.08)


def test_sample_draws_them_to_the_end() -> None:
    whole, told = stationary(8), []
    model = MultiscaleDensity(whole.halved(), [whole.details()], T0, 8)
    found = sample(model, 3, steps=6, seed=2, progress=lambda *report: told.append(report))
    states = list(draw_photographs(model, 8, 3, steps=6, seed=2))
    assert states[-1].y is not None
    torch.testing.assert_close(found.y, states[-1].y)
    torch.testing.assert_close(found.images, states[-1].images)
    torch.testing.assert_close(found.log_prob, model.log_prob(found.y))
    assert (found.t, found.trace) == (T0, None)
    assert told == sorted(told)
    assert told[-1] == (100, 100)
    large = sample(tiny_multiscale(), 1, size=16, steps=2)
    assert large.images.shape == (1, 1, 16, 16)
    assert sample(tiny_multiscale(), 1, steps=2).images.shape == (1, 1, 32, 32)


def test_a_network_starts_from_its_gaussian() -> None:
    model = tiny_multiscale()
    step = model.step(0)
    assert isinstance(step, ConditionalEnergy)
    coarse = torch.rand(1, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    given = GivenCoarse(step, coarse, 1, 1e-7)
    gaussian = given.gaussian
    assert gaussian is not None
    normal = torch.randn(2000, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    y = gaussian.draw(0.5, normal)
    assert float((y - gaussian.draw(0.5, torch.zeros(1, 3, 8, 8))).var()) == pytest.approx(1.5, rel=0.02)
    energy = gaussian.energy(y, torch.full((2000,), 0.5))
    assert float(energy.mean()) == pytest.approx(192 * 0.5 * math.log(2 * math.pi * math.e * 1.5), rel=0.01)
    states = list(draw_photographs(model, 16, 2, steps=3))
    assert torch.isfinite(states[-1].images).all()
    assert tuple(states[-1].images.shape) == (2, 1, 16, 16)


def test_what_cannot_be_drawn_is_refused() -> None:
    model = tiny_multiscale()
    with pytest.raises(ExplorerError, match=r"cannot be drawn from 8\. Choose one of 16, 32"):
        next(draw_photographs(model, 24))
    with pytest.raises(ExplorerError, match="cannot be drawn from 32"):
        next(draw_photographs(model, 32, coarse=torch.rand(1, 32, 32)))
    with pytest.raises(ExplorerError, match="no sampler"):
        next(draw_photographs(model, 16, sampler="magic"))
    with pytest.raises(ExplorerError, match="a late start"):
        sample(model, 1, size=16, late=True)
    with pytest.raises(ExplorerError, match="a late start"):
        sample(model, 1, size=16, t_end=1e-3)
    assert sizes_above(32, 256) == [64, 128, 256]
