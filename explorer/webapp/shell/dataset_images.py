"""Images of a data set on a page: in words, in a grid, and on their way to a page of their own."""

from __future__ import annotations

import pyarrow as pa

from explorer.catalog.query import Catalog
from explorer.data.sources import Split
from explorer.data.store import Store
from explorer.webapp.shell.address import open_page
from explorer.webapp.shell.column_format import ColumnFormat
from explorer.webapp.shell.part_box import PART
from explorer.webapp.widgets.image_grid import GridImage, image_grid

__all__ = ["description", "grid_of_rows", "label_names", "open_in_photograph", "open_in_probe"]


def description(images: Store, index: int) -> str:
    """An image in words: its number, its name where it has one, and its label."""
    name, label = images.names[index], images.label_name(index)
    words = [f"image {index}", name if name != str(index) else "", f"label {label}" if label else ""]
    return ", ".join(word for word in words if word)


def label_names(images: Store, catalog: Catalog) -> dict[int, str]:
    """Name of each label that an image has; -1 is "none"."""
    return {
        label: "none" if label < 0 else images.label_names[label] if label < len(images.label_names) else str(label)
        for label in catalog.label_counts()
    }


def grid_of_rows(images: Store, rows: pa.Table, column: str, fmt: ColumnFormat, cell: int = 104) -> int | None:
    """The images of some rows of a catalog, each with its value in `column`; returns the index of the one that was
    clicked just now, else None.

    Args:
        images: the data set.
        rows: of its catalog.
        column, fmt: what is written below each image, and how.
        cell: width of an image, in pixels.
    """
    items = []
    for row in rows.to_pylist():
        index, value = row["index"], fmt.text(row[column])
        about = f"{description(images, index)}, {fmt.title} {value}"
        items.append(GridImage(images.pixels[index], value, images.label_name(index), about))
    opened = image_grid(items, key="grid", cell=cell)
    return None if opened is None else int(rows.column("index")[opened].as_py())


def open_in_probe(index: int, split: Split) -> None:
    """Leave for Probe, with image `index` of a part of the data set."""
    open_page("probe", source="dataset", item=str(index), **{PART: split})


def open_in_photograph(index: int, split: Split) -> None:
    """Leave for Photograph, with image `index` of a part of the data set, whole and at the model's own size."""
    open_page("large", source="dataset", item=str(index), side=None, crop=None, **{PART: split})
