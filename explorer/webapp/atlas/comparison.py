"""Two models on one data set, in Atlas: how much they agree on log p, and on which images they do not."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer.catalog.compare import Comparison, Side, compare
from explorer.catalog.query import Catalog
from explorer.catalog.selection import Region
from explorer.data.sources import Split
from explorer.data.store import Store
from explorer.figures.atlas import MAX_POINTS
from explorer.figures.compare import difference_histogram, log_prob_scatter
from explorer.models.checkpoints import Checkpoint, CheckpointInfo, list_checkpoints
from explorer.units import LogProbUnit
from explorer.webapp.shell.columns import ColumnView, column_views
from explorer.webapp.shell.dataset_images import description
from explorer.webapp.shell.loaders import checkpoint
from explorer.webapp.shell.ready_catalog import ready_catalog
from explorer.webapp.widgets.hover_card import hover_card
from explorer.webapp.widgets.image_grid import GridImage, image_grid

__all__ = ["choose_other_model", "comparison_panel"]

_SHOWN = 48

_ORDERS: dict[Side, str] = {
    "both": "whose difference is farthest from its mean, on either side",
    "second": "with the largest difference, in order",
    "first": "with the smallest difference, in order",
}
_BOX = "compare"
_CHART = "comparison_chart"
_ROUND = "compare-round"
_PLOT_CONFIG = {"displaylogo": False, "modeBarButtonsToRemove": ["toImage", "autoScale2d", "zoomIn2d", "zoomOut2d"]}


def choose_other_model(place: DeltaGenerator, model: Checkpoint) -> CheckpointInfo | None:
    """A box with the other models that read images of the same shape; None while none is chosen.

    Where there is no other, the box says so.
    """
    shape = tuple(model.model.image_shape)
    others = {
        info.name: info
        for info in list_checkpoints()
        if info.problem is None and info.name != model.name and tuple(info.config.model.image_shape) == shape
    }
    if st.session_state.get(_BOX) not in (None, *others):
        st.session_state[_BOX] = None  # It was chosen beside another model; now it would stay in the URL.
    kind = f"{shape[1]} × {shape[2]} {'gray' if shape[0] == 1 else 'color'}"
    chosen = place.selectbox(
        "Compare with",
        list(others),
        index=None,
        placeholder="Compare with…" if others else f"No other {kind} model",
        key=_BOX,
        bind="query-params",
        width=230,
        label_visibility="collapsed",
        disabled=not others,
    )
    return others.get(chosen)


def comparison_panel(
    images: Store,
    split: Split,
    model: Checkpoint,
    catalog: Catalog,
    other: CheckpointInfo,
    label: int | None,
    unit: LogProbUnit,
) -> int | None:
    """Key numbers, log p by one model over log p by the other, the differences, and the most disputed images.

    Args:
        images, split: the data set, and which part of it that is.
        model, catalog: the first model, and what it says of these images.
        other: the second model; it scores the images here where it did not yet.
        label: that the images are of, None for all.
        unit: that log p is shown in.

    Returns:
        The index of the image that was clicked just now, in the scatter or the grid, else None.

    Raises:
        ExplorerError: see `compare`, and `ready_catalog`.
    """
    second = ready_catalog(checkpoint(other.path), images, split)
    if second is None:
        return None
    found = compare(catalog, second, label, (model.name, other.name))
    view = column_views(catalog, unit)["log_prob"]
    if found.caveat:
        st.warning(found.caveat, icon=":material/info:")
    _numbers(found, view)
    figures = st.grid(2, min_column_width=400, border=True)
    left, right = figures.cell(), figures.cell()
    with left:
        picked, clicked = _scatter(images, catalog, found, view, label)
    with right:
        _histogram(found, view)
    in_grid = _disputed(images, found, view, picked)
    return in_grid if clicked is None else clicked


def _numbers(found: Comparison, view: ColumnView) -> None:
    numbers = found.agreement
    left_out = f", {found.left_out:,} left out" if found.left_out else ""
    better = found.second if numbers.mean > 0 else found.first if numbers.mean < 0 else "neither"
    cells = (
        (
            f"RMS difference [{view.short_unit}]",
            view.number(numbers.rms),
            f"{view.number(numbers.spread)} without the mean",
            "Root mean square of the difference of log p. The two models of Guth, Kadkhodaie and Simoncelli (2025) "
            "that were trained on 100,000 other images each differ by 0.186 dB/dimension.",
        ),
        (
            f"Mean difference [{view.short_unit}]",
            _signed(numbers.mean, view),
            f"in favor of {better}",
            f"Mean of log p by {found.second} minus log p by {found.first}.",
        ),
        (
            "Correlation",
            _coefficient(numbers.correlation),
            f"of ranks: {_coefficient(numbers.rank_correlation)}",
            "Pearson's correlation of log p by the two models, and of the ranks of the images (Spearman's).",
        ),
        (
            f"More probable for {found.second}",
            f"{numbers.second_higher:.0%}".replace("%", " %"),
            f"of {len(found):,} images{left_out}",
            "Share of the images to which it gives the higher log p. Left out is an image to which a model gives no "
            "finite value.",
        ),
    )
    grid = st.grid(4, min_column_width=180)
    for title, value, below, explanation in cells:
        grid.metric(title, value, below, delta_color="off", delta_arrow="off", help=explanation, border=True)


def _scatter(
    images: Store, catalog: Catalog, found: Comparison, view: ColumnView, label: int | None
) -> tuple[np.ndarray | None, int | None]:
    """The scatter. Returns the places of the images that are selected in it, None when nothing is, and the index of the
    image that was clicked just now, else None."""
    st.markdown("**Image by image.** A box or lasso fills the grid below, a click opens an image.")

    def words(place: int) -> str:
        by = ((found.first, found.first_log_prob), (found.second, found.second_log_prob))
        values = (f"log p by {name} {view.text(log_prob[place])}" for name, log_prob in by)
        return "\n".join((description(images, int(found.index[place])), *values))

    figure = log_prob_scatter(
        view.convert(found.first_log_prob),
        view.convert(found.second_log_prob),
        found.index,
        names=(found.first, found.second),
        unit=view.unit,
        words=words,
    )
    with st.container(key=_CHART):
        event: Any = st.plotly_chart(
            figure,
            key=f"comparison {catalog.folder.name} {found.second} {label} {view.unit} "
            f"{st.session_state.get(_ROUND, 0)}",
            on_select="rerun",
            selection_mode=("box", "lasso"),
            config=_PLOT_CONFIG,
            alt=f"Scatter of log p by {found.second} over log p by {found.first}",
        )
    clicked = hover_card(images, figure.data[0].customdata[:, 0], _CHART, key="comparison_card")
    if len(found) > MAX_POINTS:
        st.caption(
            f"{MAX_POINTS:,} of the {len(found):,} images, drawn at random, are plotted. A box or lasso selects all of "
            "the images that it encloses, plotted or not."
        )
    chosen = event.selection
    regions = [
        Region(np.divide(drawn["x"], view.factor), np.divide(drawn["y"], view.factor))
        for drawn in (*chosen.box, *chosen.lasso)
    ]
    return found.inside(regions) if regions else None, clicked


def _histogram(found: Comparison, view: ColumnView) -> None:
    st.markdown("**How the difference is distributed.**")
    edges, counts = found.histogram()
    figure = difference_histogram(
        view.convert(edges),
        counts,
        found.agreement.mean * view.factor,
        names=(found.first, found.second),
        unit=view.unit,
    )
    st.plotly_chart(figure, config=_PLOT_CONFIG, alt="Histogram of the difference of log p")


def _disputed(images: Store, found: Comparison, view: ColumnView, picked: np.ndarray | None) -> int | None:
    controls = st.container(horizontal=True, vertical_alignment="bottom")
    names = {"both": "either model", "first": found.first, "second": found.second}
    side: Side = controls.segmented_control(
        "Most disputed images, more probable for",
        list(names),
        default="both",
        format_func=names.__getitem__,
        required=True,
        key="disputed",
        bind="query-params",
        help="Against the mean difference: what all images share says nothing of one of them.",
    )
    if picked is not None:
        controls.button("Clear the selection", icon=":material/close:", on_click=_clear)
    places = found.most_disputed(_SHOWN, side, picked)
    if not len(places):
        st.caption("No image lies inside the selection.")
        return None
    sentences = [f"{len(picked):,} selected in the scatter."] if picked is not None else []
    if picked is None or len(picked) > _SHOWN:
        sentences.append(f"The {len(places)} images {_ORDERS[side]}.")
    sentences.append(f"Below each: log p by {found.first} → by {found.second}, and the difference.")
    st.caption(" ".join(sentences))
    items = []
    for place in places.tolist():
        index = int(found.index[place])
        values = [view.number(float(log_prob[place])) for log_prob in (found.first_log_prob, found.second_log_prob)]
        difference = f"{_signed(float(found.difference[place]), view)} {view.short_unit}"
        about = (
            f"{description(images, index)}, log p {values[0]} by {found.first}, {values[1]} by {found.second}, "
            f"difference {difference}"
        )
        items.append(GridImage(images.pixels[index], " → ".join(values), difference, about))
    opened = image_grid(items, key="disputed-grid", cell=120)
    return None if opened is None else int(found.index[places[opened]])


def _signed(value: float, view: ColumnView) -> str:
    return ("+" if value > 0 else "") + view.number(value)


def _coefficient(value: float) -> str:
    return f"{value:.4f}".replace("-", "−") if np.isfinite(value) else "none"


def _clear() -> None:
    """Drop the selection in the scatter: the next run draws it under another key."""
    st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1
