"""The map of a data set on a page: found or made, drawn, and asked which images somebody has drawn a line around."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer.catalog.map import Map, build_map, find_map
from explorer.catalog.query import Catalog
from explorer.catalog.selection import Region
from explorer.data.sources import Split
from explorer.data.store import Store
from explorer.figures.map import COLORED_LABELS, label_map_figure, plotted_points, value_map_figure
from explorer.jobs.kinds import MapTask
from explorer.measures.dataset.neighbors import PREDICTORS, neighbor_accuracy, neighbor_r2
from explorer.models.checkpoints import Checkpoint
from explorer.webapp.shell.background import send, watch
from explorer.webapp.shell.columns import ColumnView
from explorer.webapp.shell.dataset_images import description
from explorer.webapp.widgets.hover_card import Picked, hover_card

__all__ = ["clear_map_selection", "label_names", "map_panel", "ready_map"]

_AT_ONCE = 3_000
"""A data set of up to this many images is mapped without being asked for, and while one waits."""

_NO_UNIT = "The axes have no unit: what counts is what is near."
_CHART = "map_chart"
_ROUND = "map-round"
_PLOT_CONFIG = {
    "displaylogo": False,
    "scrollZoom": True,
    "modeBarButtonsToRemove": ["toImage", "autoScale2d", "zoomIn2d", "zoomOut2d"],
}


def ready_map(checkpoint: Checkpoint, images: Store, split: Split) -> Map | None:
    """The map of a model and a part of a data set; None while it does not exist, with the way to make it on the screen.

    Raises:
        ExplorerError: it cannot be made or stored.
    """
    found = find_map(checkpoint, images)
    if found is not None:
        return found
    if len(images) <= _AT_ONCE:
        place = st.empty()
        found = _build(place, checkpoint, images)
        place.empty()
        return found
    task = MapTask(checkpoint=checkpoint.name, dataset=images.source, split=split)
    if not watch(task):
        st.info(
            f"There is no map of the {len(images):,} images of {images.name} yet. {checkpoint.name} has to look at "
            "each of them, twice, and then UMAP places them.",
            icon=":material/hourglass_empty:",
        )
        st.button(
            "Make the map",
            type="primary",
            icon=":material/play_arrow:",
            on_click=send,
            args=(task,),
            help="In the background, as a job: it goes on when this page is closed.",
        )
    return None


def _build(place: DeltaGenerator, checkpoint: Checkpoint, images: Store) -> Map:
    bar = place.progress(0.0)

    def progress(done: int, total: int) -> None:
        if done < len(images):
            what = f"{checkpoint.name} looks at {len(images):,} images"
        elif done == len(images):
            what = "UMAP gets ready, which takes long the first time"
        else:
            what = "UMAP places the images"
        bar.progress(done / total, f"{what}: {done / total:.0%}")

    return build_map(checkpoint, images, progress=progress)


def map_panel(images: Store, catalog: Catalog, positions: Map, color: str, view: ColumnView | None) -> Picked:
    """Draw the map, and say in a caption how much of its colors the neighborhoods explain.

    Args:
        images: of the map.
        catalog: of the same images.
        positions: where they are.
        color: name of the column that colors the points.
        view: how it is shown; None for labels.
    """
    index = plotted_points(positions.x, positions.y)
    x, y = positions.x[index], positions.y[index]
    points = np.stack((x, y), 1)
    values = catalog.column(color)[index]
    if view is None:
        names = label_names(images, catalog)
        text = [description(images, i) for i in index.tolist()]
        figure = label_map_figure(x, y, index, values, names, text=text)
        explained = _explained_labels(points, values)
    else:
        shown = zip(index.tolist(), values.tolist(), strict=True)
        text = [f"{description(images, i)}\n{view.title} {view.text(value)}" for i, value in shown]
        figure = value_map_figure(x, y, index, view.convert(values), title=view.axis, text=text)
        explained = _explained(points, values, view)

    with st.container(key=_CHART):
        event: Any = st.plotly_chart(
            figure,
            key=f"map {catalog.folder.name} {color} {st.session_state.get(_ROUND, 0)}",
            on_select="rerun",
            config=_PLOT_CONFIG,
            alt="Map of the data set, one point an image",
        )
    clicked = hover_card(images, index, _CHART, key="map_card")
    st.caption(" ".join(filter(None, (_NO_UNIT, _sampled(len(index), len(images)), explained))))
    drawn = (*event.selection.box, *event.selection.lasso)
    regions = [Region(outline["x"], outline["y"]) for outline in drawn]
    return Picked(positions.inside(regions) if regions else None, clicked)


def label_names(images: Store, catalog: Catalog) -> dict[int, str]:
    """Name of each label that an image has; -1 is "none"."""
    return {
        label: "none" if label < 0 else images.label_names[label] if label < len(images.label_names) else str(label)
        for label in catalog.label_counts()
    }


def clear_map_selection() -> None:
    """Drop the selection: the next run draws the map under another key."""
    st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1


def _explained(points: np.ndarray, values: np.ndarray, view: ColumnView) -> str:
    r2 = neighbor_r2(points, values)
    if not np.isfinite(r2):
        return ""
    shown = f"{r2:.2f}".replace("-", "−")
    return (
        f"The {PREDICTORS} nearest neighbors of an image on the map predict its {view.title} with R² = {shown}. "
        "Each end of the color scale holds one percent of the images."
    )


def _explained_labels(points: np.ndarray, labels: np.ndarray) -> str:
    accuracy = neighbor_accuracy(points, labels)
    if not np.isfinite(accuracy):
        return ""
    counts = np.unique(labels, return_counts=True)[1]
    gray = "" if len(counts) <= COLORED_LABELS else f" The {COLORED_LABELS} most frequent labels have colors."
    return (
        f"The {PREDICTORS} nearest neighbors of an image on the map tell its label in {100 * accuracy:.3g} % of all "
        f"cases; the most frequent label alone would be right in {100 * counts.max() / len(labels):.3g} %.{gray}"
    )


def _sampled(plotted: int, count: int) -> str:
    if plotted == count:
        return ""
    return (
        f"{plotted:,} of the {count:,} images are plotted. A box or lasso selects all that it encloses, plotted or not."
    )
