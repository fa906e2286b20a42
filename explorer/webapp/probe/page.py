"""Probe: one image under the microscope."""

from __future__ import annotations

import streamlit as st

from explorer.data.unseen import named_part
from explorer.webapp.probe.cached_measures import gray_levels, psnr_range
from explorer.webapp.probe.download import download_button
from explorer.webapp.probe.images import show_perturbed, show_score
from explorer.webapp.probe.metrics import (
    is_changed,
    show_code_length,
    show_dimensionality,
    show_log_prob,
    show_percentile,
)
from explorer.webapp.probe.results import ProbeResults
from explorer.webapp.probe.sliders import perturbation_sliders, psnr_slider
from explorer.webapp.probe.source import choose_image, choose_source
from explorer.webapp.shell.address import part_kept_in_url
from explorer.webapp.shell.loaders import shown_errors
from explorer.webapp.shell.part_box import choose_part
from explorer.webapp.shell.sidebar import Selection, sidebar
from explorer.webapp.widgets.live_chart import live_chart
from explorer.webapp.widgets.pixels import show_pixels


def page() -> None:
    _below_sidebar(sidebar())


@st.fragment  # a slider reruns this function, not the sidebar
@part_kept_in_url("bench")
def _below_sidebar(selection: Selection) -> None:
    with shown_errors():
        _probe(selection)


def _probe(selection: Selection) -> None:
    # The widgets come first, so that their values are known.
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        with st.container(horizontal=True, vertical_alignment="center", gap="medium", width="content"):
            st.title("Probe", anchor=False, width="content")
            source = choose_source()
        download = st.container(width="content")
    st.caption("How probable the model finds an image, and how that changes as the image is changed.")
    with st.container(key="bench"):
        choice, before, after, numbers = st.columns([1, 1.05, 1.05, 1.2], gap="medium")
    with choice:
        split = selection.split
        if source == "dataset":
            split = choose_part(choice, selection.dataset, selection.checkpoint.config.dataset)
        subject = choose_image(source, selection, split)
    perturbation, below_sliders = perturbation_sliders()
    with st.container(key="noise_heading"):
        heading, slider = st.columns(2, gap="medium", vertical_alignment="bottom")
    with slider:
        psnr = psnr_slider(*psnr_range(selection.checkpoint))
    with heading:
        st.markdown("#### Look at its neighborhood, near and far")
        st.caption(f"Noise at {psnr:g} dB changes each pixel by σ = {gray_levels(psnr):.3g} gray levels of 255.")
    denoising = st.columns(3, gap="medium")
    with st.container(key="noise_charts"):
        noise_columns = st.columns(2, gap="medium")

    # Then the results, from top to bottom.
    results = ProbeResults(selection, split, subject, perturbation, psnr)
    with numbers:
        spread = results.spread if is_changed(results.probed) else None
        with st.container(key="log_p"):
            show_log_prob(results.probed, selection.unit, results.dimensions, spread)
        percentile, dimensionality = st.columns([1, 1.4])
        show_code_length(results.code_lengths, results.probed, selection.checkpoint.values.levels)
    with before:
        show_pixels(subject.pixels, f"Original: {subject.title}")
    with after:
        show_perturbed(results.probed)
    with percentile, shown_errors():
        show_percentile(results.percentile, named_part(selection.dataset_name, split))
    with dimensionality:
        show_dimensionality(results.dimensionality, psnr, results.dimensions)

    for name, chart in results.perturbation_charts().items():
        with below_sliders[name]:
            live_chart(chart, f"curve_{name}", f"log p against {name}")

    with denoising[0]:
        show_pixels(results.pixels(results.denoised.noisy), "With noise")
    with denoising[1]:
        show_pixels(results.pixels(results.denoised.denoised), "Denoised: the mean of all images that agree with it")
    with denoising[2]:
        show_score(results.denoised.score)
    with shown_errors():
        for column, (title, chart) in zip(noise_columns, results.noise_charts().items(), strict=True):
            with column:
                live_chart(chart, title, title)
    with download:
        download_button(results)
