"""Where the bits of the pinned image are, and how the map of surprise of the present one differs from it."""

from __future__ import annotations

import numpy as np
import streamlit as st

from explorer.figures.surprise import surprise_limits
from explorer.measures.image.bits import ImageBits
from explorer.units import format_number
from explorer.webapp.probe.results import ProbeResults
from explorer.webapp.shell.bits_panel import bits_difference, bits_map, finished
from explorer.webapp.shell.surprise_work import surprise_work
from explorer.webapp.widgets.pixels import show_pixels

__all__ = ["show_pinned_bits"]


def show_pinned_bits(pinned: ProbeResults, bits: ImageBits, scale: int | None) -> None:
    """The pinned image, its map in the colors of the one above, and the difference of the two.

    Args:
        pinned: the image.
        bits: of the present image.
        scale: place of the noise level in `bits`, the same for both; None for all.
    """
    with st.container(key="pinned_bits"):
        image, chart, change = st.columns([1, 1.25, 1.15], gap="medium")
    with image:
        show_pixels(pinned.probed.perturbed_pixels, f"Pinned: {pinned.subject.title}")
    with chart:
        found = finished([surprise_work(pinned.selection.checkpoint, pinned.probed.x)], "pinned_bits_seen")
        if not found:
            return
        (before,) = found
        if not np.isfinite(before.pixels).all():
            st.warning("The model gives no finite number of bits for the pinned image. Pin another one.")
            return
        title = "Bits of each pixel of the pinned image"
        bits_map(before, scale, "pinned_bits_map", title, surprise_limits(bits.pixels))
    with change:
        difference = bits.at(scale) - before.at(scale)
        bits_difference(difference, "pinned_bits_difference", "Now − pinned")
        total = format_number(float(difference.sum()), "+,.0f")
        st.caption(f"{total} bits in all. Blue pixels cost less than in the pinned image, orange ones more.")
