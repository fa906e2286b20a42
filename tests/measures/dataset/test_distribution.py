"""The distribution of log p: recovers laws that are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import gumbel_r

from explorer.measures.dataset.distribution import fit_gaussian, fit_gumbel, summary
from explorer.units import convert_log_prob


def test_gumbel_fit_recovers_location_and_scale() -> None:
    values = gumbel_r.rvs(9.57, 3.17, size=20_000, random_state=0)
    fit = fit_gumbel(values)
    assert fit.location == pytest.approx(9.57, abs=0.1)
    assert fit.scale == pytest.approx(3.17, abs=0.1)


def test_gumbel_fit_is_the_maximum_of_the_likelihood() -> None:
    values = np.random.default_rng(1).gamma(2.0, 3.0, 500)
    fit = fit_gumbel(values)
    best = fit.log_density(values).sum()
    for step in (-1e-3, 1e-3):
        assert best >= fit._replace(location=fit.location + step).log_density(values).sum()
        assert best >= fit._replace(scale=fit.scale + step).log_density(values).sum()


def test_fit_follows_the_unit() -> None:
    nats = 10_000 + 300 * gumbel_r.rvs(size=1_000, random_state=2)
    decibels = fit_gumbel(convert_log_prob(nats, "dB/dim", 4096))
    fit = fit_gumbel(nats)
    assert decibels.location == pytest.approx(convert_log_prob(fit.location, "dB/dim", 4096), rel=1e-6)
    assert decibels.scale == pytest.approx(convert_log_prob(fit.scale, "dB/dim", 4096), rel=1e-6)


def test_gumbel_gain_tells_the_two_laws_apart() -> None:
    rng = np.random.default_rng(3)
    assert summary(rng.gumbel(100, 10, 5_000), 64).gumbel_gain > 0.05
    assert summary(rng.normal(100, 10, 5_000), 64).gumbel_gain < -0.05


def test_entropy_and_count_of_a_uniform_law() -> None:
    """Uniform over a tenth of the unit cube: log p = log 10 everywhere, a tenth of all images."""
    found = summary(np.full(50, math.log(10.0)), dimensions=4, levels=256)
    assert found.entropy == pytest.approx(-10.0 / 4)
    assert found.all_images_exponent == pytest.approx(4 * math.log10(256))
    assert found.images_exponent == pytest.approx(found.all_images_exponent - 1)
    assert found.extremes_exponent == 0
    assert found.gumbel is None
    assert found.gumbel_gain is None


def test_summary_of_known_numbers() -> None:
    values = np.arange(101.0) * math.log(10)
    found = summary(np.append(values, [np.nan, np.inf]), dimensions=10)
    assert found.count == 101
    assert found.mean == pytest.approx(50 * math.log(10))
    assert found.median == pytest.approx(50 * math.log(10))
    assert found.std == pytest.approx(values.std())
    assert found.extremes_exponent == pytest.approx(100)
    assert found.typical_exponent == pytest.approx(80)
    assert found.entropy == pytest.approx(-50.0)


def test_nothing_to_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        summary(np.array([np.nan]), 4)
    with pytest.raises(ValueError, match="different"):
        fit_gumbel(np.ones(5))
    with pytest.raises(ValueError, match="different"):
        fit_gaussian(np.array([1.0]))
