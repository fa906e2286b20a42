"""Which points lie inside an outline that the user has drawn.

A point is inside a polygon when a ray from it crosses the outline an odd number of times (the even-odd rule). An edge
can be crossed only by rays of points between the heights of its ends. With the points sorted by height these are one
slice, so that ``N`` points and ``E`` edges cost a sort and as many steps as there are crossings, a few an image, and
not ``N E``.

Reference: O'Rourke, Computational Geometry in C, section 7.4 (1998).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

__all__ = ["Region", "places_inside", "points_in_polygon"]


class Region(NamedTuple):
    """A part of the plane.

    Attributes:
        x, y: two opposite corners of a box, or three vertices of a polygon or more, in order.
    """

    x: Sequence[float]
    y: Sequence[float]

    @property
    def is_box(self) -> bool:
        """Whether it is given by two corners."""
        return len(self.x) == 2


def points_in_polygon(x: np.ndarray, y: np.ndarray, polygon: Region) -> np.ndarray:
    """Which points are inside a polygon; bool, shape ``(N,)``.

    Args:
        x, y: finite coordinates, shape ``(N,)``.
        polygon: its vertices. It may cross itself: what is enclosed twice is outside.
    """
    order = np.argsort(y)
    x, y = x[order], y[order]
    inside = np.zeros(len(x), dtype=bool)
    xs, ys = np.asarray(polygon.x, dtype=float), np.asarray(polygon.y, dtype=float)
    for x0, y0, x1, y1 in zip(xs, ys, np.roll(xs, -1), np.roll(ys, -1), strict=True):
        if y0 == y1:
            continue  # A ray along an edge does not cross it.
        start, stop = np.searchsorted(y, (min(y0, y1), max(y0, y1)))
        crossed = slice(int(start), int(stop))
        inside[crossed] ^= x[crossed] < x0 + (y[crossed] - y0) * ((x1 - x0) / (y1 - y0))
    found = np.empty_like(inside)
    found[order] = inside
    return found


def places_inside(x: np.ndarray, y: np.ndarray, regions: Sequence[Region]) -> np.ndarray:
    """Places, increasing, of the points in any of `regions`, borders of boxes included.

    Args:
        x, y: coordinates, shape ``(N,)``; a point with one that is not finite is in no region.
        regions: boxes and polygons.
    """
    chosen = np.zeros(len(x), dtype=bool)
    for region in regions:
        near = (x >= min(region.x)) & (x <= max(region.x)) & (y >= min(region.y)) & (y <= max(region.y))
        places = np.flatnonzero(near)
        if not region.is_box:
            places = places[points_in_polygon(x[places], y[places], region)]
        chosen[places] = True
    return np.flatnonzero(chosen)
