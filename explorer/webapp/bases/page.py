"""Bases: the basis in which the denoiser shrinks a noisy image."""

from __future__ import annotations

from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer.measures.geometry.rebuilding import contours
from explorer.webapp.bases.found import content, finding, known_basis
from explorer.webapp.bases.gaps import offer_gaps
from explorer.webapp.bases.numbers import show_checks, show_numbers
from explorer.webapp.bases.rebuilding import show_rebuilding
from explorer.webapp.bases.vectors import clean_values, show_spectrum, show_vectors, to_pixels
from explorer.webapp.shell.image_source import choose_image, choose_source
from explorer.webapp.shell.loaders import shown_errors
from explorer.webapp.shell.noise_slider import noise_in_words, psnr_range, psnr_slider
from explorer.webapp.shell.part_box import choose_part
from explorer.webapp.shell.sidebar import Selection, sidebar
from explorer.webapp.shell.subject import Subject
from explorer.webapp.shell.terms import explained
from explorer.webapp.shell.upload import take_dropped
from explorer.webapp.shell.work import Work, carry_on, offered
from explorer.webapp.widgets.drop_zone import drop_zone
from explorer.webapp.widgets.pixels import show_pixels

_NARROWEST = 165  # of the columns at the top, in pixels


def page() -> None:
    selection = sidebar(needs_noise_levels="Bases")
    drop_zone("Drop an image to see its basis", take_dropped)
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.title("Bases", anchor=False, width="content")
        source = choose_source()
    st.caption(
        "A denoiser shrinks a noisy image in a basis of its own, which follows contours and flat regions of this very "
        "image: the eigenvectors of its Jacobian, each with its own factor."
    )
    with shown_errors():
        cells = st.grid(5, min_column_width=_NARROWEST, gap="medium")
        places = [cells.cell() for _ in range(5)]
        with places[0]:
            split = selection.split
            if source == "dataset":
                split = choose_part(places[0], selection.dataset, selection.checkpoint.config.dataset)
            subject = choose_image(source, selection, split)
            psnr = psnr_slider(*psnr_range(selection.checkpoint))
            st.caption(noise_in_words(psnr))
        _results(selection, subject, psnr, places)


def _results(selection: Selection, subject: Subject, psnr: float, places: list[DeltaGenerator]) -> None:
    checkpoint = selection.checkpoint
    x = clean_values(checkpoint, subject.pixels)
    basis = known_basis(checkpoint, x, psnr)
    works: list[Work[Any]] = []
    if basis is None:
        works.append(
            offered("basis", content(checkpoint, x, psnr), "Find the basis", finding(checkpoint, x, psnr), at_once=True)
        )
    with places[1]:
        show_pixels(subject.pixels, subject.title)
    if basis is not None:
        with places[2]:
            show_pixels(to_pixels(checkpoint, basis.noisy), "With noise", explanation=explained("Noise variance"))
        with places[3]:
            show_pixels(to_pixels(checkpoint, basis.denoised), "Denoised", explanation=explained("Denoiser"))
        with places[4]:
            show_numbers(checkpoint, basis, x, psnr)
        on_contours = contours(x)
        chosen = show_spectrum(checkpoint, basis, on_contours)
        show_vectors(basis, subject.pixels, on_contours, chosen)
        show_rebuilding(checkpoint, basis, x)
    works.append(offer_gaps(checkpoint, x, psnr))
    if basis is not None:
        show_checks(basis)
    carry_on(works)
