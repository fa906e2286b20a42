"""Probe's sliders. Every one is in the URL under the name of its parameter."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer.perturbations import RANGES, Perturbation
from explorer.units import with_unit
from explorer.webapp.shell.address import kept
from explorer.webapp.shell.setting_forms import number, switch, whole_number
from explorer.webapp.shell.terms import explained

__all__ = ["perturbation_sliders", "psnr_slider"]

_LARGEST_SEED = 9999


def perturbation_sliders() -> tuple[Perturbation, Mapping[str, DeltaGenerator]]:
    """Draw a slider for each parameter, side by side, and the seed, clip and reset controls above.

    Returns:
        The perturbation, and for each parameter a place below its slider, for its curve.
    """
    neutral = Perturbation()
    with st.container(key="perturb_heading"):
        heading, options = st.columns(2, vertical_alignment="center")
    heading.markdown("#### Perturb the image and watch log p respond")
    with options.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center", gap="small"):
        clip = st.toggle(
            "Clip to [0, 1]",
            key=kept("clip", switch(), neutral.clip),
            help="Cut values off at black and white, as a camera does.",
        )
        st.caption("Seed", width="content")
        seed = st.number_input(
            "Seed of the noise",
            0,
            _LARGEST_SEED,
            key=kept("seed", whole_number(0, _LARGEST_SEED), neutral.seed),
            width=130,
            label_visibility="collapsed",
        )
        st.button("Reset", icon=":material/restart_alt:", on_click=_reset)
    places = {}
    values = {}
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
                key=kept(name, number(limits.low, limits.high), float(getattr(neutral, name))),
            )
            places[name] = st.container()
    return Perturbation(**values, seed=seed, clip=clip), places


def _reset() -> None:
    neutral = Perturbation()
    for name in (*RANGES, "seed", "clip"):
        st.session_state[name] = getattr(neutral, name)


def psnr_slider(low: float, high: float) -> float:
    """The noise level, in dB, that sets the size of the neighborhood."""
    return st.slider(
        with_unit("Noise level", "dB PSNR"),
        low,
        high,
        step=1.0,
        format="%d dB",
        key=kept("psnr", number(low, high), 20.0),
        help=explained(
            "PSNR",
            "Noise variance",
            first="The size of the neighborhood of the image: high values stay close to it, low values reach far.",
        ),
    )
