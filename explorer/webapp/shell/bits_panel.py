"""The parts of a map of surprise on a page: the choice of the scale, the wait, the map, and its sum."""

from __future__ import annotations

import html
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from explorer.figures.surprise import surprise_difference, surprise_map
from explorer.figures.tools import NO_TOOLS
from explorer.jobs.progress import duration
from explorer.measures.image.bits import ImageBits, scale_levels
from explorer.models.checkpoints import Checkpoint
from explorer.units import code_length_unit, format_number, format_percent
from explorer.webapp.shell.address import kept
from explorer.webapp.shell.setting_forms import one_of
from explorer.webapp.shell.surprise_work import SurpriseWork
from explorer.webapp.widgets.on_screen import on_screen

__all__ = ["bits_difference", "bits_map", "bits_table", "choose_scale", "finished", "share_unit"]

_ALL = "all"
_TELLING = 0.1  # the share from which on the time that is left can be told


def choose_scale(checkpoint: Checkpoint) -> int | None:
    """Draw the slider of the noise scales of a model; returns the place of the chosen one, None for all."""
    scales = [_ALL, *reversed([f"{psnr:.0f}" for psnr in scale_levels(checkpoint.model)])]
    chosen = st.select_slider(
        "Bits from",
        scales,
        format_func=lambda scale: "all scales" if scale == _ALL else f"{format_number(float(scale), 'g')} dB",
        key=kept("scale", one_of(scales), _ALL),
        help="Of all noise levels, or of one, from coarse noise to fine. They are about 6 dB apart, half the noise "
        "each, so that each is a bit plane: a value costs 1 bit there when nothing is known about it, and none when "
        "the denoiser knows it.",
    )
    return None if chosen == _ALL else len(scales) - 1 - scales.index(chosen)


def finished(works: Sequence[SurpriseWork], key: str) -> list[ImageBits]:
    """The results of all works; empty, with how far they are on the screen, while one is not done.

    It does a turn of work when it is on the screen, and belongs into a fragment that can be drawn many times.

    Args:
        works: to be done one after the other.
        key: of this place on the page.
    """
    place = st.empty()
    if any(work.result is None for work in works):
        with place.container():
            share = sum(work.share for work in works) / len(works)
            st.progress(share, _how_far(share, sum(work.seconds for work in works)))
            if on_screen(key):
                next(work for work in works if work.result is None).take_turn()
    results = [work.result for work in works if work.result is not None]
    if len(results) < len(works):
        return []
    place.empty()
    return results


def _how_far(share: float, seconds: float) -> str:
    if share < _TELLING:
        return "Measuring the bits of each pixel…"
    left = seconds * (1 - share) / share
    rest = f", about {duration(left)} left" if left > 1 else ""
    return f"Measuring the bits of each pixel: {format_percent(share)}{rest}"


def bits_map(
    bits: ImageBits, scale: int | None, key: str, title: str, limits: tuple[float, float] | None = None
) -> None:
    """Draw the map of one scale, or of all; hovering says the bits of a pixel.

    Args:
        bits: of the image.
        scale: from `choose_scale`.
        key: of the chart on the page.
        title: above it.
        limits: of the colors, where several maps of all scales share them. Those of one scale always do.
    """
    if scale is not None:
        limits = (0.0, 1.1 * bits.most)
    _chart(surprise_map(bits.at(scale), limits=limits, what="bits a pixel"), key, title)


def bits_difference(difference: np.ndarray, key: str, title: str) -> None:
    """Draw how many bits more one map has than another, pixel by pixel.

    Args:
        difference: shape ``(H, W)``.
        key: of the chart on the page.
        title: above it.
    """
    _chart(surprise_difference(difference, what="bits more"), key, title)


def _chart(figure: go.Figure, key: str, title: str) -> None:
    with st.container(key=key, gap=None):
        st.html(f'<div class="pixels"><figcaption>{html.escape(title)}</figcaption></div>')
        st.plotly_chart(figure, key=f"{key}_chart", config=NO_TOOLS, alt=f"Map of the image: {title}")


def bits_table(bits: ImageBits, title: str = "Code length") -> None:
    """The sum of the map beside the energy's own code length, and how exact it is."""
    gap = bits.energy - bits.total
    rows = "".join(
        f"<tr><td>{name}</td><td>{format_number(value, f'{sign},.0f')}</td>"
        f"<td>{format_number(value / bits.dimensions, f'{sign}.2f')}</td></tr>"
        for name, value, sign in (
            ("Denoising error: sum of the map", bits.total, ""),
            ("Energy", bits.energy, ""),
            ("Difference", gap, "+"),
        )
    )
    st.html(
        f'<table class="code-lengths"><tr><th>{html.escape(title)}</th><th>bits</th><th>{share_unit(bits)}</th></tr>'
        f"{rows}</table>"
    )
    st.caption(
        f"The sum is known to ±{bits.draw_error:,.0f} bits (noise that is drawn) and ±{bits.grid_error:,.0f} (spacing "
        f"of the scales), a single value to ±{bits.value_error:.1f} bits.",
        help="Both numbers are means over the image with a little noise "
        f"({bits.psnr[0]:.0f} dB) and several dequantizations; the code length at the top of Probe is of the image "
        "without that noise. For an exact density both are equal: what is left tells how far the energy is from the "
        "density that its own denoiser belongs to.",
    )


def share_unit(bits: ImageBits) -> str:
    """The unit of bits by value: those of a gray image are its pixels."""
    return code_length_unit(bits.dimensions // bits.pixels.size)
