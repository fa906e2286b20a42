"""Photograph: the probability of a large photograph, scale by scale."""

from __future__ import annotations

from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer.figures.pixels import mark_out_of_range
from explorer.models.checkpoints import Checkpoint
from explorer.perturbations import Perturbation
from explorer.units import code_length_unit
from explorer.webapp.large.changes import choose_perturbation, offer_sweep, show_change
from explorer.webapp.large.concave import offer_curvature
from explorer.webapp.large.density import choose_density, whole_image_model
from explorer.webapp.large.dimensions import offer_dimensions
from explorer.webapp.large.drawing import offer_drawing
from explorer.webapp.large.measured import codec_bits, look
from explorer.webapp.large.overview import bits_map, choose_scale, code_lengths, show_log_prob
from explorer.webapp.large.source import choose_side, choose_source, choose_subject
from explorer.webapp.shell.loaders import shown_errors
from explorer.webapp.shell.sidebar import Selection, sidebar
from explorer.webapp.shell.upload import take_dropped
from explorer.webapp.shell.work import Work, carry_on
from explorer.webapp.widgets.drop_zone import drop_zone
from explorer.webapp.widgets.pixels import show_pixels

_NARROWEST = 300  # of the columns at the top, in pixels


def page() -> None:
    selection = sidebar()
    drop_zone("Drop a photograph to look at it", take_dropped)
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.title("Photograph", anchor=False, width="content")
        source = choose_source()
    st.caption("How probable a whole photograph is, and what each scale says of it: from coarse form to fine texture.")
    with shown_errors():
        cells = st.grid(3, min_column_width=_NARROWEST, gap="medium")
        places = [cells.cell() for _ in range(3)]
        with places[0]:
            density = choose_density(selection)
        if density is not None:
            _photograph(selection, density, source, places)


def _photograph(selection: Selection, density: Checkpoint, source: str, places: list[DeltaGenerator]) -> None:
    choice, image, of_bits = places
    with choice:
        subject = choose_subject(source, selection, density, choose_side(density))
    lengths = st.container()
    perturbation = choose_perturbation()
    changes, sweep = st.columns(2, gap="medium")

    # Then the results, from top to bottom.
    unit, name = code_length_unit(len(subject.pixels)), density.name
    with choice, st.spinner("Measuring the photograph, scale by scale…", show_time=True):
        seen = look(density, subject.pixels, perturbation)
    with image:
        is_changed = perturbation != Perturbation()
        shown = ", perturbed" if is_changed else ""
        show_pixels(mark_out_of_range(seen.rounded, seen.x), f"{subject.picture.title}{shown}, as the model sees it")
        show_log_prob(seen.now, seen.original, selection.unit)
    with of_bits:
        bits_map(seen.now, choose_scale(seen.now), unit, name)
    with changes:
        show_change(seen.now, seen.original, unit, name)
    with sweep:
        works: list[Work[Any]] = [offer_sweep(density, subject.pixels, perturbation, unit)]
    works.append(offer_dimensions(density, seen.x))
    works.append(offer_drawing(density, seen.x, seen.now.log_prob, selection.unit))
    whole = whole_image_model(selection, density)
    works.append(offer_curvature(density, whole, subject.picture.image, subject.crop))
    with lengths:
        with st.spinner("Coding the photograph with PNG, WebP and JPEG XL…", show_time=True):
            codecs = codec_bits(seen.rounded)
        code_lengths(seen.coded, codecs, unit, name, is_changed)
    carry_on(works)
