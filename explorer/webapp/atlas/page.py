"""Atlas: a whole data set sorted by probability."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer.catalog.query import Catalog
from explorer.data.sources import Split
from explorer.data.store import Store
from explorer.data.unseen import part_in_words
from explorer.escaping import in_markdown
from explorer.webapp.atlas.bits import choose_what_a_click_shows, open_image, show_bits
from explorer.webapp.atlas.comparison import choose_other_model, comparison_panel
from explorer.webapp.atlas.grid import choose_rows
from explorer.webapp.atlas.histogram import histogram_panel
from explorer.webapp.atlas.numbers import numbers_panel
from explorer.webapp.atlas.scatter import scatter_panel
from explorer.webapp.shell.address import kept
from explorer.webapp.shell.column_format import column_formats
from explorer.webapp.shell.dataset_images import grid_of_rows, label_names
from explorer.webapp.shell.grid_warning import warn_of_grid
from explorer.webapp.shell.left_out import tell_left_out
from explorer.webapp.shell.loaders import checkpoint, shown_errors, store
from explorer.webapp.shell.part_box import choose_part, how_divided
from explorer.webapp.shell.ready_catalog import ready_catalog
from explorer.webapp.shell.setting_forms import one_of
from explorer.webapp.shell.sidebar import Selection, sidebar

_ALL_LABELS = -2


def page() -> None:
    selection = sidebar()
    st.title("Atlas")
    header = st.container(horizontal=True, vertical_alignment="center")
    with shown_errors():
        sentence = header.empty()
        other = choose_other_model(header, selection.checkpoint)
        configs = [selection.checkpoint.config, *([other.config] if other and other.config else [])]
        split = choose_part(header, selection.dataset, *(config.dataset for config in configs))
        images = store(selection.dataset, selection.checkpoint.model.image_shape, split)
        how = (
            ", sorted by the probability that the model gives them."
            if other is None
            else f" under {selection.checkpoint.name} and {other.name}. Where models that were trained on different "
            "images agree, log p is a property of the image and not of the sample that they were trained on."
        )
        sentence.markdown(in_markdown(f"{part_in_words(images, split)}{how}"), help=how_divided(images))
        warn_of_grid(images)
        tell_left_out(images)
        catalog = ready_catalog(selection.checkpoint, images, split)
        if catalog is None:
            return
        label = _choose_label(header, images, catalog)
        with_bits = selection.checkpoint.model.has_noise_levels and not (other and other.any_size)
        if with_bits:  # maps of surprise are integrals over noise levels
            choose_what_a_click_shows(header)
        models = [selection.checkpoint]
        if other is None:
            _show(selection, images, split, catalog, label)
        else:
            opened = comparison_panel(images, split, selection.checkpoint, catalog, other, label, selection.unit)
            if opened is not None:
                open_image(opened, split, selection.checkpoint)
            models.append(checkpoint(other.path))
        if with_bits:
            show_bits(images, split, models)


def _show(selection: Selection, images: Store, split: Split, catalog: Catalog, label: int | None) -> None:
    formats = column_formats(catalog, selection.unit)
    numbers = catalog.summary(label)
    if numbers is None:
        st.warning("The model gives none of these images a finite log p. Choose another model.")
        return
    numbers_panel(numbers, formats["log_prob"])

    figures = st.grid(2, min_column_width=400, border=True)
    left, right = figures.cell(), figures.cell()
    with right:
        picked = scatter_panel(images, catalog, formats, label)
    if picked.clicked is not None:
        open_image(picked.clicked, split, selection.checkpoint)
    chosen = choose_rows(catalog, formats, label, picked.inside)
    with left:
        in_grid = chosen.rows.column("log_prob").drop_null().to_numpy()
        mark = chosen.around if chosen.by == "log_prob" else None
        histogram_panel(numbers, catalog, formats["log_prob"], label, in_grid, mark)
    st.caption(chosen.sentence)
    opened = grid_of_rows(images, chosen.rows, chosen.by, formats[chosen.by])
    if opened is not None:
        open_image(opened, split, selection.checkpoint)


def _choose_label(place: DeltaGenerator, images: Store, catalog: Catalog) -> int | None:
    names = label_names(images, catalog)
    if len(names) < 2:
        return None
    names[_ALL_LABELS] = "All labels"
    chosen = place.selectbox(
        "Label",
        [_ALL_LABELS, *catalog.label_counts()],
        format_func=names.__getitem__,
        key=kept("label", one_of([_ALL_LABELS, *catalog.label_counts()], names.__getitem__), _ALL_LABELS),
        width=220,
        label_visibility="collapsed",
    )
    return None if chosen in (None, _ALL_LABELS) else chosen
