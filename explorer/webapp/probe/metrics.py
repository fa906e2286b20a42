"""The key numbers of Probe: log p, percentile, local dimensionality, and the code length beside real codecs."""

from __future__ import annotations

import math
from collections.abc import Mapping

import streamlit as st

from explorer.escaping import in_markdown
from explorer.measures.image.probe import Probed
from explorer.units import LogProbUnit, format_number, format_power_of_ten, unit_label
from explorer.webapp.shell.address import address_of
from explorer.webapp.shell.log_prob_metric import log_prob_metric
from explorer.webapp.shell.navigation import page_file
from explorer.webapp.shell.terms import explained
from explorer.webapp.widgets.code_lengths import show_code_lengths

__all__ = ["is_changed", "show_code_length", "show_dimensionality", "show_log_prob", "show_percentile"]


def show_log_prob(probed: Probed, unit: LogProbUnit, dimensions: int, spread: float | None) -> None:
    """log p in `unit`, and the change from the original beside how far apart the images of the data set are.

    Args:
        probed: the image before and after.
        unit: of both numbers.
        dimensions: ``d``.
        spread: standard deviation of log p over the data set, in nats; None where it is not known.
    """
    nats = probed.log_prob - probed.original_log_prob
    changed = is_changed(probed)
    words = f"{format_number(abs(nats) / spread, '.2g')} × the spread" if spread else "from the original"
    factor = f" The density changes by a factor of {format_power_of_ten(nats)}." if changed else ""
    log_prob_metric(
        "log p",
        probed.log_prob,
        nats if changed else None,
        unit,
        dimensions,
        words,
        explained(
            "log p",
            unit_label(unit),
            first="Below is the change from the original. The spread is the standard deviation of log p over the "
            f"images of the data set.{factor}",
        ),
    )


def is_changed(probed: Probed) -> bool:
    """Whether the perturbation changes log p at all."""
    nats = probed.log_prob - probed.original_log_prob
    return math.isfinite(nats) and abs(nats) > 1e-4


def show_percentile(percentile: float | None, dataset: str) -> None:
    """Where log p stands among the images of the data set; None while they have not been scored."""
    if percentile is None:
        unscored = f"This model has not scored the images of {dataset} yet; Atlas does that."
        st.metric("Percentile", "–", help=explained("Percentile", first=in_markdown(unscored)))
        st.page_link(
            page_file("atlas"), label="Score them", icon=":material/bar_chart:", query_params=address_of("atlas")
        )
    else:
        st.metric(
            "Percentile",
            f"{percentile:.1f} %",
            help=explained("Percentile", first=in_markdown(f"Among the images of {dataset}.")),
        )


def show_dimensionality(dimensionality: float, psnr: float, dimensions: int) -> None:
    """Local dimensionality at the chosen noise level, as a number and as a share of ``d``."""
    st.metric(
        "Local dimensionality",
        f"{dimensionality:,.0f}",
        f"{100 * dimensionality / dimensions:.1f} %",
        delta_color="off",
        delta_arrow="off",
        delta_description=f"of {dimensions:,}",
        help=explained("Local dimensionality", first=f"At {psnr:g} dB, the noise level that is chosen below."),
    )


def show_code_length(code_lengths: Mapping[str, float], probed: Probed, levels: int) -> None:
    """The ideal code length under the model, which comes first, beside what lossless codecs reach on the same pixels.

    A codec cannot code what is between two gray levels or out of range, so that the model codes the same rounded and
    clipped image, and the page says where that is not the image whose log p stands above.
    """
    show_code_lengths(code_lengths, probed.pixels.shape, levels, explained("Code length", "bits/pixel"))
    if probed.coded_log_prob != probed.log_prob:
        cut = probed.below + probed.above
        clipped = f" and clipped ({cut:,} values were out of range)" if cut else ""
        st.caption(f"All of the image as a file holds it: rounded to gray levels{clipped}.")
