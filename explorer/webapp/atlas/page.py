"""Atlas: a whole data set sorted by probability."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer.catalog.query import Catalog
from explorer.data.store import Store
from explorer.data.unseen import unseen_split
from explorer.webapp.atlas.comparison import choose_other_model, comparison_panel
from explorer.webapp.atlas.panels import (
    AROUND,
    clear_scatter,
    histogram_panel,
    numbers_panel,
    scatter_panel,
)
from explorer.webapp.shell.columns import ColumnView, column_views
from explorer.webapp.shell.dataset_images import grid_of_rows, open_in_probe
from explorer.webapp.shell.grid_warning import warn_of_grid
from explorer.webapp.shell.loaders import in_words, shown_errors, store
from explorer.webapp.shell.ready_catalog import ready_catalog
from explorer.webapp.shell.sidebar import Selection, sidebar

HIGHEST, LOWEST, EVEN, RANDOM = "Highest", "Lowest", "Evenly spaced", "Random"
ORDERS = (HIGHEST, LOWEST, EVEN, RANDOM, AROUND)
COUNTS = (24, 48, 96, 192, 384)
ALL_LABELS = -2


def page() -> None:
    selection = sidebar()
    st.title("Atlas")
    header = st.container(horizontal=True, vertical_alignment="center")
    with shown_errors():
        sentence = header.empty()
        other = choose_other_model(header, selection.checkpoint)
        models = [selection.checkpoint.config, *([other.config] if other else [])]
        split = unseen_split(selection.dataset, *(config.dataset for config in models))
        images = store(selection.dataset, selection.checkpoint.model.image_shape, split)
        how = (
            ", sorted by the probability that the model gives them."
            if other is None
            else f" under {selection.checkpoint.name} and {other.name}. Where models that were trained on different "
            "images agree, log p belongs to the image and not to the sample that they saw."
        )
        sentence.markdown(f"The {in_words(images, split)}{how}")
        warn_of_grid(images)
        catalog = ready_catalog(selection.checkpoint, images, split)
        if catalog is None:
            return
        label = choose_label(header, images, catalog)
        if other is None:
            show(selection, images, catalog, label)
            return
        opened = comparison_panel(images, split, selection.checkpoint, catalog, other, label, selection.unit)
        if opened is not None:
            open_in_probe(number_in_probe(selection, images, opened))


def show(selection: Selection, images: Store, catalog: Catalog, label: int | None) -> None:
    views = column_views(catalog, selection.unit)
    numbers = catalog.summary(label)
    if numbers is None:
        st.warning("The model gives none of these images a finite log p. Choose another model.")
        return
    numbers_panel(numbers, views["log_prob"])

    figures = st.grid(2, min_column_width=400, border=True)
    left, right = figures.cell(), figures.cell()
    with right:
        picked = scatter_panel(images, catalog, views, label)
    if picked.clicked is not None:
        open_in_probe(picked.clicked)
    rows, by, around, sentence = choose_rows(catalog, views, label, picked.inside)
    with left:
        shown = rows.column("log_prob").drop_null().to_numpy()
        mark = around if by == "log_prob" else None
        histogram_panel(numbers, catalog, views["log_prob"], label, shown, mark)
    st.caption(sentence)
    grid_of_rows(images, rows, views[by], by)


def choose_label(place: DeltaGenerator, images: Store, catalog: Catalog) -> int | None:
    counts = catalog.label_counts()
    if len(counts) < 2:
        return None
    names = {
        label: images.label_names[label] if 0 <= label < len(images.label_names) else str(label) for label in counts
    }
    names |= {-1: "none", ALL_LABELS: "All labels"}
    chosen = place.selectbox(
        "Label",
        [ALL_LABELS, *counts],
        format_func=names.__getitem__,
        key="label",
        bind="query-params",
        width=220,
        label_visibility="collapsed",
    )
    return None if chosen in (None, ALL_LABELS) else chosen


def choose_rows(
    catalog: Catalog, views: dict[str, ColumnView], label: int | None, picked: np.ndarray | None
) -> tuple[pa.Table, str, float | None, str]:
    """The images of the grid, the column they are sorted by, the value they are around, and a sentence about them."""
    controls = st.container(horizontal=True, vertical_alignment="bottom")
    order = controls.segmented_control(
        "Images", ORDERS, default=HIGHEST, required=True, key="order", bind="query-params", disabled=picked is not None
    )
    by = controls.selectbox(
        "By",
        list(views),
        format_func=lambda name: views[name].title,
        key="by",
        bind="query-params",
        width=300,
        help="Local dimensionality is read from the time score at the image itself, d − 2 t dU/dt. For an exact "
        "density it is never below 0; where it is, the model errs by as much.",
    )
    view = views[by]
    around, draw = None, 0
    if order == AROUND and picked is None:
        forget_value((by, view.unit))
        median = float(view.convert(catalog.quantiles(by, [0.5], label))[0])
        typed = controls.number_input(
            f"Value [{view.unit}]" if view.unit else "Value",
            value=None,
            placeholder=f"{median:.{view.decimals}f}, the median",
            format=f"%.{view.decimals}f",
            key="at",
            bind="query-params",
            width=200,
        )
        around = median if typed is None else typed
    if order == RANDOM and picked is None:
        draw = controls.number_input("Draw", 0, 9999, key="draw", bind="query-params", width=130)
    count = controls.selectbox("Number", COUNTS, 1, key="n", bind="query-params", width=100)

    if picked is not None:
        controls.button("Clear the selection", icon=":material/close:", on_click=clear_scatter)
        rows = catalog.rows(by, limit=count, among=picked)
        if not len(picked):
            return rows, by, None, "No image lies inside the selection."
        first = f" The first {count}:" if len(picked) > count else ""
        return rows, by, None, f"{len(picked):,} images selected in the scatter, largest {view.title} first.{first}"
    if order == RANDOM:
        return catalog.random(count, draw, label), by, None, "Images drawn at random: this is what is typical."
    if order == EVEN:
        rows = catalog.evenly_spaced(by, count, label)
        return rows, by, None, f"Images whose {view.title} steps evenly from the largest to the smallest."
    if around is not None:
        unit = f" {view.short_unit}" if view.short_unit else ""
        rows = catalog.nearest(by, around / view.factor, count, label)
        return (
            rows,
            by,
            around,
            f"The {len(rows)} images whose {view.title} is nearest to {around:,.{view.decimals}f}{unit}.",
        )
    rows = catalog.rows(by, order != LOWEST, count, label=label)
    which = "smallest" if order == LOWEST else "largest"
    return rows, by, None, f"The {len(rows)} images with the {which} {view.title}, in order."


def forget_value(of: tuple[str, str]) -> None:
    """A value of another column, or in another unit, means nothing here."""
    if st.session_state.setdefault("at-of", of) != of:
        st.session_state["at-of"] = of
        st.session_state["at"] = None


def number_in_probe(selection: Selection, images: Store, index: int) -> int:
    """Probe knows of one model alone, and may count more images than are new to both."""
    all_of_them = store(selection.dataset, selection.checkpoint.model.image_shape, selection.split)
    return index if all_of_them is images else list(all_of_them.names).index(images.names[index])
