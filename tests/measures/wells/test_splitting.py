"""The noise at which one well becomes two, where it is known."""

import math

import numpy as np
import pytest
import torch
from scipy.optimize import brentq
from scipy.special import softmax

from explorer.errors import ExplorerError
from explorer.measures.wells.splitting import central_point, splitting_noise
from explorer.models.analytic import Gaussian, GaussianScaleMixture
from explorer.models.memory import Memory

SHAPE = (1, 3, 3)


def apart(distance: float) -> torch.Tensor:
    """Two images at so many times -1 and 1 along one direction, around an origin that is not 0."""
    generator = torch.Generator().manual_seed(0)
    direction = torch.randn(SHAPE, generator=generator, dtype=torch.float64)
    direction /= direction.norm()
    return 0.3 + torch.stack((-distance * direction, distance * direction))


def test_two_points_at_minus_and_plus_one_split_at_one() -> None:
    images = torch.zeros(2, *SHAPE, dtype=torch.float64)
    images[0, 0, 0, 0], images[1, 0, 0, 0] = -1, 1
    model = Memory(images, t0=1e-3)
    found = splitting_noise(model, images.mean(0, keepdim=True), 100.0, 1e-3, tolerance=1e-9)
    assert found.t == pytest.approx(1, abs=1e-6)
    assert abs(found.direction[0, 0, 0]) == pytest.approx(1, abs=1e-4)
    np.testing.assert_allclose(found.largest, [1 / t for t in found.ts], rtol=1e-6)


def test_two_images_split_at_the_square_of_half_their_distance_wherever_it_begins() -> None:
    images = apart(0.7)
    begin = images.mean(0, keepdim=True) + 0.5
    found = splitting_noise(Memory(images, t0=1e-4), begin, 50.0, 1e-3, tolerance=1e-8)
    assert found.t == pytest.approx(0.49, rel=1e-5)
    np.testing.assert_allclose(found.point, images.mean(0), atol=1e-5)


def test_a_square_of_four_splits_where_its_covariance_says() -> None:
    images = torch.zeros(4, *SHAPE, dtype=torch.float64)
    for k, (x, y) in enumerate([(-1, -2), (-1, 2), (1, -2), (1, 2)]):  # independent: the wider direction splits first
        images[k, 0, 0, 0], images[k, 0, 0, 1] = x, y
    found = splitting_noise(Memory(images, t0=1e-3), images.mean(0, keepdim=True), 100.0, 1e-2, tolerance=1e-8)
    assert found.t == pytest.approx(4, rel=1e-6)
    assert abs(found.direction[0, 0, 1]) == pytest.approx(1, abs=1e-4)


def test_a_point_that_moves_is_followed_to_where_it_splits() -> None:
    """Mirror images along one axis, a lopsided set along the other: the point moves along the other as the noise falls.

    On the axis of the mirror ``y* = (0, s)`` with ``s = sum_j w_j b_j``, and ``mu = sum_j w_j a_j^2 / t``.
    """
    places = np.array([(-1.5, 0.8), (1.5, 0.8), (1.0, -0.9), (-1.0, -0.9)])
    images = torch.zeros(4, *SHAPE, dtype=torch.float64)
    images[:, 0, 0, :2] = torch.from_numpy(places)

    def weights(s: float, t: float) -> np.ndarray:
        return np.asarray(softmax(-((places - (0, s)) ** 2).sum(1) / (2 * t)))

    def place(t: float) -> float:
        return float(brentq(lambda s: weights(s, t) @ places[:, 1] - s, -1, 1, xtol=1e-14))

    exact = brentq(lambda t: weights(place(t), t) @ places[:, 0] ** 2 / t - 1, 1, 2, xtol=1e-14)
    for levels in (9, 30):
        begin = images.mean(0, keepdim=True)
        found = splitting_noise(Memory(images, t0=1e-3), begin, 100.0, 0.3, levels=levels, tolerance=1e-8)
        assert found.t == pytest.approx(exact, rel=1e-6)
        assert found.point[0, 0, 1] == pytest.approx(place(exact), abs=1e-5)
        assert abs(found.direction[0, 0, 0]) == pytest.approx(1, abs=1e-4)


def test_two_classes_split_below_the_variance_of_both_together() -> None:
    """Classes of variance v at -m and m have one well down to ``m^2 - v``; the covariance says ``m^2 + v``."""
    within = 0.3

    class Classes(Memory):
        def energy(self, y: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
            return super().energy(y, t + within)

    images = apart(1.2)
    found = splitting_noise(Classes(images, t0=1e-3), images.mean(0, keepdim=True), 50.0, 0.1, tolerance=1e-8)
    assert found.t == pytest.approx(1.44 - within, rel=1e-6)


def test_a_density_of_one_well_does_not_split() -> None:
    d = math.prod(SHAPE)
    root = torch.randn(d, d, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    mean = torch.full(SHAPE, 0.5, dtype=torch.float64)
    for model in (Gaussian(mean, root @ root.T / d), GaussianScaleMixture(mean, root @ root.T / d, [0.3, 2.0])):
        found = splitting_noise(model, torch.zeros(1, *SHAPE, dtype=torch.float64), 50.0, 1e-2, levels=9)
        assert found.t is None
        assert max(found.largest) < 1
        np.testing.assert_allclose(found.point, mean, atol=1e-3)


def test_a_lopsided_set_need_not_cross() -> None:
    images = torch.zeros(3, *SHAPE, dtype=torch.float64)
    images[0, 0, 0, 0], images[1, 0, 0, 0], images[2, 0, 0, 0] = -1.1, -0.9, 1.5
    found = splitting_noise(Memory(images, t0=1e-3), images.mean(0, keepdim=True), 100.0, 0.3, levels=15)
    assert found.t is None
    assert found.point[0, 0, 0] < -0.5  # it slid into the deeper well


def test_the_central_point_is_one_in_float32_too() -> None:
    images = apart(1.0).float()
    model = Memory(images, t0=1e-3)
    point = central_point(model, images[:1], 2.0)
    torch.testing.assert_close(model.denoise(point, 2.0), point, atol=1e-2, rtol=0)


def test_what_is_split_from_the_beginning_is_told() -> None:
    images = apart(1.0)
    with pytest.raises(ExplorerError, match="more noise"):
        splitting_noise(Memory(images, t0=1e-3), images.mean(0, keepdim=True), 0.5, 1e-2)
