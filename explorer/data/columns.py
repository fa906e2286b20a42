"""Which columns of a table hold images and labels.

The image column holds image files: structs with a field ``bytes``, as Hugging Face writes them, or plain binary. Labels
are whole numbers (with names in Hugging Face's metadata, if there) or strings.
"""

from __future__ import annotations

import json
from typing import NamedTuple

import pyarrow as pa

from explorer.errors import ExplorerError

__all__ = ["Columns", "find_columns", "find_part_column"]

_IMAGE_COLUMNS = ("image", "img", "png", "jpg", "jpeg", "webp")
_PART_COLUMNS = ("split", "subset", "partition", "set")
_LABEL_COLUMNS = ("label", "labels", "fine_label", "class", "cls", "y")


class Columns(NamedTuple):
    """What a table holds.

    Attributes:
        image: the column of image files.
        label: the column of labels, or None.
        label_names: names of whole-number labels; empty when they have none.
    """

    image: str
    label: str | None
    label_names: tuple[str, ...]


def find_columns(schema: pa.Schema, title: str) -> Columns:
    """Find images and labels by type and customary name.

    Raises:
        ExplorerError: no column can hold image files.
    """
    images = [field.name for field in schema if _holds_files(field.type)]
    if not images:
        raise ExplorerError(
            f"{title} has no column of image files (it has {', '.join(schema.names) or 'none'}). "
            "Use a column 'image' with the bytes of PNG or JPEG files."
        )
    image = next((name for name in _IMAGE_COLUMNS if name in images), images[0])
    names = _label_names(schema)
    candidates = [
        name for name in (*_LABEL_COLUMNS, *names) if name in schema.names and _is_label(schema.field(name).type)
    ]
    label = candidates[0] if candidates else None
    return Columns(image, label, names.get(label or "", ()))


def find_part_column(schema: pa.Schema) -> str | None:
    """The column of text that may name the part of each row, by its customary name; None where there is none."""
    for name in schema.names:
        kind = schema.field(name).type
        kind = kind.value_type if pa.types.is_dictionary(kind) else kind
        if name.lower() in _PART_COLUMNS and (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
            return str(name)
    return None


def _holds_files(kind: pa.DataType) -> bool:
    if pa.types.is_struct(kind) and kind.get_field_index("bytes") >= 0:
        kind = kind.field("bytes").type
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _is_label(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _label_names(schema: pa.Schema) -> dict[str, tuple[str, ...]]:
    """Column -> names of its labels, from the metadata that Hugging Face's `datasets` writes."""
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
        return {
            column: tuple(str(name) for name in feature["names"])
            for column, feature in features.items()
            if feature.get("_type") == "ClassLabel" and feature.get("names")
        }
    except (KeyError, TypeError, AttributeError, ValueError):
        return {}
