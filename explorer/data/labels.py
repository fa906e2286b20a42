"""Labels: any kind of class becomes an int32 for each image, -1 where there is none, and a name for each number.

    whole numbers from 0 on    stay as they are, with the names that came with them, if any
    all other values           are numbered in their order; the value, as text, is the name
    -1 beside numbers from 0   no label, as null, NaN and an empty text are; -1 and 1 alone are two classes
    one-hot rows               the place of the one; no label where there is none

Classes are few: at most 1,000 values, or half as many as there are images; of numbers that are not whole at most 100.
What cannot be labels is refused with a sentence, and the images are read without.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable, Sequence
from decimal import Decimal
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from explorer.errors import in_brief

__all__ = ["FIELDS", "Labels", "labels_of_arrays", "labels_of_columns", "no_labels", "number_labels"]

FIELDS = ("label", "labels", "fine_label", "class", "cls", "y", "target", "targets", "category", "species")
"""Customary names of labels, the most telling first."""

_FEW = 1000
_FEW_FRACTIONS = 100
_INT32_MAX = 2**31 - 1

Value = int | float | str | None


class Labels(NamedTuple):
    """The labels of a set of images.

    Attributes:
        numbers: int32 ``(N,)``, -1 where there is none.
        names: name of each number; empty when they have none.
        notes: sentences about what was guessed or refused.
    """

    numbers: np.ndarray
    names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def different(self) -> int:
        """How many different labels there are."""
        return len(np.unique(self.numbers[self.numbers >= 0]))


class _Refused(Exception):
    """Why something is no label, to follow "it"."""


def no_labels(count: int, *notes: str) -> Labels:
    """What images without labels have."""
    return Labels(np.full(count, -1, np.int32), (), notes)


def number_labels(values: Iterable[object], what: str, names: tuple[str, ...] = ()) -> Labels:
    """Labels from one value an image.

    Args:
        values: of each image, of any type.
        what: where they are from, to begin a sentence with.
        names: of whole numbers from 0 on.
    """
    values = list(values)
    try:
        if any(isinstance(value, list | dict) for value in values):
            return _number([_plain(value) for value in _cells(pa.chunked_array([values]))], what, names)
        return _number([_plain(value) for value in values], what, names)
    except _Refused as reason:
        return no_labels(len(values), _refusal(what, reason))
    except (pa.ArrowException, ValueError, TypeError, OverflowError):
        return no_labels(len(values), _refusal(what, _Refused("holds values of several kinds")))


def labels_of_arrays(arrays: Sequence[tuple[np.ndarray | None, str]], counts: Sequence[int]) -> Labels:
    """Labels from arrays of any type: one value an image, ``(N,)`` or ``(N, 1)``, or a one-hot row, ``(N, K)``.

    Args:
        arrays: of each group of images its labels, or None; and where they are from, to begin a sentence with.
        counts: the number of images of each group.
    """
    values: list[object] = []
    notes = []
    for (array, what), count in zip(arrays, counts, strict=True):
        try:
            values += [None] * count if array is None else _entries(array, count)
        except (_Refused, ValueError) as reason:  # a ValueError where text has characters that do not exist
            values += [None] * count
            notes.append(_refusal(what, reason))
    found = number_labels(values, next((what for array, what in arrays if array is not None), ""))
    return found._replace(notes=(*notes, *found.notes))


def labels_of_columns(
    columns: Sequence[pa.ChunkedArray | None], counts: Sequence[int], what: str, names: tuple[str, ...] = ()
) -> Labels:
    """Labels from a column of a table in several files, whose types may differ.

    Args:
        columns: of each file; None where a file has no such column.
        counts: number of rows of each file.
        what: where they are from, to begin a sentence with.
        names: of whole numbers from 0 on.
    """
    values: list[object] = []
    try:
        for column, count in zip(columns, counts, strict=True):
            values += [None] * count if column is None else _cells(column)
    except _Refused as reason:
        return no_labels(sum(counts), _refusal(what, reason))
    except (pa.ArrowException, ValueError, OverflowError, TypeError) as error:
        return no_labels(sum(counts), _refusal(what, _Refused(f"cannot be read ({in_brief(error)})")))
    found = number_labels(values, what, names)
    missing = sum(column is None for column in columns)
    if missing:
        return found._replace(notes=(*found.notes, f"{what} is missing in {missing:,} of {len(columns):,} files."))
    return found


def _entries(array: np.ndarray, count: int) -> Sequence[object]:
    if array.size == count:
        values: list[object] = array.reshape(-1).tolist()
        return values
    if array.shape[:1] != (count,):
        raise _Refused(f"has {len(array) if array.ndim else 1:,} labels for {count:,} images")
    return _places(array.reshape(count, -1))


def _refusal(what: str, reason: Exception) -> str:
    return f"{what} is not used for labels: it {reason}."


def _cells(column: pa.ChunkedArray) -> list[object]:
    """The values of a column, those of lists and structs with one label an image taken out of them."""
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        return _cells(pa.chunked_array([chunk.storage for chunk in column.chunks], kind.storage_type))
    if pa.types.is_dictionary(kind) and pa.types.is_nested(kind.value_type):
        return _cells(column.cast(kind.value_type))
    if pa.types.is_struct(kind):
        fields = [kind.field(number).name for number in range(kind.num_fields)]
        field = next((name for name in FIELDS if name in fields), fields[0] if len(fields) == 1 else None)
        if field is None:
            raise _Refused(f"has the fields {', '.join(fields)}, and it is not clear which one is the label")
        return _cells(pc.struct_field(column, [field]))
    if not pa.types.is_nested(kind):
        cells: list[object] = column.to_pylist()
        return cells
    if not (pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)):
        raise _Refused(f"holds values of type {kind}")
    lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy()
    length = int(lengths.max(initial=0))
    if ((lengths != 0) & (lengths != length)).any():
        raise _Refused("has several values for one image. Use one label per image")
    found: list[object] = [None] * len(column)
    if length:
        values = pc.list_flatten(column)
        here = _cells(values) if length == 1 else _places(values.to_numpy().reshape(-1, length))
        for row, value in zip(np.flatnonzero(lengths), here, strict=True):
            found[row] = value
    return found


def _places(rows: np.ndarray) -> list[int | None]:
    """The place of the one in each one-hot row, ``(N, K)``; None where there is none."""
    if rows.dtype.kind in "biuf":
        ones = rows == 1
        if (ones | (rows == 0)).all() and ones.sum(1).max(initial=0) <= 1:
            return [int(place) if one else None for place, one in zip(ones.argmax(1), ones.any(1), strict=True)]
    raise _Refused("has several values for one image. Use one label per image, or one-hot rows")


def _plain(value: object) -> Value:
    """A value as a number or text; None where it is missing."""
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    if isinstance(value, bytes):
        try:
            value = value.decode()
        except UnicodeDecodeError:
            raise _Refused("holds bytes that are no text") from None
    if isinstance(value, str):
        return value.encode(errors="replace").decode().strip() or None
    if isinstance(value, Integral) or (isinstance(value, Decimal) and value == value.to_integral_value()):
        return int(value)
    if isinstance(value, Real | Decimal):
        number = float(value)
        return None if math.isnan(number) else int(number) if number.is_integer() else number
    if isinstance(value, datetime.date | datetime.time | datetime.timedelta):
        return str(value)
    if value is None:
        return None
    raise _Refused(f"holds values of type {type(value).__name__}")


def _number(values: list[Value], what: str, names: tuple[str, ...]) -> Labels:
    if any(isinstance(value, str) for value in values):
        values = [None if value is None else str(value) for value in values]
    present: set[Any] = {value for value in values if value is not None}  # all are numbers, or all are texts
    whole = [value for value in present if isinstance(value, int)]
    if not names:
        _check_few(present, len(values))
    notes: tuple[str, ...] = ()
    if present == {-1, 1} and not names:
        notes = (f"{what} has only -1 and 1: they are taken as two classes.",)
    elif len(whole) == len(present) and all(-1 <= value <= _INT32_MAX for value in whole):
        unknown = sum(value == -1 for value in values)
        if unknown and not names:
            notes = (f"{what} is -1 for {unknown:,} of {len(values):,} images: they are taken to have no label.",)
        return Labels(np.array([-1 if value is None else value for value in values], np.int32), names, notes)
    ordered = sorted(present)
    index = {value: number for number, value in enumerate(ordered)}
    numbers = np.array([-1 if value is None else index[value] for value in values], np.int32)
    return Labels(numbers, tuple(_name(value) for value in ordered), notes)


def _check_few(present: set[Any], count: int) -> None:
    """Refuse what has too many values."""
    most = max(_FEW, count // 2)
    if any(isinstance(value, float) for value in present):
        most = min(_FEW_FRACTIONS, max(2, count // 2))
    if len(present) > most:
        raise _Refused(f"has {len(present):,} different values for {count:,} images, too many for classes")


def _name(value: int | float | str) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
