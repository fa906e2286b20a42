"""Stored images, against a mixture of Gaussians that scipy computes, closed forms, and finite differences."""

import math

import numpy as np
import pytest
import torch
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from explorer.errors import ExplorerError
from explorer.measures.shared.laplacian import laplacian
from explorer.models import memory
from explorer.models.memory import Memory

SHAPE = (1, 3, 3)


def normal(count: int, seed: int) -> torch.Tensor:
    return torch.randn(count, *SHAPE, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.fixture
def stored() -> Memory:
    return Memory(normal(7, 0), t0=1e-3)


def test_it_is_a_mixture_of_gaussians(stored: Memory) -> None:
    y, t = normal(5, 1), 0.3
    parts = [multivariate_normal(x.numpy(), t * np.eye(9)).logpdf(y.flatten(1).numpy()) for x in stored.images]
    np.testing.assert_allclose(stored.log_prob(y, t), logsumexp(parts, 0) - math.log(7), rtol=1e-12)


def test_both_derivatives_are_those_of_finite_differences(stored: Memory) -> None:
    y, t, h = normal(4, 2), 0.4, 1e-5
    direction = normal(4, 3)
    now = stored.derivatives(y, t)
    slope = (stored.log_prob(y + h * direction, t) - stored.log_prob(y - h * direction, t)) / (2 * h)
    torch.testing.assert_close((now.score * direction).sum((1, 2, 3)), slope, rtol=1e-7, atol=1e-7)
    change = (stored.log_prob(y, t - h) - stored.log_prob(y, t + h)) / (2 * h)
    torch.testing.assert_close(now.time_score, change, rtol=1e-7, atol=1e-7)


def test_it_obeys_the_heat_equation(stored: Memory) -> None:
    found = laplacian(stored, normal(6, 4), 0.5, None, torch.Generator())
    right = 0.5 * (found.value - found.score.square().sum((1, 2, 3)))
    torch.testing.assert_close(found.time_score, right, rtol=1e-10, atol=1e-10)


def test_the_denoiser_is_the_posterior_mean(stored: Memory) -> None:
    y, t = normal(5, 5), 0.6
    weights = stored.posterior(y, t)
    torch.testing.assert_close(weights.sum(1), torch.ones(5, dtype=torch.float64))
    torch.testing.assert_close(stored.denoise(y, t).flatten(1), weights @ stored.images)


@pytest.mark.parametrize(("dimensions", "count"), [(64, 800), (256, 200)])
def test_noise_is_recalled_up_to_the_collapse(dimensions: int, count: int) -> None:
    """Of images of variance 1, the one that has the noise is told from all others up to ``t = 1 / (N^(2/d) - 1)``."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(count, 1, 1, dimensions, generator=generator, dtype=torch.float64)
    collapse = 1 / (count ** (2 / dimensions) - 1)
    own = []
    for t in (0.5 * collapse, collapse, 2 * collapse):
        y = x[:200] + math.sqrt(t) * torch.randn(x[:200].shape, generator=generator, dtype=torch.float64)
        own.append(float(Memory(x, t0=1e-3).posterior(y, t).diagonal().mean()))
    assert own[0] > 0.9
    assert 0.45 < own[1] < 0.7
    assert own[2] < 0.25


def test_in_parts_it_is_the_same(stored: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    y = normal(3, 6)
    whole, curved = stored.derivatives(y, 0.2), laplacian(stored, y, 0.2, None, torch.Generator())
    monkeypatch.setattr(memory, "_VALUES", 2 * 9)
    assert len(stored._parts()) == 4
    for one, other in zip(whole, stored.derivatives(y, 0.2), strict=True):
        torch.testing.assert_close(one, other)
    torch.testing.assert_close(laplacian(stored, y, 0.2, None, torch.Generator()).value, curved.value)


def test_a_stored_image_with_little_noise_has_the_log_p_of_its_own_gaussian_in_float32() -> None:
    """Far from all others, ``log p = -log N - d/2 log(2 pi t) - ||eps||^2 / 2``: a nat of a hundred thousand."""
    generator, t = torch.Generator().manual_seed(0), 1e-7
    images = torch.rand(3, 1, 64, 64, generator=generator)
    eps = torch.randn(1, 1, 64, 64, generator=generator)
    y = images[:1] + math.sqrt(t) * eps
    exact = -math.log(3) - 2048 * math.log(2 * math.pi * t) - (y - images[:1]).double().square().sum().item() / (2 * t)
    assert Memory(images, t0=t).log_prob(y, t).item() == pytest.approx(exact, abs=0.01)


def test_what_cannot_be_a_memory_is_refused() -> None:
    with pytest.raises(ExplorerError, match="at least one image"):
        Memory(torch.zeros(0, *SHAPE), t0=1e-3)
    with pytest.raises(ValueError, match="t_min"):
        Memory(torch.zeros(1, *SHAPE), t0=0.0)
