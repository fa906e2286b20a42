"""How log p is distributed, in Atlas; a click on a bar shows images from there."""

from __future__ import annotations

import numpy as np
import streamlit as st

from explorer.catalog.query import Catalog
from explorer.figures.atlas import log_prob_histogram
from explorer.figures.tools import SELECTION_TOOLS
from explorer.measures.dataset.distribution import GumbelFit, Summary
from explorer.webapp.atlas.state import show_log_prob_around
from explorer.webapp.shell.column_format import ColumnFormat
from explorer.webapp.shell.terms import explained

__all__ = ["histogram_panel"]


def histogram_panel(
    numbers: Summary,
    catalog: Catalog,
    fmt: ColumnFormat,
    label: int | None,
    in_grid: np.ndarray,
    around: float | None,
) -> None:
    """Histogram of log p with its Gumbel fit, reference images, and the images that are shown in the grid.

    Args:
        numbers: summary of log p.
        catalog: for the counts, and log p of the reference images.
        fmt: of log p.
        label: that the images are of, None for all.
        in_grid: log p, in nats, of the images in the grid.
        around: a value to point out, in the unit that is shown.
    """
    fit, marks = numbers.gumbel, catalog.meta.marks
    references = {"uniform noise": marks.noise, "best constant": marks.constant}
    named = {name: value for name, value in references.items() if value is not None}
    edges, counts = catalog.histogram("log_prob", label)
    figure = log_prob_histogram(
        fmt.convert(edges),
        counts,
        fmt.unit,
        None if fit is None else GumbelFit(fit.location * fmt.factor, fit.scale * fmt.factor),
        {name: value * fmt.factor for name, value in named.items()},
        fmt.convert(in_grid),
        around,
    )
    st.markdown(
        "**How log p is distributed.** A click on a bar shows images from there.", help=explained("Gumbel distribution")
    )
    key = f"histogram {fmt.unit}"
    st.plotly_chart(
        figure,
        key=key,
        on_select=lambda: _go_to_bar(key, fmt),
        selection_mode="points",
        config=SELECTION_TOOLS,
        alt="Histogram of log p over the data set",
    )
    sentences = []
    if fit is not None and numbers.gumbel_gain is not None:
        better = "better" if numbers.gumbel_gain > 0 else "worse"
        sentences.append(
            f"Maximum-likelihood Gumbel distribution: location {fmt.number(fit.location)}, scale "
            f"{fmt.number(fit.scale)} {fmt.unit}."
            f" It fits {better} than a Gaussian, by {abs(numbers.gumbel_gain):.2g} nats per image."
        )
    if len(named) == len(references):
        noise, constant = (_share(catalog.percentile(value, label)) for value in named.values())
        sentences.append(
            f"The most probable constant image (value {marks.constant_value:.2f}) is more probable than {constant} of "
            f"these images; uniform noise is more probable than {noise}."
        )
    st.caption(" ".join(sentences))


def _share(percent: float) -> str:
    if percent in (0.0, 100.0):
        return "none" if percent == 0 else "all"
    return f"{percent:.0f} %" if 1 < percent < 99 else f"{percent:.2f} %"


def _go_to_bar(key: str, fmt: ColumnFormat) -> None:
    points = st.session_state[key]["selection"]["points"]
    if not points:
        return
    show_log_prob_around(round(float(points[0]["x"]), fmt.decimals), fmt.unit)
