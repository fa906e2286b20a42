"""The sliders of a perturbation, on every page that has one. Each is in the URL under the name of its parameter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer.perturbations import RANGES, Perturbation
from explorer.webapp.shell.address import kept
from explorer.webapp.shell.setting_forms import number, switch, whole_number

__all__ = ["LARGEST_SEED", "NoiseOptions", "noise_options", "parameter_sliders"]

LARGEST_SEED = 9999


class NoiseOptions(NamedTuple):
    """What is chosen beside the sliders: whether values are clipped to [0, 1], and the seed of the noise."""

    clip: bool
    seed: int


def noise_options() -> NoiseOptions:
    """Draw clip and seed, for a horizontal container."""
    neutral = Perturbation()
    clip = st.toggle(
        "Clip to [0, 1]",
        key=kept("clip", switch(), neutral.clip),
        help="Cut values off at black and white, as a camera does.",
    )
    st.caption("Seed", width="content")
    seed = st.number_input(
        "Seed of the noise",
        0,
        LARGEST_SEED,
        key=kept("seed", whole_number(0, LARGEST_SEED), neutral.seed),
        width=130,
        label_visibility="collapsed",
    )
    return NoiseOptions(clip, seed)


def parameter_sliders() -> tuple[dict[str, float], Mapping[str, DeltaGenerator]]:
    """Draw a slider for each parameter, side by side.

    Returns:
        The values, and for each parameter a place below its slider, for its curve.
    """
    values, places = {}, {}
    with st.container(key="sliders"):
        columns = st.columns(len(RANGES), gap="medium")
    for column, (name, limits) in zip(columns, RANGES.items(), strict=True):
        with column:
            values[name] = st.slider(
                limits.title,
                float(limits.low),
                float(limits.high),
                step=float(limits.step),
                format=f"%.{limits.decimals}f",
                key=kept(name, number(limits.low, limits.high), float(getattr(Perturbation(), name))),
            )
            places[name] = st.container()
    return values, places
