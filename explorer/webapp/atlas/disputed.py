"""The images on which two models disagree most, in Atlas."""

from __future__ import annotations

import numpy as np
import streamlit as st

from explorer.catalog.compare import Comparison, Side
from explorer.data.store import Store
from explorer.escaping import in_markdown
from explorer.units import short_unit
from explorer.webapp.shell.address import kept
from explorer.webapp.shell.column_format import ColumnFormat
from explorer.webapp.shell.dataset_images import description
from explorer.webapp.shell.points_chart import clear_selection
from explorer.webapp.shell.setting_forms import one_of
from explorer.webapp.widgets.image_grid import GridImage, image_grid

__all__ = ["COMPARISON", "disputed_images"]

COMPARISON = "comparison"
"""Name of the chart whose selection the grid shows."""

_SHOWN = 48
_ORDERS: dict[Side, str] = {
    "both": "whose difference is farthest from its mean, on either side",
    "second": "with the largest difference, in order",
    "first": "with the smallest difference, in order",
}


def disputed_images(images: Store, found: Comparison, fmt: ColumnFormat, selected: np.ndarray | None) -> int | None:
    """Draw the controls and the grid.

    Args:
        images: of the data set.
        found: the two models on them.
        fmt: of log p.
        selected: places, in `found`, of the images that are selected in the scatter; None when none are.

    Returns:
        The index of the image that was clicked just now, else None.
    """
    controls = st.container(horizontal=True, vertical_alignment="bottom")
    names: dict[Side, str] = {"both": "either model", "first": found.first, "second": found.second}
    sides = list(names)
    chosen = controls.segmented_control(
        "Most disputed images, more probable for",
        sides,
        format_func=lambda side: in_markdown(names[side]),
        required=True,
        key=kept("disputed", one_of(sides, names.__getitem__), sides[0]),
        help="Measured from the mean difference: what all images share says nothing about one of them.",
    )
    side = chosen or sides[0]
    if selected is not None:
        controls.button("Clear the selection", icon=":material/close:", on_click=clear_selection)
    places = found.most_disputed(_SHOWN, side, selected)
    if not len(places):
        st.caption("No image lies inside the selection.")
        return None
    sentences = [f"{len(selected):,} selected in the scatter."] if selected is not None else []
    if selected is None or len(selected) > _SHOWN:
        sentences.append(f"The {len(places)} images {_ORDERS[side]}.")
    sentences.append(f"Below each: log p by {found.first} → by {found.second}, and the difference.")
    st.caption(in_markdown(" ".join(sentences)))
    items = []
    for place in places.tolist():
        index = int(found.index[place])
        values = [fmt.number(float(log_prob[place])) for log_prob in (found.first_log_prob, found.second_log_prob)]
        difference = f"{fmt.signed(float(found.difference[place]))} {short_unit(fmt.unit)}"
        about = (
            f"{description(images, index)}, log p {values[0]} by {found.first}, {values[1]} by {found.second}, "
            f"difference {difference}"
        )
        items.append(GridImage(images.pixels[index], " → ".join(values), difference, about))
    opened = image_grid(items, key="disputed-grid", cell=120)
    return None if opened is None else int(found.index[places[opened]])
