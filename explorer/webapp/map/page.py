"""Map: a data set in the plane, so that images that the model treats alike are near each other."""

from __future__ import annotations

import streamlit as st

from explorer.catalog.map import Map
from explorer.catalog.query import Catalog
from explorer.data.store import Store
from explorer.webapp.map.panel import clear_map_selection, map_panel, ready_map
from explorer.webapp.shell.columns import ColumnView, column_views
from explorer.webapp.shell.dataset_images import grid_of_rows, open_in_probe
from explorer.webapp.shell.loaders import in_words, shown_errors, store
from explorer.webapp.shell.ready_catalog import ready_catalog
from explorer.webapp.shell.sidebar import Selection, sidebar
from explorer.webapp.widgets.hover_card import Picked

LABEL = "label"
SAMPLES = 24
MAX_SELECTED = 400
GRID_HEIGHT = 600


def page() -> None:
    selection = sidebar()
    st.title("Map")
    header = st.container(horizontal=True, vertical_alignment="center")
    with shown_errors():
        images = store(selection.dataset, selection.checkpoint.model.image_shape, selection.split)
        header.markdown(
            f"Each point is one of the {in_words(images, selection.split)}; images that the model treats alike are "
            "near each other."
        )
        catalog = ready_catalog(selection.checkpoint, images, selection.split)
        positions = ready_map(selection.checkpoint, images, selection.split) if catalog is not None else None
        if catalog is not None and positions is not None:
            show(selection, images, catalog, positions)


def show(selection: Selection, images: Store, catalog: Catalog, positions: Map) -> None:
    views = column_views(catalog, selection.unit)
    cells = st.grid(2, min_column_width=400, border=True)
    left, right = cells.cell(), cells.cell()
    with left:
        color = choose_color(catalog, views)
        picked = map_panel(images, catalog, positions, color, views.get(color))
    if picked.clicked is not None:
        open_in_probe(picked.clicked)
    with right:
        view_name = color if color in views else "log_prob"
        show_images(images, catalog, views, view_name, picked)


def choose_color(catalog: Catalog, views: dict[str, ColumnView]) -> str:
    options = [*views, *([LABEL] if len(catalog.label_counts()) > 1 else [])]
    return st.selectbox(
        "Color",
        options,
        format_func=lambda name: views[name].title if name in views else "Label",
        key="color",
        bind="query-params",
        width=320,
    )


def show_images(images: Store, catalog: Catalog, views: dict[str, ColumnView], name: str, picked: Picked) -> None:
    view = views[name]
    if picked.inside is None:
        st.markdown(f"**From the largest to the smallest {view.title}.** A lasso on the map shows its images here.")
        rows = catalog.evenly_spaced(name, SAMPLES)
    else:
        heading = st.container(horizontal=True, vertical_alignment="center")
        heading.markdown(f"**{len(picked.inside):,} images selected,** the most probable first.")
        heading.button("Clear", icon=":material/close:", on_click=clear_map_selection)
        rows = catalog.rows("log_prob", limit=MAX_SELECTED, among=picked.inside)
        if len(picked.inside) > MAX_SELECTED:
            st.caption(f"The first {MAX_SELECTED} of them.")
    with st.container(height=GRID_HEIGHT, border=False):
        grid_of_rows(images, rows, view, name, cell=84)
