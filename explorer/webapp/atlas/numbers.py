"""The key numbers of Atlas: how log p is distributed over the images."""

from __future__ import annotations

import math

import streamlit as st

from explorer.measures.dataset.distribution import Summary
from explorer.units import format_number, format_power_of_ten, raised, short_unit, unit_label, with_unit
from explorer.webapp.shell.column_format import ColumnFormat
from explorer.webapp.shell.terms import explained

__all__ = ["numbers_panel"]

_ENTROPY = unit_label("dB/dim")


def numbers_panel(numbers: Summary, fmt: ColumnFormat) -> None:
    """A row of key numbers of log p over the images."""
    tenth, ninetieth = numbers.typical
    cells = (
        (
            fmt.narrow("Mean log p"),
            fmt.number(numbers.mean),
            f"median {fmt.number(numbers.median)}",
            explained("log p", fmt.unit, first=f"Over {numbers.count:,} images."),
        ),
        (
            fmt.narrow("Spread"),
            fmt.number(numbers.std),
            f"80 % in {fmt.number(tenth)} to {fmt.number(ninetieth)}",
            explained(
                "Typicality",
                first="Standard deviation of log p. The middle 80 % of images are typical; the most probable are not.",
            ),
        ),
        (
            "Ratio of extremes",
            format_power_of_ten(numbers.maximum - numbers.minimum),
            f"{fmt.number(numbers.minimum)} to {fmt.number(numbers.maximum)}",
            "How many times more probable the most probable image is than the least probable one.",
        ),
        (
            with_unit("Entropy", short_unit(_ENTROPY)),
            format_number(numbers.entropy, ".2f"),
            "minus mean log p",
            explained("Entropy"),
        ),
        (
            "Natural images",
            format_power_of_ten(numbers.images_exponent * math.log(10)),
            f"of {numbers.levels}{raised(str(numbers.dimensions))} = "
            f"{format_power_of_ten(numbers.all_images_exponent * math.log(10))}",
            "exp(entropy) is the volume that such images fill: the number of images on the grid of pixel values in it. "
            "A number larger than that of all images would mean that the model does not know such images.",
        ),
    )
    grid = st.grid(5, min_column_width=160)
    for title, value, below, explanation in cells:
        grid.metric(title, value, below, delta_color="off", delta_arrow="off", help=explanation, border=True)
