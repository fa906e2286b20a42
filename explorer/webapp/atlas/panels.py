"""The panels of the Atlas: key numbers, the histogram of log p, and the scatter of two columns."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from explorer.catalog.query import Catalog
from explorer.catalog.selection import Region
from explorer.data.store import Store
from explorer.figures.atlas import MAX_POINTS, log_prob_histogram, scatter
from explorer.measures.dataset.distribution import GumbelFit, Summary
from explorer.units import format_power_of_ten
from explorer.webapp.shell.columns import ColumnView
from explorer.webapp.shell.dataset_images import description
from explorer.webapp.widgets.hover_card import Picked, hover_card

__all__ = ["AROUND", "clear_scatter", "histogram_panel", "numbers_panel", "scatter_panel"]

AROUND = "Around a value"
"""The order, among those of the page, that a click on the histogram chooses."""

_PLOT_CONFIG = {"displaylogo": False, "modeBarButtonsToRemove": ["toImage", "autoScale2d", "zoomIn2d", "zoomOut2d"]}


def numbers_panel(numbers: Summary, view: ColumnView) -> None:
    """A row of key numbers of log p over the images."""
    tenth, ninetieth = numbers.typical
    cells = (
        (
            f"Mean log p [{view.short_unit}]",
            view.number(numbers.mean),
            f"median {view.number(numbers.median)}",
            f"Over {numbers.count:,} images, at the noise level where the model reports log p.",
        ),
        (
            f"Spread [{view.short_unit}]",
            view.number(numbers.std),
            f"80 % in {view.number(tenth)} to {view.number(ninetieth)}",
            "Standard deviation of log p. The middle 80 % of images are what is typical; the most probable are not.",
        ),
        (
            "Ratio of extremes",
            format_power_of_ten(numbers.maximum - numbers.minimum),
            f"{view.number(numbers.minimum)} to {view.number(numbers.maximum)}",
            "How many times more probable the most probable image is than the least probable one.",
        ),
        (
            "Entropy [dB/dim]",
            f"{numbers.entropy:.2f}".replace("-", "−"),
            "minus mean log p",
            "Differential entropy −E[log p] of the images under the model, in dB/dimension.",
        ),
        (
            "Natural images",
            format_power_of_ten(numbers.images_exponent * math.log(10)),
            f"of {numbers.levels}^{numbers.dimensions} = "
            f"{format_power_of_ten(numbers.all_images_exponent * math.log(10))}",
            "exp(entropy) is the volume that such images fill; so many images on the grid of pixel values lie in it. "
            "More than there are in all would mean that the model does not know such images.",
        ),
    )
    grid = st.grid(5, min_column_width=160)
    for title, value, below, explanation in cells:
        grid.metric(title, value, below, delta_color="off", delta_arrow="off", help=explanation, border=True)


def histogram_panel(
    numbers: Summary,
    catalog: Catalog,
    view: ColumnView,
    label: int | None,
    shown: np.ndarray,
    around: float | None,
) -> None:
    """Histogram of log p with its Gumbel law, reference images, and the images that are shown in the grid.

    Args:
        numbers: summary of log p.
        catalog: for the counts, and log p of the reference images.
        view: how log p is shown.
        label: that the images are of, None for all.
        shown: log p, in nats, of the images in the grid.
        around: a value to point out, in the unit that is shown.
    """
    fit, marks = numbers.gumbel, catalog.meta.marks
    references = {"uniform noise": marks.noise, "best constant": marks.constant}
    named = {name: value for name, value in references.items() if value is not None}
    edges, counts = catalog.histogram("log_prob", label)
    figure = log_prob_histogram(
        view.convert(edges),
        counts,
        view.unit,
        None if fit is None else GumbelFit(fit.location * view.factor, fit.scale * view.factor),
        {name: value * view.factor for name, value in named.items()},
        view.convert(shown),
        around,
    )
    st.markdown("**How log p is distributed.** A click on a bar shows images from there.")
    key = f"histogram {view.short_unit}"
    st.plotly_chart(
        figure,
        key=key,
        on_select=lambda: _go_to_bar(key, view),
        selection_mode="points",
        config=_PLOT_CONFIG,
        alt="Histogram of log p over the data set",
    )
    sentences = []
    if fit is not None and numbers.gumbel_gain is not None:
        better = "better" if numbers.gumbel_gain > 0 else "worse"
        sentences.append(
            f"Gumbel law of maximum likelihood: location {view.number(fit.location)}, scale {view.text(fit.scale)}; it "
            f"fits {better} than a Gaussian, by {abs(numbers.gumbel_gain):.2g} nats an image."
        )
    if len(named) == len(references):
        noise, constant = (_share(catalog.percentile(value, label)) for value in named.values())
        sentences.append(
            f"Of all constant images the most probable one (value {marks.constant_value:.2f}) is more probable than "
            f"{constant} of these images; uniform noise, than {noise}."
        )
    st.caption(" ".join(sentences))


def _share(percent: float) -> str:
    if percent in (0.0, 100.0):
        return "none" if percent == 0 else "all"
    return f"{percent:.0f} %" if 1 < percent < 99 else f"{percent:.2f} %"


def _go_to_bar(key: str, view: ColumnView) -> None:
    points = st.session_state[key]["selection"]["points"]
    if not points:
        return
    value = round(float(points[0]["x"]), view.decimals)
    if st.session_state.get("order") != AROUND:
        st.query_params["at"] = str(value)  # The widget that keeps the URL up to date is not there yet.
    st.session_state["at"] = value
    st.session_state["order"] = AROUND
    st.session_state["by"] = "log_prob"
    st.session_state["at-of"] = ("log_prob", view.unit)
    clear_scatter()


def scatter_panel(images: Store, catalog: Catalog, views: dict[str, ColumnView], label: int | None) -> Picked:
    """Scatter of two columns, and what was done on it.

    A box or a lasso selects every image of the catalog that lies inside, whether its point is drawn or not.
    """
    st.markdown("**Any two against each other.** A box or lasso fills the grid below, a click opens an image.")
    names = list(views)
    boxes = st.container(horizontal=True, gap="small")

    def title(name: str) -> str:
        return views[name].title

    x = boxes.selectbox("Horizontal", names, names.index("contrast"), title, key="x", bind="query-params")
    y = boxes.selectbox("Vertical", names, 0, title, key="y", bind="query-params")
    count = len(catalog) if label is None else catalog.label_counts()[label]
    if count > MAX_POINTS:
        st.caption(
            f"{MAX_POINTS:,} of the {count:,} images, drawn at random, are plotted. A box or lasso selects all of "
            "the images that it encloses, plotted or not."
        )
    key = f"scatter {catalog.folder.name} {label} {x} {y} {st.session_state.get(_ROUND, 0)}"
    st.session_state[_SCATTER] = key
    figure = _scatter_figure(images, catalog, label, x, y, views[x], views[y])
    with st.container(key=_CHART):
        event: Any = st.plotly_chart(
            figure,
            key=key,
            on_select="rerun",
            selection_mode=("box", "lasso"),
            config=_PLOT_CONFIG,
            alt=f"Scatter of {title(y)} over {title(x)}",
        )
    clicked = hover_card(images, figure.data[0].customdata[:, 0], _CHART, key="scatter_card")
    chosen = event.selection
    regions = [
        Region(np.divide(drawn["x"], views[x].factor), np.divide(drawn["y"], views[y].factor))
        for drawn in (*chosen.box, *chosen.lasso)
    ]
    return Picked(catalog.inside(x, y, regions, label) if regions else None, clicked)


@st.cache_resource(
    show_spinner=False,
    max_entries=8,
    hash_funcs={
        Store: lambda images: (str(images.folder), images.fingerprint),  # names are not in the fingerprint
        Catalog: lambda catalog: catalog.meta.identity.model_dump_json(),
    },
)
def _scatter_figure(
    images: Store, catalog: Catalog, label: int | None, x: str, y: str, across: ColumnView, up: ColumnView
) -> go.Figure:
    index, right, high = (catalog.column(name, label) for name in ("index", x, y))

    def words(place: int) -> str:
        values = (f"{view.title} {view.text(values[place])}" for view, values in ((across, right), (up, high)))
        return "\n".join((description(images, int(index[place])), *values))

    return scatter(across.convert(right), up.convert(high), index, x_title=across.axis, y_title=up.axis, words=words)


_CHART, _SCATTER, _ROUND = "scatter_chart", "scatter-key", "scatter-round"


def clear_scatter() -> None:
    """Drop the selection in the scatter, if there is one: the next run draws it under another key."""
    chosen = st.session_state.get(st.session_state.get(_SCATTER), {}).get("selection", {})
    if any(chosen.get(kind) for kind in ("box", "lasso")):
        st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1
