"""How well neighbors know a point, where the answer is known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from explorer.measures.dataset.neighbors import neighbor_accuracy, neighbor_r2

RNG = np.random.default_rng(0)
POINTS = RNG.uniform(size=(500, 2))


def test_a_smooth_quantity_is_known_and_noise_is_not() -> None:
    assert neighbor_r2(POINTS, POINTS[:, 0]) > 0.97
    assert neighbor_r2(POINTS, RNG.normal(size=500)) < 0.05


def test_r2_against_a_plain_computation() -> None:
    values = POINTS[:, 0] + RNG.normal(size=500)
    distances = np.square(POINTS[:, None] - POINTS).sum(2)
    np.fill_diagonal(distances, np.inf)
    predicted = values[np.argsort(distances, axis=1)[:, :7]].mean(1)
    expected = 1 - np.square(values - predicted).sum() / np.square(values - values.mean()).sum()
    assert neighbor_r2(POINTS, values, 7) == pytest.approx(expected)


def test_equal_points_do_not_predict_themselves() -> None:
    """Forty copies of one point: most do not find themselves among their nearest."""
    points = np.concatenate((np.zeros((40, 2)), np.ones((40, 2))))
    assert neighbor_accuracy(points, np.repeat([3, 5], 40)) == 1
    alternating = np.tile([0, 1], 40)
    assert 0.2 < neighbor_accuracy(points, alternating) < 0.8


def test_labels_by_majority_then_by_distance() -> None:
    points = np.array([[0.0], [0.1], [0.2], [10.0], [10.1], [10.2]])
    assert neighbor_accuracy(points, np.array([1, 1, 1, 2, 2, 2]), 2) == 1
    assert neighbor_accuracy(points, np.array([1, 2, 2, 2, 2, 2]), 2) == pytest.approx(5 / 6)


def test_what_cannot_be_said_is_nan() -> None:
    assert math.isnan(neighbor_r2(POINTS, np.ones(500)))
    assert math.isnan(neighbor_r2(POINTS[:10], POINTS[:10, 0]))
    assert math.isnan(neighbor_accuracy(POINTS[:10], np.arange(10)))


def test_values_that_are_not_finite_are_left_out() -> None:
    values = POINTS[:, 0].copy()
    values[::7] = np.nan
    assert neighbor_r2(POINTS, values) > 0.97
