"""Probe: one image under the microscope."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from explorer.data.unseen import named_part
from explorer.webapp.probe.comparison import show_comparison
from explorer.webapp.probe.download import download_button
from explorer.webapp.probe.images import show_perturbed, show_score
from explorer.webapp.probe.metrics import (
    is_changed,
    show_code_length,
    show_dimensionality,
    show_log_prob,
    show_percentile,
)
from explorer.webapp.probe.pin import Pin, chosen_pin, pin_button
from explorer.webapp.probe.results import ProbeResults
from explorer.webapp.probe.sliders import change_sliders
from explorer.webapp.probe.surprise import surprise_section
from explorer.webapp.probe.tray import follow_tray, show_tray
from explorer.webapp.shell.address import part_kept_in_url
from explorer.webapp.shell.image_source import choose_image, choose_source
from explorer.webapp.shell.loaders import shown_errors
from explorer.webapp.shell.noise_slider import noise_in_words, psnr_range, psnr_slider
from explorer.webapp.shell.part_box import choose_part
from explorer.webapp.shell.sidebar import Selection, sidebar
from explorer.webapp.shell.subject import subject_of
from explorer.webapp.shell.terms import explained
from explorer.webapp.shell.upload import take_dropped
from explorer.webapp.widgets.drop_zone import drop_zone
from explorer.webapp.widgets.live_chart import live_chart
from explorer.webapp.widgets.pixels import show_pixels
from explorer.webapp.widgets.undo import undo_button


def page() -> None:
    _below_sidebar(sidebar(needs_noise_levels="Probe"))


@st.fragment  # a slider reruns this function, not the sidebar
@part_kept_in_url("bench")
def _below_sidebar(selection: Selection) -> None:
    follow_tray(selection)
    drop_zone("Drop an image to look at it", take_dropped)
    with shown_errors():
        _probe(selection)


def _probe(selection: Selection) -> None:
    # The widgets come first, so that their values are known.
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        with st.container(horizontal=True, vertical_alignment="center", gap="medium", width="content"):
            st.title("Probe", anchor=False, width="content")
            source = choose_source()
        actions = st.container(horizontal=True, gap="small", width="content")
    st.caption(
        "How probable the model finds an image, and how that changes as the image is changed. Drop or paste your own."
    )
    with st.container(key="bench"):
        choice, images, numbers = st.columns([1, 2.2, 1.2], gap="medium")
    with images:
        with st.container(key="images"):
            before, after = st.columns(2, gap="medium")
        strip = st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center", key="strip")
    with numbers, st.container(key="numbers", horizontal=True):
        measures, code_length = st.container(), st.container()
    with choice:
        split = selection.split
        if source == "dataset":
            split = choose_part(choice, selection.dataset, selection.checkpoint.config.dataset)
        subject = choose_image(source, selection, split)
    with strip:
        show_tray(subject, selection)
    pin = chosen_pin()
    comparison = st.container(border=True, key="comparison") if pin is not None else None
    noise_range = psnr_range(selection.checkpoint)
    changes, below_sliders = change_sliders(*noise_range)
    with actions:
        undo_button()
    with strip:
        pin_button(subject, changes)
    with st.container(key="noise_heading"):
        heading, slider = st.columns(2, gap="medium", vertical_alignment="bottom")
    with slider:
        psnr = psnr_slider(*noise_range)
    with heading:
        st.markdown("#### Look at its neighborhood, near and far", help=explained("Energy"))
        st.caption(noise_in_words(psnr))
    denoising = st.columns(3, gap="medium")
    with st.container(key="noise_charts"):
        noise_columns = st.columns(2, gap="medium")

    # Then the results, from top to bottom.
    results = ProbeResults(selection, split, subject, changes, psnr)
    with measures:
        spread = results.spread if is_changed(results.probed) else None
        with st.container(key="log_p"):
            show_log_prob(results.probed, selection.unit, results.dimensions, spread)
        percentile, dimensionality = st.columns([1, 1.4])
    with code_length:
        show_code_length(results.code_lengths, results.probed, selection.checkpoint.values.levels)
    with before:
        show_pixels(subject.pixels, f"Original: {subject.title}")
    with after:
        show_perturbed(results.probed)
    with percentile, shown_errors():
        show_percentile(results.percentile, named_part(selection.dataset_name, split))
    with dimensionality:
        show_dimensionality(results.dimensionality, psnr, results.dimensions)

    if pin is not None and comparison is not None:
        with comparison:
            results = _compared(results, pin)
    for name, chart in results.perturbation_charts().items():
        with below_sliders[name]:
            live_chart(chart, f"curve_{name}", f"log p against {name}")

    with denoising[0]:
        show_pixels(results.pixels(results.denoised.noisy), "With noise", explanation=explained("Noise variance"))
    with denoising[1]:
        show_pixels(results.pixels(results.denoised.denoised), "Denoised", explanation=explained("Denoiser"))
    with denoising[2]:
        show_score(results.denoised.score)
    with shown_errors():
        for column, (title, chart) in zip(noise_columns, results.noise_charts().items(), strict=True):
            with column:
                live_chart(chart, title, title)
    with actions:
        download_button(results)
    surprise_section(results)


def _compared(results: ProbeResults, pin: Pin) -> ProbeResults:
    """Show the results beside those of the pinned image, and return them with these."""
    pinned = None
    with shown_errors():
        subject = subject_of(pin.origin, results.selection.checkpoint.model.image_shape)
        pinned = replace(results, subject=subject, changes=pin.changes)
    show_comparison(results, pinned)
    return replace(results, pinned=pinned)
