"""Wells: stored images as an energy, beside the model's, and whether the model remembers."""

from __future__ import annotations

from typing import Any

import streamlit as st

from explorer.webapp.shell.loaders import shown_errors
from explorer.webapp.shell.sidebar import sidebar
from explorer.webapp.shell.work import Work, carry_on
from explorer.webapp.wells.landscape import choose_level, line_panel, plane_panel
from explorer.webapp.wells.memories import choose_stored
from explorer.webapp.wells.paths import model_paths, stored_paths
from explorer.webapp.wells.remember import offer_memory_test
from explorer.webapp.wells.splits import exact_splitting, show_splits


def page() -> None:
    selection = sidebar(needs_noise_levels="Wells")
    st.title("Wells")
    st.markdown(
        "A diffusion model of a few stored images is a memory: at little noise each image is the bottom of a well of "
        "the energy. At more noise wells merge. Does the model have a well at each image, or is it a density of what "
        "images are like?"
    )
    works: list[Work[Any] | None] = []
    with shown_errors():
        stored = choose_stored(selection)
        exact = exact_splitting(stored)
        splits_at = None if exact is None else exact.psnr
        at = choose_level(stored)
        works.append(line_panel(stored, selection.checkpoint, at, splits_at))
        with shown_errors():
            works.append(plane_panel(stored, selection.checkpoint, at))
        works.append(show_splits(stored, selection.checkpoint, exact))
        st.markdown("#### Samples on their way")
        cells = st.grid(2, min_column_width=400, gap="medium")
        with cells.cell():
            stored_paths(stored, splits_at)
        with cells.cell():
            works.append(model_paths(stored, selection.checkpoint))
    with shown_errors():
        works.append(offer_memory_test(selection))
    carry_on([work for work in works if work is not None])
