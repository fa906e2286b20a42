"""How well the neighbors of a point know it: what a map, or a space of features, says about a quantity.

Every point is predicted from its nearest neighbors, itself left out: a number by their mean, a label by their majority.
``R^2 = 1 - sum (v - prediction)^2 / sum (v - mean)^2`` is 1 where neighbors have the same value, and 0 or less where
they know no more than the mean of all.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.spatial import cKDTree

__all__ = ["PREDICTORS", "neighbor_accuracy", "neighbor_r2"]

PREDICTORS = 10
"""Neighbors that predict a point."""


def neighbor_r2(points: np.ndarray, values: np.ndarray, neighbors: int = PREDICTORS) -> float:
    """``R^2`` of numbers predicted from the nearest points; NaN for too few points, or values that are all the same.

    Args:
        points: finite, shape ``(N, F)``.
        values: shape ``(N,)``; points whose value is not finite are left out.
        neighbors: that predict.
    """
    known = np.isfinite(values)
    points, values = points[known], values[known].astype(np.float64)
    if len(values) <= neighbors or np.ptp(values) == 0:
        return math.nan
    predicted = values[_nearest(points, neighbors)].mean(1)
    return float(1 - np.square(values - predicted).sum() / np.square(values - values.mean()).sum())


def neighbor_accuracy(points: np.ndarray, labels: np.ndarray, neighbors: int = PREDICTORS) -> float:
    """Share of the points whose label is the most frequent one among the nearest points (of equally frequent ones, the
    nearest); NaN for too few points.

    Args:
        points: finite, shape ``(N, F)``.
        labels: integers, shape ``(N,)``.
        neighbors: that predict.
    """
    if len(labels) <= neighbors:
        return math.nan
    near = labels[_nearest(points, neighbors)]
    votes = (near[:, :, None] == near[:, None, :]).sum(2)
    predicted = near[np.arange(len(near)), votes.argmax(1)]
    return float((predicted == labels).mean())


def _nearest(points: np.ndarray, neighbors: int) -> np.ndarray:
    """Indices of the nearest other points, nearest first, shape ``(N, neighbors)``."""
    _, found = cKDTree(points).query(points, neighbors + 1)
    # Of points at the same place, any may come first: a point that did not find itself drops its farthest neighbor.
    own = found == np.arange(len(points))[:, None]
    own[~own.any(1), -1] = True
    others: np.ndarray = found[~own].reshape(len(points), neighbors)
    return others
