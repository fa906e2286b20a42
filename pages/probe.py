"""Probe: one image under the microscope."""

from __future__ import annotations

import streamlit as st

from explorer.figures.probe import dimensionality_figure, log_prob_range, noise_log_prob_figure, perturbation_figure
from explorer.webapp import analysis
from explorer.webapp.live_chart import live_chart
from explorer.webapp.loaders import catalog, shown_errors, store
from explorer.webapp.numbers import show_code_length, show_dimensionality, show_log_prob, show_percentile
from explorer.webapp.pixels import show_perturbed, show_pixels, show_score
from explorer.webapp.sidebar import Selection, sidebar
from explorer.webapp.sliders import perturbation_sliders, psnr_slider
from explorer.webapp.source import choose_image, choose_source


def page(selection: Selection) -> None:
    checkpoint, unit = selection.checkpoint, selection.unit
    dimensions = checkpoint.model.dimensions

    # The widgets come first, then what they decide, in the order in which a person looks at it.
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        source = choose_source()
        download = st.container(width="content")
    choice, before, after, numbers = st.columns([1, 1.05, 1.05, 1.2], gap="medium")
    with choice:
        subject = choose_image(source, selection)
    perturbation, below_sliders = perturbation_sliders()
    heading, slider = st.columns(2, gap="medium", vertical_alignment="bottom")
    with slider:
        psnr = psnr_slider(*analysis.psnr_range(checkpoint))
    with heading:
        st.markdown("##### Look at its neighborhood, near and far")
        st.caption(f"Noise of {psnr:g} dB moves a pixel by σ = {analysis.gray_levels(psnr):.3g} gray levels of 255.")
    thinking = st.columns(3, gap="medium")
    noise_charts = st.columns(2, gap="medium")

    probed = analysis.probed(checkpoint, subject.pixels, perturbation)
    with numbers:
        show_log_prob(probed, unit, dimensions)
        percentile, dimensionality = st.columns(2)
        show_code_length(checkpoint, probed.log_prob, analysis.codec_bits(probed.perturbed_pixels))
    with before:
        show_pixels(probed.pixels, f"Original: {subject.title}")
    with after:
        show_perturbed(probed)
    profile = None
    with percentile, shown_errors():
        scored = catalog(checkpoint, store(selection.dataset, checkpoint.model.image_shape))
        profile = scored.profile if scored else None
        show_percentile(scored.percentile(probed.log_prob) if scored else None, selection.dataset)

    curves = analysis.perturbation_curves(checkpoint, subject.pixels, perturbation)
    y_range = log_prob_range(curves, probed.log_prob, unit, dimensions)
    for curve in curves:
        figure = perturbation_figure(
            curve, getattr(perturbation, curve.name), probed.log_prob, y_range, unit, dimensions
        )
        with below_sliders[curve.name]:
            live_chart(figure, f"curve_{curve.name}", f"log p against {curve.name}")

    noise = analysis.image_noise_curves(checkpoint, probed.x)
    with dimensionality:
        show_dimensionality(noise.dimensionality_at(psnr), psnr, dimensions)
    thought = analysis.denoised(checkpoint, probed.x, psnr)
    with thinking[0]:
        show_pixels(analysis.to_pixels(checkpoint, thought.noisy), "With noise")
    with thinking[1]:
        show_pixels(analysis.to_pixels(checkpoint, thought.denoised), "Denoised: the mean of all images that fit")
    with thinking[2]:
        show_score(thought.score)

    grid, bands = (profile.psnr, (profile.dimensionality, profile.log_prob)) if profile else ((), (None, None))
    with noise_charts[0]:
        figure = dimensionality_figure(noise, psnr, dimensions, grid, bands[0])
        live_chart(figure, "curve_dimensionality", "Local dimensionality against noise level")
    with noise_charts[1]:
        figure = noise_log_prob_figure(noise, psnr, unit, dimensions, grid, bands[1])
        live_chart(figure, "curve_log_prob", "Mean log p against noise level")


with shown_errors():
    page(sidebar())
