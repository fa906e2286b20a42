"""Choosing the images in the grid of Atlas."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer.catalog.query import Catalog
from explorer.units import format_number, with_unit
from explorer.webapp.atlas.state import (
    AROUND,
    BY,
    EVEN,
    HIGHEST,
    LOWEST,
    ORDER,
    ORDERS,
    RANDOM,
    VALUE,
    forget_value_of_another,
)
from explorer.webapp.shell.address import kept
from explorer.webapp.shell.column_format import ColumnFormat
from explorer.webapp.shell.points_chart import clear_selection
from explorer.webapp.shell.setting_forms import number, one_of, whole_number
from explorer.webapp.shell.terms import explained

__all__ = ["GridRows", "choose_rows"]

_COUNTS = (24, 48, 96, 192, 384)
_LARGEST_DRAW = 9999


class GridRows(NamedTuple):
    """The images of the grid.

    Attributes:
        rows: of the catalog.
        by: the column that they are sorted by.
        sentence: what they are.
        around: the value that they are around, in the unit that is shown; None where there is none.
    """

    rows: pa.Table
    by: str
    sentence: str
    around: float | None = None


def choose_rows(
    catalog: Catalog, formats: dict[str, ColumnFormat], label: int | None, selected: np.ndarray | None
) -> GridRows:
    """Draw the controls, and return the images that they choose.

    Args:
        catalog: of the images.
        formats: of its columns.
        label: that the images are of, None for all.
        selected: indices of the images that are selected in the scatter, which come first; None when none are.
    """
    controls = st.container(horizontal=True, vertical_alignment="bottom")
    order = controls.segmented_control(
        "Images",
        ORDERS,
        required=True,
        key=kept(ORDER, one_of(ORDERS), HIGHEST),
        disabled=selected is not None,
        wrap=True,
    )
    columns = list(formats)

    def title(name: str) -> str:
        return formats[name].title

    by = controls.selectbox(
        "By",
        columns,
        format_func=title,
        key=kept(BY, one_of(columns, title), columns[0]),
        width=300,
        help=explained("Local dimensionality at the image"),
    )
    fmt = formats[by]
    around = _choose_value(controls, catalog, by, fmt, label) if order == AROUND and selected is None else None
    draw = 0
    if order == RANDOM and selected is None:
        draws = kept("draw", whole_number(0, _LARGEST_DRAW), 0)
        draw = controls.number_input("Draw", 0, _LARGEST_DRAW, key=draws, width=130)
    count = controls.selectbox("Number", _COUNTS, key=kept("n", one_of(_COUNTS), _COUNTS[1]), width=100)

    if selected is not None:
        controls.button("Clear the selection", icon=":material/close:", on_click=clear_selection)
        return _selected(catalog, by, fmt, count, selected)
    if order == RANDOM:
        return GridRows(catalog.random(count, draw, label), by, "Images drawn at random: this is what is typical.")
    if order == EVEN:
        rows = catalog.evenly_spaced(by, count, label)
        return GridRows(rows, by, f"Images whose {fmt.title} steps evenly from the largest to the smallest.")
    if around is not None:
        rows = catalog.nearest(by, around / fmt.factor, count, label)
        value = f"{format_number(around, f',.{fmt.decimals}f')} {fmt.unit}".rstrip()
        return GridRows(rows, by, f"The {len(rows)} images whose {fmt.title} is nearest to {value}.", around)
    rows = catalog.rows(by, order != LOWEST, count, label=label)
    which = "smallest" if order == LOWEST else "largest"
    return GridRows(rows, by, f"The {len(rows)} images with the {which} {fmt.title}, in order.")


def _choose_value(controls: DeltaGenerator, catalog: Catalog, by: str, fmt: ColumnFormat, label: int | None) -> float:
    """The value that is typed, or the median."""
    forget_value_of_another(by, fmt.unit)
    median = float(fmt.convert(catalog.quantiles(by, [0.5], label))[0])
    typed = controls.number_input(
        with_unit("Value", fmt.unit),
        value=None,
        placeholder=f"{median:.{fmt.decimals}f}, the median",
        format=f"%.{fmt.decimals}f",
        key=kept(VALUE, number(), None),
        width=200,
    )
    return median if typed is None else typed


def _selected(catalog: Catalog, by: str, fmt: ColumnFormat, count: int, selected: np.ndarray) -> GridRows:
    rows = catalog.rows(by, limit=count, among=selected)
    if not len(selected):
        return GridRows(rows, by, "No image lies inside the selection.")
    first = f" The first {count}:" if len(selected) > count else ""
    return GridRows(rows, by, f"{len(selected):,} images selected in the scatter, largest {fmt.title} first.{first}")
