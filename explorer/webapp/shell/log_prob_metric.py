"""log p as the first number of a page, and its change below it."""

from __future__ import annotations

import streamlit as st

from explorer.units import LogProbUnit, format_log_prob, unit_label

__all__ = ["log_prob_metric"]


def log_prob_metric(
    label: str, log_prob: float, change: float | None, unit: LogProbUnit, dimensions: int, words: str, explanation: str
) -> None:
    """Show log p.

    Args:
        label: above the number.
        log_prob: in nats.
        change: from the original, in nats; None where nothing is changed.
        unit: of both numbers.
        dimensions: ``d``.
        words: beside the change.
        explanation: as Markdown.
    """
    name = unit_label(unit)
    st.metric(
        label,
        f"{format_log_prob(log_prob, unit, dimensions)} {name}",
        "the original" if change is None else f"{format_log_prob(change, unit, dimensions, '+')} {name}",
        delta_color="off" if change is None else "blue",
        delta_arrow="off" if change is None else "up" if change > 0 else "down",
        delta_description=None if change is None else words,
        help=explanation,
    )
