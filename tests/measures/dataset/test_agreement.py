"""Agreement of two models, against numpy and scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr

from explorer.measures.dataset.agreement import agreement


def test_numbers_are_those_of_their_definitions() -> None:
    a, b = np.random.default_rng(0).normal(size=(2, 100)) * 1000
    b += a - 300
    numbers = agreement(a, b)
    assert numbers.rms == pytest.approx(np.sqrt(np.mean((b - a) ** 2)))
    assert numbers.mean == pytest.approx(np.mean(b) - np.mean(a))
    assert numbers.rms**2 == pytest.approx(numbers.mean**2 + numbers.spread**2)
    assert numbers.correlation == pytest.approx(pearsonr(a, b).statistic)
    assert numbers.rank_correlation == pytest.approx(spearmanr(a, b).statistic)
    assert numbers.second_higher == (b > a).mean()


def test_a_constant_between_them_is_the_mean_and_nothing_else() -> None:
    a = np.random.default_rng(0).normal(size=100)
    assert agreement(a, a + 5) == pytest.approx((5, 5, 0, 1, 1, 1))
    assert agreement(a, a) == pytest.approx((0, 0, 0, 1, 1, 0))


def test_ranks_do_not_see_a_bent_scale() -> None:
    a = np.random.default_rng(0).normal(size=100)
    numbers = agreement(a, np.exp(3 * a))
    assert numbers.rank_correlation == pytest.approx(1)
    assert numbers.correlation < 0.9


@pytest.mark.parametrize("seed", range(4))
def test_equal_values_share_their_rank(seed: int) -> None:
    a, b = np.random.default_rng(seed).integers(0, 5, (2, 60)).astype(float)
    assert agreement(a, b).rank_correlation == pytest.approx(spearmanr(a, b).statistic)


@pytest.mark.parametrize("constant", [np.full(3, 0.1), np.full(3, -1e4)])
def test_without_variation_there_is_no_correlation(constant: np.ndarray) -> None:
    for pair in ((constant, np.arange(3.0)), (np.arange(3.0), constant)):
        numbers = agreement(*pair)
        assert np.isnan(numbers.correlation)
        assert np.isnan(numbers.rank_correlation)


def test_one_image() -> None:
    numbers = agreement(np.array([1.0]), np.array([3.0]))
    assert numbers[:3] == (2, 2, 0)
    assert np.isnan(numbers.correlation)
