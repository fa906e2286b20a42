"""Labels of a folder of images that a table beside them holds, as Hugging Face's ``metadata.csv`` and Kaggle's
``train.csv`` do.

A table is a CSV, TSV or JSON Lines file. One of its columns names the images: by their path from the table's folder, by
their name, or by their name without suffix. Which one holds the labels says `explorer.data.columns`. Labels of a table
come before the names of folders.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from pyarrow import csv, json

from explorer.data.columns import Columns, choose_labels, label_columns
from explorer.data.labels import Labels
from explorer.errors import in_brief

__all__ = ["TABLE_SUFFIXES", "labels_beside"]

TABLE_SUFFIXES = (".csv", ".tsv", ".jsonl")

_MOST_BYTES = 2**28
_DELIMITERS = ",;\t|"
_HEAD = 2**16


class _Table(NamedTuple):
    """A table, and of each image its row in it, -1 where it has none."""

    name: str
    content: pa.Table
    images: str
    rows: np.ndarray


def labels_beside(tables: Iterable[Path], images: Sequence[Path], own: Labels) -> Labels:
    """The labels of images in tables; `own` where these have none.

    Args:
        tables: files that may hold them.
        images: the images.
        own: labels that they have without.
    """
    notes: list[str] = []
    found: list[_Table] = []
    for path in tables:
        names = _names(images, path.parent)
        if not names:  # it is of another part
            continue
        try:
            table = _of_images(path.name, _read(path), names, len(images))
        except (OSError, pa.ArrowException, ValueError) as error:
            notes.append(f"{path.name} is not used for labels: it cannot be read ({in_brief(error)}).")
            continue
        if table is None:
            notes.append(f"{path.name} is not used for labels: it has no column with the names of the images.")
        else:
            found.append(table)
    if not found:
        return own._replace(notes=(*own.notes, *notes))
    columns = _columns(found[0], may_guess=not own.names)
    labels = choose_labels(columns, [len(table.content) for table in found], lambda name: _column(found, name))
    if not labels.different:
        return own._replace(notes=(*own.notes, *notes, *labels.notes))
    numbers = np.full(len(images), -1, np.int32)
    start = 0
    for table in found:
        free = (numbers < 0) & (table.rows >= 0)
        numbers[free] = labels.numbers[start + table.rows[free]]
        start += len(table.content)
    notes += [f"The labels are those in {' and '.join(dict.fromkeys(table.name for table in found))}.", *labels.notes]
    missing = int((numbers < 0).sum())
    if missing:
        notes.append(f"{missing:,} of {len(images):,} images have no label there.")
    return Labels(numbers, labels.names, (*own.notes, *notes))


def _columns(table: _Table, may_guess: bool) -> Columns:
    labels, others = label_columns(table.content.schema, table.images)
    return Columns(table.images, labels, others if may_guess else (), {})


def _column(tables: Sequence[_Table], name: str) -> list[pa.ChunkedArray | None]:
    return [table.content[name] if name in table.content.column_names else None for table in tables]


def _read(path: Path) -> pa.Table:
    if path.stat().st_size > _MOST_BYTES:
        raise ValueError(f"it has more than {_MOST_BYTES // 2**20} MB")
    if path.suffix.lower() == ".jsonl":
        return json.read_json(path, json.ReadOptions(use_threads=False))
    with open(path, encoding="utf-8", errors="replace") as file:
        header = file.readline(_HEAD)
    return csv.read_csv(
        path,
        csv.ReadOptions(use_threads=False, block_size=_MOST_BYTES),  # one block: types are those of all rows
        csv.ParseOptions(delimiter=max(_DELIMITERS, key=header.count), newlines_in_values=True),
        csv.ConvertOptions(strings_can_be_null=True),
    )


def _names(images: Sequence[Path], folder: Path) -> dict[Hashable, int]:
    """What an image may be called in a table of this folder -> its number. What several are called names none."""
    paths = {path.relative_to(folder): number for number, path in enumerate(images) if path.is_relative_to(folder)}
    names: dict[Hashable, int] = {}
    for name_of in (
        Path.as_posix,
        lambda path: path.with_suffix("").as_posix(),
        lambda path: path.name,
        lambda path: path.stem,
    ):
        called: dict[Hashable, list[int]] = {}
        for path, number in paths.items():
            called.setdefault(name_of(path), []).append(number)
        names = {name: numbers[0] for name, numbers in called.items() if len(numbers) == 1} | names
    return names


def _of_images(name: str, content: pa.Table, names: dict[Hashable, int], count: int) -> _Table | None:
    """A table, if half of its rows, or of the images, are named in one of its columns."""
    best: _Table | None = None
    for column in content.column_names:
        kind = content.schema.field(column).type
        if not (pa.types.is_string(kind) or pa.types.is_integer(kind)):
            continue
        called = [names.get(str(value).removeprefix("./"), -1) for value in content[column].to_pylist()]
        rows = np.full(count, -1)
        for row, image in enumerate(called):
            if image >= 0:
                rows[image] = row
        if best is None or (rows >= 0).sum() > (best.rows >= 0).sum():
            best = _Table(name, content, column, rows)
    enough = max(1, min(len(content), count) / 2)
    return best if best is not None and (best.rows >= 0).sum() >= enough else None
