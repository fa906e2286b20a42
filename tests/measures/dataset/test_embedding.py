"""Principal components and UMAP: neighborhoods that are known, few points, interruption, threads."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from explorer.measures.dataset.embedding import NEIGHBORS, Plane, fit_projection
from explorer.measures.dataset.neighbors import neighbor_accuracy

RNG = np.random.default_rng(0)


def clusters(each: int) -> tuple[np.ndarray, np.ndarray]:
    centers = 6 * RNG.normal(size=(4, 10))
    label = np.repeat(np.arange(4), each)
    return (centers[label] + RNG.normal(size=(4 * each, 10))).astype(np.float32), label


def silent(_share: float) -> None:
    pass


def test_projection_keeps_distances_and_sorts_by_spread() -> None:
    features = (RNG.normal(size=(300, 6)) * [5, 4, 3, 2, 1, 1] + 7).astype(np.float32)
    points = fit_projection(features)(features)
    assert points.dtype == np.float32
    standard = (features - features.mean(0)) / features.std(0)
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), np.linalg.norm(standard, axis=1), rtol=1e-4)
    assert (np.diff(points.std(0)) <= 0).all()


def test_a_feature_that_hardly_varies_is_not_blown_up() -> None:
    features = RNG.normal(size=(100, 2)).astype(np.float32) * [1, 1e-6]
    assert np.abs(fit_projection(features)(features)[:, 1]).max() < 1e-4


@pytest.mark.parametrize("count", [1, 2, 3])
def test_projection_of_hardly_anything(count: int) -> None:
    features = RNG.normal(size=(count, 5)).astype(np.float32)
    assert np.isfinite(fit_projection(features)(features)).all()


def test_what_is_not_finite_stays_so() -> None:
    features = RNG.normal(size=(50, 5)).astype(np.float32)
    projection = fit_projection(features)
    features[3, 1], features[4, 2] = np.nan, np.inf
    finite = np.isfinite(projection(features)).all(1)
    assert np.flatnonzero(~finite).tolist() == [3, 4]


def test_clusters_stay_together_and_others_are_placed_among_them() -> None:
    points, label = clusters(40)
    shares: list[float] = []
    plane = Plane(points, shares.append)
    assert plane.positions.shape == (160, 2)
    assert plane.positions.dtype == np.float32
    assert neighbor_accuracy(plane.positions, label) == 1
    assert shares == sorted(shares)
    assert shares[-1] <= 1

    more = points + 0.3 * RNG.normal(size=points.shape).astype(np.float32)
    placed = plane.place(more, silent)
    assert placed.shape == (160, 2)
    nearest = np.square(placed[:, None] - plane.positions).sum(2).argmin(1)
    assert (label[nearest] == label).mean() > 0.98
    assert np.array_equal(plane.positions, Plane(points, silent).positions)


@pytest.mark.parametrize("count", [1, 2, NEIGHBORS, NEIGHBORS + 1])
def test_few_points(count: int) -> None:
    positions = Plane(RNG.normal(size=(count, 5)).astype(np.float32), silent).positions
    assert positions.shape == (count, 2)
    assert np.isfinite(positions).all()


@pytest.mark.parametrize("points", [np.zeros((40, 5)), np.repeat(np.eye(2, 5), 20, 0), np.ones((40, 1))])
def test_equal_points(points: np.ndarray) -> None:
    assert np.isfinite(Plane(points.astype(np.float32), silent).positions).all()


def test_progress_can_stop_it_and_the_next_one_works() -> None:
    """Also in another thread: nothing is left locked."""
    points, _ = clusters(40)
    asked: list[float] = []

    class Stop(BaseException):
        pass

    def stop(share: float) -> None:
        asked.append(share)
        raise Stop

    with pytest.raises(Stop):
        Plane(points, stop)
    assert len(asked) == 1
    done: list[Plane] = []
    thread = threading.Thread(target=lambda: done.append(Plane(points, silent)), daemon=True)
    thread.start()
    thread.join(60)
    assert len(done) == 1


def test_threads_take_turns() -> None:
    points, label = clusters(20)
    accuracies: list[float] = []

    def work() -> None:
        accuracies.append(neighbor_accuracy(Plane(points, silent).positions, label))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert accuracies == [1, 1, 1, 1]
