"""Which columns of a table hold images and labels.

The image column holds image files: structs with a field ``bytes``, as Hugging Face writes them, or plain binary.

Labels are in a column of a customary name, of any kind that `explorer.data.labels` can make classes of. Where there is
no such column, the first one of text, true and false, or whole numbers is taken that has two values or more, at most
1,000, and two images for each on average, and this is said.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import pyarrow as pa

from explorer.data.labels import FIELDS, Labels, labels_of_columns, no_labels
from explorer.errors import ExplorerError

__all__ = ["Columns", "choose_labels", "find_columns", "find_part_column", "label_columns"]

_IMAGE_COLUMNS = ("image", "img", "png", "jpg", "jpeg", "webp")
_PART_COLUMNS = ("split", "subset", "partition", "set")
_MOST_GUESSED = 1000  # classes in a column that is not called labels
_LABEL_WORDS = {"label", "labels", "class", "category", "target"}
_OTHER_WORDS = {"id", "index", "idx", "width", "height", "size", "fold", "part", *_PART_COLUMNS}
"""In the names of columns that have few values and are no classes."""


class Columns(NamedTuple):
    """What a table holds.

    Attributes:
        image: the column of image files.
        labels: the columns that hold labels by their names, the most telling first.
        others: columns that may hold labels.
        label_names: column -> names of its whole-number labels.
    """

    image: str
    labels: tuple[str, ...]
    others: tuple[str, ...]
    label_names: Mapping[str, tuple[str, ...]]


def find_columns(schema: pa.Schema, title: str) -> Columns:
    """Find images by type, and labels by type and customary name.

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
    return Columns(image, *label_columns(schema, image), _label_names(schema))


def label_columns(schema: pa.Schema, image: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The columns that hold labels by their names, and those that may: all but `image`."""
    rest = [field.name for field in schema if field.name != image]
    exact = sorted(
        (name for name in rest if name.lower() in FIELDS), key=lambda name: (FIELDS.index(name.lower()), name)
    )
    named = [name for name in _label_names(schema) if name in rest]
    telling = [name for name in rest if _words(name) & _LABEL_WORDS or _has_label_field(schema.field(name).type)]
    labels = tuple(dict.fromkeys((*exact, *named, *telling)))
    others = tuple(
        name
        for name in rest
        if name not in labels
        and not name.startswith("__")
        and not _words(name) & _OTHER_WORDS
        and _may_be_classes(schema.field(name).type)
    )
    return labels, others


def choose_labels(
    columns: Columns, counts: Sequence[int], read: Callable[[str], Sequence[pa.ChunkedArray | None]]
) -> Labels:
    """The labels in the first column that has any.

    Args:
        columns: from `find_columns`.
        counts: number of rows of each file.
        read: gives a column of each file; None where a file does not have it.
    """
    notes: list[str] = []
    for name in columns.labels:
        found = labels_of_columns(read(name), counts, f"The column {name!r}", columns.label_names.get(name, ()))
        notes += found.notes
        if (found.numbers >= 0).any():
            return found._replace(notes=tuple(notes))
    most = min(_MOST_GUESSED, sum(counts) // 2)
    for name in columns.others:
        column = read(name)
        if any(part is not None and len(part.unique()) > most + 2 for part in column):  # null and empty texts are none
            continue  # quickly: there may be millions of texts
        found = labels_of_columns(column, counts, f"The column {name!r}")
        if 2 <= found.different <= most:
            notes.append(
                f"The labels are taken from the column {name!r}, which has {found.different:,} different values."
            )
            return found._replace(notes=(*notes, *found.notes))
    if columns.others:
        seen = ", ".join(columns.others[:3]) + (", …" if len(columns.others) > 3 else "")
        notes.append(f"No labels were found ({seen}). If a column holds them, call it 'label'.")
    return no_labels(sum(counts), *notes)


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


def _may_be_classes(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_integer(kind)
    )


def _has_label_field(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_struct(kind) and any(kind.field(number).name in FIELDS for number in range(kind.num_fields))
    )


def _words(name: str) -> set[str]:
    return set(re.split(r"[^a-z0-9]+", name.lower()))


def _label_names(schema: pa.Schema) -> dict[str, tuple[str, ...]]:
    """Column -> names of its labels, from the metadata that Hugging Face's `datasets` writes."""
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
        found = {column: _class_names(feature) for column, feature in features.items()}
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError):
        return {}
    return {column: names for column, names in found.items() if names}


def _class_names(feature: object) -> tuple[str, ...]:
    """Names of the labels in a feature, or in the lists that it is of."""
    if isinstance(feature, list) and len(feature) == 1:
        return _class_names(feature[0])
    if not isinstance(feature, dict):
        return ()
    if feature.get("_type") == "ClassLabel" and isinstance(feature.get("names"), list):
        return tuple(str(name) for name in feature["names"])
    return _class_names(feature.get("feature"))
