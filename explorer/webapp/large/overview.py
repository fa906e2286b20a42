"""log p of the whole photograph, its bits by scale beside lossless codecs, and the map of them."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from explorer.escaping import in_markdown
from explorer.figures.scales import bits_bars, scale_name
from explorer.figures.surprise import surprise_map
from explorer.figures.tools import NO_TOOLS
from explorer.units import LogProbUnit, format_number, unit_label
from explorer.webapp.large.measured import Measured
from explorer.webapp.shell.address import kept
from explorer.webapp.shell.log_prob_metric import log_prob_metric
from explorer.webapp.shell.setting_forms import one_of
from explorer.webapp.shell.terms import explained

__all__ = ["bits_map", "choose_scale", "code_lengths", "show_log_prob"]

_ALL = "all"
_MAP_HEIGHT = 390  # in screen pixels, with its color bar


def show_log_prob(now: Measured, original: Measured, unit: LogProbUnit) -> None:
    """log p in `unit`, and its change from the original."""
    nats = now.log_prob - original.log_prob
    log_prob_metric(
        "log p of the whole photograph",
        now.log_prob,
        nats if abs(nats) > 1e-3 else None,
        unit,
        now.dimensions,
        "from the original",
        explained("log p", unit_label(unit), "Scale"),
    )


def code_lengths(now: Measured, codecs: Mapping[str, float], unit: str, model: str, is_changed: bool) -> None:
    """The code length, stacked by scale, above those of codecs for the same pixels, and a sentence that compares.

    Args:
        now: the photograph as a file holds it.
        codecs: name -> bits.
        unit: of bits by value.
        model: its name.
        is_changed: whether the photograph was perturbed, so that a file holds something else than what the model sees.
    """
    st.markdown("**Code length,** by scale, of the whole file", help=explained("Code length", "bits/pixel", "Scale"))
    figure = bits_bars(now.bits, codecs, now.dimensions, unit)
    figure.update_layout(meta=model)
    st.plotly_chart(figure, key="bits", config=NO_TOOLS, alt="Code length by scale, beside lossless codecs")
    name, best = min(codecs.items(), key=lambda each: each[1])
    share = format_number(now.total / now.dimensions, ".2f")
    words = (
        f"{model} needs {share} {unit} ({now.total:,.0f} bits): {_beside(now.total / best)} {name}, the shortest file."
    )
    held = " Both are of the photograph as a file holds it: rounded to gray levels and clipped." if is_changed else ""
    st.caption(in_markdown(words + held))


def _beside(ratio: float) -> str:
    """A ratio of code lengths in words."""
    if not 0.5 < ratio < 2:
        return f"{ratio:.1f} times as much as"
    return f"{100 * abs(ratio - 1):.1f} % {'less' if ratio < 1 else 'more'} than"


def choose_scale(now: Measured) -> int | None:
    """Draw the choice of a scale; returns the level of its details, None for all scales."""
    scales = [_ALL, *(scale_name((scale.level, False)) for scale in reversed(now.scales) if not scale.is_base)]
    chosen = st.segmented_control(
        "Map of bits at the scale",
        scales,
        required=True,
        format_func=lambda scale: scale.replace("pixels", "px").replace("pixel", "px"),
        key=kept("scale", one_of(scales), _ALL),
        help="From coarse form to fine texture: the details that tell neighbors of so many pixels a side from each "
        "other, given the coarser image.",
    )
    return None if chosen in (None, _ALL) else len(scales) - 1 - scales.index(str(chosen))


def bits_map(now: Measured, level: int | None, unit: str, model: str) -> None:
    """Draw the map of the bits of one scale, or of all; hovering says them."""
    name = "all scales" if level is None else scale_name((level, False))
    st.html(f'<div class="pixels"><figcaption>Where the bits are: {name}</figcaption></div>')
    figure = surprise_map(now.map(level), what=unit, height=_MAP_HEIGHT, bar_below=True)
    figure.update_layout(meta=f"{model} {name}")
    st.plotly_chart(figure, key="map", config=NO_TOOLS, alt=f"Map of the bits of the photograph: {name}")
    base = now.scales[-1]
    note = f" of the photograph, {2 ** (level + 1)} × {2 ** (level + 1)} pixels a cell" if level is not None else ""
    spread = " The coarse image is scored as one, its bits are spread evenly." if level is None else ""
    total = now.total if level is None else now.bits[(level, False)]
    st.caption(
        f"Bits{note}, in all {total:,.0f}.{spread if base.is_base else ''}",
        help="A cell may take fewer than 0 bits where its details are nearly certain: a density can exceed the number "
        "of gray levels.",
    )
