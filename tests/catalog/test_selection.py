"""Points in polygons, against the definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.catalog.selection import Region, places_inside, points_in_polygon


def crossings_are_odd(x: float, y: float, polygon: Region) -> bool:
    """The even-odd rule for one point, edge by edge."""
    inside = False
    count = len(polygon.x)
    for i in range(count):
        x0, y0, x1, y1 = polygon.x[i - 1], polygon.y[i - 1], polygon.x[i], polygon.y[i]
        if (y0 > y) != (y1 > y) and x < x0 + (y - y0) * ((x1 - x0) / (y1 - y0)):
            inside = not inside
    return inside


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-5, 5), st.integers(-5, 5)), min_size=3, max_size=12),
    st.integers(0, 2**31),
    st.booleans(),
)
def test_it_is_the_even_odd_rule(vertices: list[tuple[int, int]], seed: int, on_the_grid: bool) -> None:
    """Random polygons, which cross themselves; points anywhere, or at the heights of vertices."""
    polygon = Region([float(x) for x, _ in vertices], [float(y) for _, y in vertices])
    points = np.random.default_rng(seed).uniform(-6, 6, (2, 50))
    x, y = (points[0], points[1].round()) if on_the_grid else points
    expected = [crossings_are_odd(*point, polygon) for point in zip(x, y, strict=True)]
    assert points_in_polygon(x, y, polygon).tolist() == expected


def test_a_hole_that_is_drawn_twice_around_is_outside() -> None:
    star = [np.pi / 2 + 4 * np.pi * k / 5 for k in range(5)]
    polygon = Region(np.cos(star), np.sin(star))
    inside = points_in_polygon(np.array([0.0, 0.0, 2.0]), np.array([0.0, 0.8, 0.0]), polygon)
    assert inside.tolist() == [False, True, False]


def test_no_points_and_no_area() -> None:
    square = Region([0, 1, 1, 0], [0, 0, 1, 1])
    assert points_in_polygon(np.empty(0), np.empty(0), square).tolist() == []
    flat = Region([0, 1, 2], [1, 1, 1])
    assert not points_in_polygon(np.array([1.0]), np.array([1.0]), flat).any()


@pytest.mark.parametrize(("region", "box"), [(Region([0, 1], [0, 1]), True), (Region([0, 1, 1], [0, 0, 1]), False)])
def test_two_corners_are_a_box(region: Region, box: bool) -> None:
    assert region.is_box is box


def test_places_in_any_region_and_none_without_a_value() -> None:
    x, y = np.array([0.0, 1.0, 2.0, np.nan, 5.0]), np.array([0.0, 1.0, np.inf, 1.0, 5.0])
    box, triangle = Region((5, 1), (1, 5)), Region((-1, 1, -1), (-1, -1, 1.5))
    assert places_inside(x, y, [box, triangle]).tolist() == [0, 1, 4]
    assert places_inside(x, y, [triangle]).tolist() == [0]
    assert places_inside(x, y, []).tolist() == []
