"""The noise level that a page looks at, among those that the model knows. The choice is in the URL."""

from __future__ import annotations

import math
from typing import Literal

import streamlit as st

from explorer.models.checkpoints import Checkpoint
from explorer.units import format_gray_levels, format_number, psnr_from_noise_variance, with_unit
from explorer.webapp.shell.address import kept
from explorer.webapp.shell.setting_forms import number
from explorer.webapp.shell.terms import explained

__all__ = ["level_slider", "noise_in_words", "psnr_range", "psnr_slider"]


def psnr_range(checkpoint: Checkpoint) -> tuple[float, float]:
    """Noise levels that the model knows, in whole dB: from its largest noise (-20 or more) to its
    smallest (65 or less)."""
    low, high = (psnr_from_noise_variance(t) for t in (checkpoint.model.t_max, checkpoint.model.t_low))
    return max(-20.0, float(math.ceil(low))), min(65.0, float(math.floor(high)))


def noise_in_words(psnr: float) -> str:
    """What noise of `psnr` dB does to a pixel, in a sentence."""
    gray_levels = format_gray_levels(psnr)
    return f"Noise at {format_number(psnr, 'g')} dB changes each pixel by σ = {gray_levels} gray levels of 255."


def psnr_slider(low: float, high: float) -> float:
    """The noise level, in dB, that sets the size of the neighborhood."""
    explanation = explained(
        "PSNR",
        "Noise variance",
        first="The size of the neighborhood of the image: high values stay close to it, low values reach far.",
    )
    return level_slider("Noise level", low, high, kept("psnr", number(low, high), 20.0), explanation)


def level_slider(
    label: str,
    low: float,
    high: float,
    key: str,
    explanation: str,
    width: int | Literal["stretch"] = "stretch",
    step: float = 1.0,
) -> float:
    """A slider of noise levels from `low` to `high`, a `step` apart, in dB, with the `key` of its setting."""
    state, ends = st.session_state, f"{key}-ends"
    if state.get(ends, (low, high)) != (low, high):
        state[key] = state[key]  # with other ends it is another slider to Streamlit, which begins at the left one
    state[ends] = (low, high)
    return st.slider(
        with_unit(label, "dB PSNR"), low, high, step=step, format="%d dB", key=key, width=width, help=explanation
    )
