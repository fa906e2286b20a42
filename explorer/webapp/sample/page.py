"""Sample: images that the model draws."""

from __future__ import annotations

import streamlit as st

from explorer.webapp.sample.comparison import data_panel, nearest_panel
from explorer.webapp.sample.drawing import current_drawing
from explorer.webapp.sample.film import film_panel
from explorer.webapp.sample.settings import choose_settings
from explorer.webapp.shell.loaders import catalog, shown_errors, store
from explorer.webapp.shell.sidebar import sidebar


def page() -> None:
    selection = sidebar(needs_noise_levels="Sample")
    st.title("Sample")
    st.markdown(
        "Images that the model draws: it begins with noise alone and follows its own density from level to level until "
        "little noise is left."
    )
    with shown_errors():
        drawing = current_drawing(selection.checkpoint, choose_settings(selection.checkpoint.model))
        if not drawing.energies:
            return
        images = store(selection.dataset, selection.checkpoint.model.image_shape, selection.split)
        film_panel(drawing, selection.checkpoint, catalog(selection.checkpoint, images), selection.unit)
        cells = st.grid(2, min_column_width=400, border=True)
        if drawing.finished:
            with cells.cell():
                data_panel(drawing, selection, images)
        with cells.cell():
            nearest_panel(drawing, selection)
