"""Where the bits are, in Probe: the map of surprise of the perturbed image, and its sum."""

from __future__ import annotations

import numpy as np
import streamlit as st

from explorer.figures.surprise import bits_by_scale_figure
from explorer.figures.tools import NO_TOOLS
from explorer.units import format_number
from explorer.webapp.probe.pinned_bits import show_pinned_bits
from explorer.webapp.probe.results import ProbeResults
from explorer.webapp.shell.address import part_kept_in_url
from explorer.webapp.shell.bits_panel import bits_map, bits_table, choose_scale, finished, share_unit
from explorer.webapp.shell.surprise_work import surprise_work
from explorer.webapp.widgets.pixels import show_pixels

__all__ = ["surprise_section"]


@st.fragment  # it is drawn again and again while its map is computed, and Probe is not
@part_kept_in_url("bits")
def surprise_section(results: ProbeResults) -> None:
    """The image beside its map, bits by scale, and the two code lengths; computed while it is on the screen."""
    checkpoint, probed = results.selection.checkpoint, results.probed
    with st.container(key="bits_heading"):
        heading, slider = st.columns(2, gap="medium", vertical_alignment="bottom")
    with heading:
        st.markdown("#### Where the bits are")
        st.caption("The code length of the perturbed image, spread over its pixels: bright ones are hard to foretell.")
    with slider:
        scale = choose_scale(checkpoint)
    with st.container(key="bits"):
        image, chart, numbers = st.columns([1, 1.25, 1.15], gap="medium")
    with image:
        show_pixels(probed.perturbed_pixels, "The image")
    with chart:
        found = finished([surprise_work(checkpoint, probed.x)], "bits_seen")
        if not found:
            return
        (bits,) = found
        if not np.isfinite(bits.pixels).all():
            st.warning("The model gives no finite number of bits for this image. Reset the perturbation.")
            return
        at = None if scale is None else float(bits.psnr[scale])
        title = (
            "Bits of each pixel" if at is None else f"Bits of each pixel from noise at {format_number(at, '.0f')} dB"
        )
        bits_map(bits, scale, "bits_map", title)
    with numbers:
        bits_table(bits)
        unit = share_unit(bits)
        figure = bits_by_scale_figure(
            bits.psnr.tolist(),
            (bits.scales / bits.dimensions).tolist(),
            at,
            unit=unit,
            most=bits.most * bits.pixels.size / bits.dimensions,
        )
        st.plotly_chart(figure, key="bits_by_scale", config=NO_TOOLS, alt="Bits of the image from each noise level")
        floor = format_number(bits.floor / bits.dimensions, "+.2f")
        st.caption(
            f"With {floor} {unit} for the finest noise itself, the bars add up to the sum of the map. The outer two "
            "stand for half a band."
        )
    if results.pinned is not None:
        show_pinned_bits(results.pinned, bits, scale)
