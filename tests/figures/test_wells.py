"""Figures of wells."""

import numpy as np

from explorer.figures.wells import (
    Compared,
    Mark,
    compared_figure,
    decided_figure,
    line_figure,
    paths_figure,
    plane_figure,
    wells_figure,
)

Z = np.linspace(-1, 1, 5)


def test_the_chosen_curve_stands_out_among_those_of_other_levels() -> None:
    figure = line_figure(Z, {0.0: Z**2, 10.0: Z**4, 20.0: Z**6}, (5.0, Z**3))
    assert [trace.name for trace in figure.data] == ["0 dB", "10 dB", "20 dB", "5 dB"]
    assert figure.data[-1].line.width > figure.data[0].line.width
    assert len({trace.line.color for trace in figure.data}) == 4
    assert "h²" in figure.layout.yaxis.title.text


def test_every_well_is_a_point_and_every_density_a_symbol() -> None:
    found = {
        "stored": ([0, 10], [np.array([0.0]), np.array([-1.0, 1.0])]),
        "a<b": ([0], [np.array([0.1])]),
        "none": ([], []),
    }
    figure = wells_figure(found, [Mark(5.0, "splits")])
    assert list(figure.data[0].x) == [0, 10, 10]
    assert list(figure.data[0].y) == [0, -1, 1]
    assert figure.data[0].marker.symbol != figure.data[1].marker.symbol
    assert "a<b" not in figure.data[1].name  # what somebody called a model is no markup
    assert any(each.text == "splits" for each in figure.layout.annotations)


def test_a_surface_has_its_images() -> None:
    values = np.arange(12.0).reshape(3, 4)
    figure = plane_figure(np.arange(4), np.arange(3), values, np.array([[-1, 0], [1, 0], [0, 2]]), ("1", "2", "3"))
    surface, images = figure.data
    assert surface.z.shape == (3, 4)
    assert list(images.text) == ["1", "2", "3"]
    assert list(images.y) == [0, 0, 2]


def test_samples_of_one_group_are_one_trace_with_gaps() -> None:
    places = np.array([[0.0, 0.0, 0.0], [1.0, -1.0, 1.0]])
    figure = paths_figure([0, 10], places, np.array([0, 1, 0]), ["image 1", "image 2", "image 3"], "place")
    assert [trace.name for trace in figure.data] == ["image 1 (2)", "image 2 (1)"]
    assert np.isnan(figure.data[0].y).sum() == 2
    assert list(figure.data[1].y[:2]) == [0, -1]


def test_what_is_decided_is_a_share() -> None:
    figure = decided_figure([0, 10], np.array([0.5, 1.0]), np.array([0.6, 0.9]), [Mark(1, "a"), Mark(2, "b")])
    assert list(figure.data[1].y) == [50, 100]
    heights = [each.y for each in figure.layout.annotations if each.text in "ab"]
    assert heights[0] != heights[1]  # names of neighbors do not hide each other


def test_errors_are_drawn_where_they_are_known() -> None:
    figure = compared_figure([Compared("own", [0, 1], [2, 3], [0.1, 0.2]), Compared("fresh", [0, 1], [2, 2])], "x")
    assert list(figure.data[0].error_y.array) == [0.1, 0.2]
    assert figure.data[1].error_y.array is None
    assert figure.layout.showlegend
