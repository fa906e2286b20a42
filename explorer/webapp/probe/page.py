"""Probe: one image under the microscope."""

from __future__ import annotations

import streamlit as st

from explorer.webapp.probe.answers import gray_levels, psnr_range
from explorer.webapp.probe.numbers import show_code_length, show_dimensionality, show_log_prob, show_percentile
from explorer.webapp.probe.pixels import show_perturbed, show_pixels, show_score
from explorer.webapp.probe.screen import View
from explorer.webapp.probe.share import download_button
from explorer.webapp.probe.sliders import perturbation_sliders, psnr_slider
from explorer.webapp.probe.source import choose_image, choose_source
from explorer.webapp.shell.loaders import shown_errors
from explorer.webapp.shell.sidebar import Selection, sidebar
from explorer.webapp.widgets.live_chart import live_chart


def page() -> None:
    _below_sidebar(sidebar())


@st.fragment  # a slider reruns this function, not the sidebar
def _below_sidebar(selection: Selection) -> None:
    with shown_errors():
        probe(selection)


def probe(selection: Selection) -> None:
    # The widgets come first, so that their values are known.
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        with st.container(horizontal=True, vertical_alignment="center", gap="medium", width="content"):
            st.title("Probe", anchor=False, width="content")
            source = choose_source()
        download = st.container(width="content")
    st.caption("How probable the model finds one image, and how that changes when the image is changed.")
    with st.container(key="bench"):
        choice, before, after, numbers = st.columns([1, 1.05, 1.05, 1.2], gap="medium")
    with choice:
        subject = choose_image(source, selection)
    perturbation, below_sliders = perturbation_sliders()
    with st.container(key="noise_heading"):
        heading, slider = st.columns(2, gap="medium", vertical_alignment="bottom")
    with slider:
        psnr = psnr_slider(*psnr_range(selection.checkpoint))
    with heading:
        st.markdown("#### Look at its neighborhood, near and far")
        st.caption(f"Noise of {psnr:g} dB moves a pixel by σ = {gray_levels(psnr):.3g} gray levels of 255.")
    thinking = st.columns(3, gap="medium")
    with st.container(key="noise_charts"):
        noise_charts = st.columns(2, gap="medium")

    # Then what they decide, in the order in which one looks at it.
    view = View(selection, subject, perturbation, psnr)
    with numbers:
        show_log_prob(view.probed, selection.unit, view.dimensions)
        percentile, dimensionality = st.columns([1, 1.4])
        show_code_length(view.code_lengths, selection.checkpoint.model.image_shape)
    with before:
        show_pixels(subject.pixels, f"Original: {subject.title}")
    with after:
        show_perturbed(view.probed)
    with percentile, shown_errors():
        show_percentile(view.percentile, selection.dataset_name)
    with dimensionality:
        show_dimensionality(view.dimensionality, psnr, view.dimensions)

    for name, figure in view.perturbation_figures().items():
        with below_sliders[name]:
            live_chart(figure, f"curve_{name}", f"log p against {name}")

    with thinking[0]:
        show_pixels(view.pixels(view.denoised.noisy), "With noise")
    with thinking[1]:
        show_pixels(view.pixels(view.denoised.denoised), "Denoised: the mean of all images that fit")
    with thinking[2]:
        show_score(view.denoised.score)
    with shown_errors():
        for column, (title, figure) in zip(noise_charts, view.noise_figures().items(), strict=True):
            with column:
                live_chart(figure, title, title)
    with download:
        download_button(view)
