"""Map: a data set in the plane, so that images that the model treats alike are near each other."""

from __future__ import annotations

import streamlit as st

from explorer.catalog.map import Map
from explorer.catalog.query import Catalog
from explorer.data.sources import Split
from explorer.data.store import Store
from explorer.data.unseen import part_in_words
from explorer.escaping import in_markdown
from explorer.webapp.map.panel import map_panel
from explorer.webapp.map.ready_map import ready_map
from explorer.webapp.shell.address import kept
from explorer.webapp.shell.column_format import ColumnFormat, column_formats
from explorer.webapp.shell.dataset_images import grid_of_rows, open_in_probe
from explorer.webapp.shell.left_out import tell_left_out
from explorer.webapp.shell.loaders import shown_errors, store
from explorer.webapp.shell.part_box import choose_part, how_divided
from explorer.webapp.shell.points_chart import Picked, clear_selection
from explorer.webapp.shell.ready_catalog import ready_catalog
from explorer.webapp.shell.setting_forms import one_of
from explorer.webapp.shell.sidebar import Selection, sidebar
from explorer.webapp.shell.terms import explained

_LABEL = "label"
_SAMPLES = 24
_MAX_SELECTED = 400
_GRID_HEIGHT = 600


def page() -> None:
    selection = sidebar(needs_noise_levels="Map")
    st.title("Map")
    header = st.container(horizontal=True, vertical_alignment="center")
    with shown_errors():
        sentence = header.empty()
        split = choose_part(header, selection.dataset, selection.checkpoint.config.dataset)
        images = store(selection.dataset, selection.checkpoint.model.image_shape, split)
        what = in_markdown(part_in_words(images, split))
        sentence.markdown(
            f"{what}. Each is a point; images that the model treats alike are near each other.",
            help=how_divided(images),
        )
        tell_left_out(images)
        catalog = ready_catalog(selection.checkpoint, images, split)
        positions = ready_map(selection.checkpoint, images, split) if catalog is not None else None
        if catalog is not None and positions is not None:
            _show(selection, images, split, catalog, positions)


def _show(selection: Selection, images: Store, split: Split, catalog: Catalog, positions: Map) -> None:
    formats = column_formats(catalog, selection.unit)
    cells = st.grid(2, min_column_width=400, border=True)
    left, right = cells.cell(), cells.cell()
    with left:
        color = _choose_color(catalog, formats)
        picked = map_panel(images, catalog, positions, color, formats.get(color))
    if picked.clicked is not None:
        open_in_probe(picked.clicked, split)
    with right:
        column = color if color in formats else "log_prob"
        _show_images(images, split, catalog, column, formats[column], picked)


def _choose_color(catalog: Catalog, formats: dict[str, ColumnFormat]) -> str:
    options = [*formats, *([_LABEL] if len(catalog.label_counts()) > 1 else [])]

    def words(name: str) -> str:
        return formats[name].title if name in formats else "Label"

    color = kept("color", one_of(options, words), options[0])
    help_ = explained("log p", "Local dimensionality at the image")
    return st.selectbox("Color", options, format_func=words, key=color, width=320, help=help_)


def _show_images(images: Store, split: Split, catalog: Catalog, column: str, fmt: ColumnFormat, picked: Picked) -> None:
    if picked.inside is None:
        st.markdown(f"**From the largest to the smallest {fmt.title}.** A lasso on the map shows its images here.")
        rows = catalog.evenly_spaced(column, _SAMPLES)
    else:
        heading = st.container(horizontal=True, vertical_alignment="center")
        heading.markdown(f"**{len(picked.inside):,} images selected,** the most probable first.")
        heading.button("Clear", icon=":material/close:", on_click=clear_selection)
        rows = catalog.rows("log_prob", limit=_MAX_SELECTED, among=picked.inside)
        if len(picked.inside) > _MAX_SELECTED:
            st.caption(f"The first {_MAX_SELECTED} of them.")
    with st.container(height=_GRID_HEIGHT, border=False):
        opened = grid_of_rows(images, rows, column, fmt, cell=84)
    if opened is not None:
        open_in_probe(opened, split)
