"""Images of a data set on a page: in words, in a grid, and on their way to Probe."""

from __future__ import annotations

import pyarrow as pa
import streamlit as st

from explorer.data.store import Store
from explorer.webapp.shell.columns import ColumnView
from explorer.webapp.shell.navigation import page_file
from explorer.webapp.widgets.image_grid import GridImage, image_grid

__all__ = ["description", "grid_of_rows", "open_in_probe"]


def description(images: Store, index: int) -> str:
    """An image in words: its number, its name where it has one, and its label."""
    name, label = images.names[index], images.label_name(index)
    words = [f"image {index}", name if name != str(index) else "", f"label {label}" if label else ""]
    return ", ".join(word for word in words if word)


def grid_of_rows(images: Store, rows: pa.Table, view: ColumnView, column: str, cell: int = 104) -> None:
    """The images of some rows of a catalog, each with its value in `column`; a click opens one in Probe."""
    items = []
    for row in rows.to_pylist():
        index = row["index"]
        about = f"{description(images, index)}, {view.title} {view.text(row[column])}"
        items.append(GridImage(images.pixels[index], view.text(row[column]), images.label_name(index), about))
    opened = image_grid(items, key="grid", cell=cell)
    if opened is not None:
        open_in_probe(rows.column("index")[opened].as_py())


def open_in_probe(index: int) -> None:
    """Leave for Probe, with image `index` of the data set."""
    st.switch_page(page_file("probe"), query_params={"source": "dataset", "item": str(index)})
