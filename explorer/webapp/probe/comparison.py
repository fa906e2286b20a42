"""Side by side: the pinned image and the one that is looked at, in pictures and numbers."""

from __future__ import annotations

import html
import math

import streamlit as st

from explorer.units import format_log_prob, format_number, format_power_of_ten, unit_label, with_unit
from explorer.webapp.probe.changes import changes_in_words
from explorer.webapp.probe.pin import unpin_button
from explorer.webapp.probe.results import ProbeResults
from explorer.webapp.widgets.pixels import show_pixels

__all__ = ["rows", "show_comparison", "verdict"]

_THUMBNAIL = 132


def show_comparison(now: ProbeResults, pinned: ProbeResults | None) -> None:
    """Show both; of a pinned image that cannot be had, the way to give it up."""
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        said = verdict(now.probed.log_prob - pinned.probed.log_prob) if pinned else "The pinned image cannot be shown."
        st.markdown(f"**{said}**", width="content")
        unpin_button()
    if pinned is None:
        return
    with st.container(horizontal=True, gap="medium", key="side_by_side"):
        for title, results in (("Pinned", pinned), ("Now", now)):
            with st.container(width=_THUMBNAIL):
                show_pixels(
                    results.probed.perturbed_pixels,
                    f"{title}: {results.subject.title}",
                    html.escape(changes_in_words(results.changes)),
                )
        with st.container(key="comparison_numbers"):
            st.html(_table(rows(now, pinned)))


def verdict(nats: float) -> str:
    """Which of the two is how many times as probable, for a difference of log p, present minus pinned, in nats."""
    if not math.isfinite(nats):
        return "The model gives no ratio of the two probabilities."
    if abs(nats) < 1e-4:
        return "Both are equally probable."
    more, less = ("This image", "the pinned one") if nats > 0 else ("The pinned image", "this one")
    return f"{more} is {format_power_of_ten(abs(nats))} times as probable as {less}."


def rows(now: ProbeResults, pinned: ProbeResults) -> list[tuple[str, str, str, str]]:
    """What is compared, with its unit: name, pinned, now, and now minus pinned."""
    unit, d = now.selection.unit, now.dimensions
    log_p, before = now.probed.log_prob, pinned.probed.log_prob
    table = [
        (
            with_unit("log p", unit_label(unit)),
            format_log_prob(before, unit, d),
            format_log_prob(log_p, unit, d),
            format_log_prob(log_p - before, unit, d, "+"),
        )
    ]
    pairs = [
        (with_unit(f"Code length: {name}", "bits"), old, new)
        for (name, new), old in zip(now.code_lengths.items(), pinned.code_lengths.values(), strict=True)
    ]
    pairs.append((f"Local dimensionality at {now.psnr:g} dB", pinned.dimensionality, now.dimensionality))
    for name, old, new in pairs:
        table.append((name, format_number(old, ",.0f"), format_number(new, ",.0f"), format_number(new - old, "+,.0f")))
    return table


def _table(table: list[tuple[str, str, str, str]]) -> str:
    lines = "".join(
        f"<tr><td>{html.escape(name)}</td><td>{old}</td><td>{new}</td><td>{change}</td></tr>"
        for name, old, new, change in table
    )
    return (
        '<table class="comparison"><tr><th></th><th><i class="pinned"></i>Pinned</th><th><i></i>Now</th>'
        f"<th>Now − pinned</th></tr>{lines}</table>"
    )
