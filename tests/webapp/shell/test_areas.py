"""What is drawn around points, in a URL."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import pytest

from explorer.catalog.selection import places_inside
from explorer.webapp.shell.areas import AREAS, areas_of, outlined
from explorer.webapp.shell.setting_forms import Unfit

BOX = {"x": [-1.5, 20.0], "y": [1e-7, 3.25]}


def lasso(vertices: int) -> dict[str, list[float]]:
    angle = np.linspace(0, 2 * np.pi, vertices, endpoint=False)
    return {"x": (10 * np.cos(angle)).tolist(), "y": (1e-3 * np.sin(angle)).tolist()}


def test_a_box_is_its_corners_in_the_units_of_the_data() -> None:
    areas = areas_of([BOX], (10.0, 1.0))
    assert AREAS.write(areas) == "-0.15_1e-07_2_3.25"
    assert AREAS.read(AREAS.write(areas)) == areas


def test_a_lasso_is_short_and_holds_what_it_held() -> None:
    (area,) = areas_of([lasso(400)], (1.0, 1.0))
    text = AREAS.write((area,))
    assert AREAS.read(text) == (area,)
    assert len(area.x) < 60
    assert len(text) < 1000
    points = np.random.default_rng(0).uniform(-1.2, 1.2, (2, 5000)) * [[10], [1e-3]]
    radius = np.hypot(points[0] / 10, points[1] / 1e-3)
    inside = np.isin(np.arange(5000), places_inside(*points, [area]))
    assert (inside == (radius < 1))[abs(radius - 1) > 0.02].all()


def test_what_is_read_is_not_simplified_again() -> None:
    areas = areas_of([lasso(300), BOX], (2.0, 3.0))
    drawn = outlined(go.Figure(go.Scatter(x=[1], y=[2])), areas, (2.0, 3.0)).layout.selections
    vertices = np.array([pair.split(",") for pair in drawn[0].path[1:-1].split("L")], float).T
    box = {"x": [drawn[1].x0, drawn[1].x1], "y": [drawn[1].y0, drawn[1].y1]}
    assert areas_of([{"x": vertices[0].tolist(), "y": vertices[1].tolist()}, box], (2.0, 3.0)) == areas


def test_nothing_drawn_is_nothing() -> None:
    assert areas_of([], (1.0, 1.0)) == ()
    figure = go.Figure()
    assert outlined(figure, (), (1.0, 1.0)) is figure


@pytest.mark.parametrize("text", ["", "1_2", "1_2_3", "1_2_3_4_5", "a_b_c_d", "1_2_3_1e999", "1__2_3", "1_2_3_4~", "~"])
def test_anything_else_is_named(text: str) -> None:
    with pytest.raises(Unfit, match="is no outline on the chart"):
        AREAS.read(text)


@pytest.mark.parametrize("text", ["1-2_3_4_5", "+_-_._e", "1.2.3_4_5_6", "nan_1_2_3"])
def test_what_looks_like_numbers_and_is_none_is_named(text: str) -> None:
    with pytest.raises(Unfit):
        AREAS.read(text)
