"""Own and fresh images under densities that know, or do not know, a set."""

import math

import numpy as np
import pytest
import torch

from explorer.measures.wells.own_and_fresh import adjusted_difference, own_and_fresh
from explorer.models.analytic import Gaussian, power_law_covariance
from explorer.models.memory import Memory


@pytest.fixture(scope="module")
def truth() -> Gaussian:
    return Gaussian(torch.full((1, 8, 8), 0.5, dtype=torch.float64), power_law_covariance(8, 0.04), t0=1e-4)


def images(truth: Gaussian, count: int, seed: int) -> torch.Tensor:
    return truth.sample(count, torch.Generator().manual_seed(seed))


def test_the_true_density_knows_no_image(truth: Gaussian) -> None:
    for found in own_and_fresh(truth, images(truth, 150, 0), images(truth, 250, 1), [1e-4, 1e-2, 1.0]):
        assert abs(found.difference) < 3.5 * found.error
        assert abs(found.fresh_mse - found.own_mse) < 3.5 * math.hypot(found.own_mse_error, found.fresh_mse_error)
        assert found.own_mse == pytest.approx(truth.dimensionality(found.t) / 64, abs=4 * found.own_mse_error)


def test_a_memory_knows_its_own(truth: Gaussian) -> None:
    own, fresh = images(truth, 40, 0), images(truth, 60, 1)
    t = 1e-3
    (found,) = own_and_fresh(Memory(own, t0=1e-4), own, fresh, [t])
    nearest = torch.cdist(fresh.flatten(1), own.flatten(1)).min(1).values.square().mean().item()
    assert found.own == pytest.approx(math.log(40) + 32 * math.log(2 * math.pi * math.e * t), abs=0.1)
    assert found.fresh - found.own == pytest.approx(nearest / (2 * t), rel=0.05)
    assert found.difference > 10 * found.error
    assert found.own_mse < 1e-6
    assert found.fresh_mse > 1


def test_what_is_known_of_the_images_makes_the_error_small_and_no_difference() -> None:
    random = np.random.default_rng(0)
    inside = 0
    for _ in range(200):
        about = [random.standard_normal((n, 3)) for n in (60, 90)]
        first, second = (10 * each[:, 0] - 4 * each[:, 2] + random.standard_normal(len(each)) for each in about)
        difference, error = adjusted_difference(first + 0.5, second, *about)
        assert error < 0.25  # 1.8 without
        inside += abs(difference - 0.5) < 2 * error
    assert inside > 180


def test_few_images_are_compared_as_they_are() -> None:
    difference, error = adjusted_difference(
        np.array([1.0, 3.0]), np.array([5.0, 9.0]), np.ones((2, 4)), np.ones((2, 4))
    )
    assert difference == pytest.approx(-5)
    assert 1 < error < 5


def test_one_image_tells_nothing(truth: Gaussian) -> None:
    with pytest.raises(ValueError, match="two"):
        own_and_fresh(truth, images(truth, 1, 0), images(truth, 2, 1), [1.0])
