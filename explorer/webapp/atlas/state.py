"""Which images the grid of Atlas shows: the settings that say so, and what else sets them.

The widgets are drawn by `explorer.webapp.atlas.grid`; a click on the histogram comes before they are drawn.
"""

from __future__ import annotations

import streamlit as st

from explorer.webapp.shell.points_chart import clear_selection

__all__ = ["AROUND", "BY", "EVEN", "HIGHEST", "LOWEST", "ORDER", "ORDERS", "RANDOM", "SCATTER", "VALUE"]
__all__ += ["forget_value_of_another", "show_log_prob_around"]

HIGHEST, LOWEST, EVEN, RANDOM, AROUND = "Highest", "Lowest", "Evenly spaced", "Random", "Around a value"
ORDERS = (HIGHEST, LOWEST, EVEN, RANDOM, AROUND)

ORDER, BY, VALUE = "order", "by", "at"
"""Names of settings: the order, the column, and the value that the images are around."""

SCATTER = "scatter"
"""Name of the chart whose selection comes before any order."""

_VALUE_OF = "at-of"


def show_log_prob_around(value: float, unit: str) -> None:
    """Show the images whose log p is nearest to `value`, in `unit`, and nothing of a selection."""
    st.session_state[VALUE] = value
    st.session_state[ORDER] = AROUND
    st.session_state[BY] = "log_prob"
    st.session_state[_VALUE_OF] = ("log_prob", unit)
    clear_selection()


def forget_value_of_another(column: str, unit: str) -> None:
    """A value of another column, or in another unit, means nothing here."""
    of = (column, unit)
    if st.session_state.setdefault(_VALUE_OF, of) != of:
        st.session_state[_VALUE_OF] = of
        st.session_state[VALUE] = None
