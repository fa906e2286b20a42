"""Probe's sliders, and what else changes its image. Every one is in the URL under the name of its setting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer.units import with_unit
from explorer.webapp.probe.changes import FORMS, UNCHANGED, Changes, changes_of, settings_of
from explorer.webapp.probe.presets import preset_buttons
from explorer.webapp.shell.address import kept
from explorer.webapp.shell.noise_slider import level_slider
from explorer.webapp.shell.perturbation_sliders import noise_options, parameter_sliders
from explorer.webapp.shell.setting_forms import Form, number
from explorer.webapp.shell.terms import explained

__all__ = ["change_sliders"]

_EXTRA_WIDTH = 220


def change_sliders(low: float, high: float) -> tuple[Changes, Mapping[str, DeltaGenerator]]:
    """Draw a slider for each parameter of a perturbation, side by side; above are presets, seed, clip and reset, and
    what JPEG and the denoiser do, once they do something.

    Args:
        low, high: noise levels in dB that the model knows.

    Returns:
        The changes, and for each parameter a place below its slider, for its curve.
    """
    above = st.container(gap="xsmall")
    above.markdown("#### Perturb the image and watch log p respond")
    bar = above.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center")
    presets = bar.container(horizontal=True, gap="xsmall", key="presets", width="content")
    with bar.container(horizontal=True, vertical_alignment="center", gap="small", width="content"):
        options_of_noise = noise_options()
        st.button("Reset", icon=":material/restart_alt:", on_click=_reset)
    with st.container(horizontal=True, gap="medium"):
        extra = {"jpeg": _jpeg_slider(), "denoise": _denoise_slider(low, high)}
    values, places = parameter_sliders()
    changes = changes_of({**values, **options_of_noise._asdict(), **extra})
    with presets:
        preset_buttons(changes, low, high)
    return changes, places


def _jpeg_slider() -> int | None:
    if not _is_on("jpeg", FORMS["jpeg"]):
        return None
    with st.container(horizontal=True, vertical_alignment="bottom", width="content"):
        quality = st.slider(with_unit("JPEG quality", "of 100"), 1, 100, key="jpeg", width=_EXTRA_WIDTH)
        _turn_off_button("jpeg", "Without JPEG")
    return quality


def _denoise_slider(low: float, high: float) -> float | None:
    if not _is_on("denoise", number(low, high)):
        return None
    with st.container(horizontal=True, vertical_alignment="bottom", width="content"):
        explanation = explained("Denoiser", first="Of the image as it is: no noise is added before.")
        psnr = level_slider("Denoised at", low, high, "denoise", explanation, _EXTRA_WIDTH)
        _turn_off_button("denoise", "Without denoising")
    return psnr


def _is_on(name: str, form: Form[Any]) -> bool:
    return st.session_state[kept(name, form, None)] is not None


def _turn_off_button(name: str, label: str) -> None:
    st.button(label, key=f"no {name}", icon=":material/close:", type="tertiary", on_click=_set, args=({name: None},))


def _reset() -> None:
    _set(settings_of(UNCHANGED))


def _set(settings: Mapping[str, Any]) -> None:
    for name, value in settings.items():
        st.session_state[name] = value
