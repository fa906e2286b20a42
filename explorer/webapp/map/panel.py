"""The map of a data set, drawn and explained."""

from __future__ import annotations

import numpy as np
import streamlit as st

from explorer.catalog.map import Map
from explorer.catalog.query import Catalog
from explorer.data.store import Store
from explorer.figures.map import COLORED_LABELS, label_map_figure, plotted_points, value_map_figure
from explorer.figures.tools import MAP_TOOLS
from explorer.measures.dataset.neighbors import PREDICTORS, neighbor_accuracy, neighbor_r2
from explorer.units import format_number
from explorer.webapp.shell.column_format import ColumnFormat
from explorer.webapp.shell.dataset_images import description, label_names
from explorer.webapp.shell.points_chart import Picked, points_chart, sampled_sentence

__all__ = ["MAP", "map_panel"]

MAP = "map"
"""Name of the chart."""

_NO_UNIT = "The axes have no unit: what counts is what is near."


def map_panel(images: Store, catalog: Catalog, positions: Map, color: str, fmt: ColumnFormat | None) -> Picked:
    """Draw the map, and say in a caption how much the neighbors on it predict.

    Args:
        images: of the map.
        catalog: of the same images.
        positions: where they are.
        color: name of the column that colors the points.
        fmt: of that column; None for labels.
    """
    index = plotted_points(positions.x, positions.y)
    x, y = positions.x[index], positions.y[index]
    points = np.stack((x, y), 1)
    values = catalog.column(color)[index]
    if fmt is None:
        names = label_names(images, catalog)
        text = [description(images, i) for i in index.tolist()]
        figure = label_map_figure(x, y, index, values, names, text=text)
        explained = _explained_labels(points, values)
    else:
        shown = zip(index.tolist(), values.tolist(), strict=True)
        text = [f"{description(images, i)}\n{fmt.title} {fmt.text(value)}" for i, value in shown]
        figure = value_map_figure(x, y, index, fmt.convert(values), title=fmt.axis, text=text)
        explained = _explained(points, values, fmt)

    picked = points_chart(
        MAP,
        figure,
        images,
        index,
        positions.inside,
        content=f"{catalog.folder.name} {color}",
        alt="Map of the data set, one point per image",
        tools=MAP_TOOLS,
    )
    st.caption(" ".join(filter(None, (_NO_UNIT, sampled_sentence(len(index), len(images)), explained))))
    return picked


def _explained(points: np.ndarray, values: np.ndarray, fmt: ColumnFormat) -> str:
    r2 = neighbor_r2(points, values)
    if not np.isfinite(r2):
        return ""
    return (
        f"The {PREDICTORS} nearest neighbors of an image on the map predict its {fmt.title} with "
        f"R² = {format_number(r2, '.2f')}. One percent of the images lies beyond each end of the color scale."
    )


def _explained_labels(points: np.ndarray, labels: np.ndarray) -> str:
    accuracy = neighbor_accuracy(points, labels)
    if not np.isfinite(accuracy):
        return ""
    counts = np.unique(labels, return_counts=True)[1]
    gray = "" if len(counts) <= COLORED_LABELS else f" The {COLORED_LABELS} most frequent labels have colors."
    return (
        f"The {PREDICTORS} nearest neighbors of an image on the map predict its label correctly for "
        f"{100 * accuracy:.3g} % of the images; the most frequent label would be correct for "
        f"{100 * counts.max() / len(labels):.3g} %.{gray}"
    )
