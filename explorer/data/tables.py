"""Images in tables: Parquet files.

The bytes of an image are taken out of the table and decoded by `explorer.images.read_image`, so that its limits hold.
Paths or addresses in a table are never followed.

Which columns are which says `explorer.data.columns`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path, PurePosixPath

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from explorer.data.columns import Columns, find_columns
from explorer.data.parts import Division, Parts, file_paths, named_parts
from explorer.data.reading import ImageSet, decode
from explorer.data.store import Sample
from explorer.data.views import CENTRAL, Views
from explorer.errors import ExplorerError, in_brief
from explorer.images import ImageShape

__all__ = ["Columns", "find_columns", "number_labels", "parquet_files", "table_images"]

_BATCH = 256
_MOST_ROWS_A_BYTE = 8
_INT32_MAX = 2**31 - 1


def parquet_files(title: str, files: Sequence[Path], split: str, parts: Parts | None = None) -> ImageSet:
    """Images in Parquet files that share their columns.

    The names of the files, or of their folders, may say which are for training and which for validation
    (`explorer.data.parts`).

    Args:
        title: what people call the set.
        files: the files, sorted.
        split: ``"train"``, ``"validation"`` or ``"all"``.
        parts: of the files, where something else than their names says it.

    Raises:
        ExplorerError: a file is damaged or has no column of images.
    """
    parts = parts or named_parts(file_paths(files))
    chosen = [files[place] for place in parts.wanted(split)] if parts else list(files)
    division = None
    try:
        schema = pq.read_schema(chosen[0])
        columns = find_columns(schema, title)
        rows = {path: _count_rows(path) for path in files}
        counts = [rows[path] for path in chosen]
        if parts:
            division = parts.division(list(rows.values()))
        label_column = None
        if columns.label is not None:
            chunks = [pq.read_table(path, columns=[columns.label], use_threads=False)[0] for path in chosen]
            label_column = pa.chunked_array([chunk for column in chunks for chunk in column.chunks], chunks[0].type)
    except (pa.ArrowException, OSError, KeyError) as error:
        raise ExplorerError(f"{title} is damaged or not a Parquet file ({in_brief(error)}).") from error
    starts = list(accumulate(counts, initial=0))

    def fetch(numbers: Sequence[int]) -> Iterator[pa.Array]:
        wanted = np.asarray(numbers)
        try:
            for path, start, end in zip(chosen, starts[:-1], starts[1:], strict=True):
                here = wanted[(wanted >= start) & (wanted < end)] - start
                if len(here):
                    yield from _fetch_rows(path, columns.image, here)
        except (pa.ArrowException, OSError, LookupError) as error:
            raise ExplorerError(f"{title} is damaged ({in_brief(error)}).") from error

    return table_images(title, starts[-1], columns, label_column, fetch, division)


def table_images(
    title: str,
    count: int,
    columns: Columns,
    label_column: pa.ChunkedArray | None,
    fetch: Callable[[Sequence[int]], Iterator[pa.Array]],
    division: Division | None,
) -> ImageSet:
    """The images of a table, whatever its files are.

    Args:
        title: what people call the set.
        count: number of rows.
        columns: which columns are which.
        label_column: all labels, or None.
        fetch: gives the cells of the image column for increasing row numbers, in pieces of any length.
        division: as in `ImageSet`.
    """
    labels, label_names = number_labels(label_column, count, columns.label_names)

    def read(numbers: Sequence[int], image_shape: ImageShape, views: Views = CENTRAL) -> Iterator[Sample]:
        upcoming = iter(numbers)
        for cells in fetch(numbers):
            files, paths = _files_and_paths(cells)
            for file, path in zip(files, paths, strict=True):
                number = next(upcoming)
                name = PurePosixPath(path).name if path else str(number)
                yield from decode(file, int(labels[number]), name, number, image_shape, views)

    return ImageSet(title, count, read, label_names, division)


def _count_rows(path: Path) -> int:
    """How many rows a file has. What a damaged one says may be anything.

    Raises:
        OSError: it says what cannot be.
    """
    metadata = pq.read_metadata(path)
    inside: int = sum(metadata.row_group(number).num_rows for number in range(metadata.num_row_groups))
    if metadata.num_rows != inside or not 0 <= inside <= _MOST_ROWS_A_BYTE * path.stat().st_size:
        raise OSError(f"it claims to have {metadata.num_rows:,} rows")
    return inside


def _fetch_rows(path: Path, column: str, rows: np.ndarray) -> Iterator[pa.Array]:
    """The cells of increasing rows of one file; row groups without any are not read."""
    with pq.ParquetFile(path, memory_map=True) as parquet:
        start = 0
        for group in range(parquet.num_row_groups):
            end = start + parquet.metadata.row_group(group).num_rows
            if ((rows >= start) & (rows < end)).any():
                position = start
                for batch in parquet.iter_batches(_BATCH, row_groups=[group], columns=[column], use_threads=False):
                    here = rows[(rows >= position) & (rows < position + len(batch))] - position
                    if len(here):
                        yield batch.column(0).take(pa.array(here))
                    position += len(batch)
            start = end


def _files_and_paths(cells: pa.Array) -> tuple[list[bytes | None], list[str | None]]:
    if not pa.types.is_struct(cells.type):
        return cells.to_pylist(), [None] * len(cells)
    paths = cells.field("path").to_pylist() if cells.type.get_field_index("path") >= 0 else [None] * len(cells)
    return cells.field("bytes").to_pylist(), paths


def number_labels(
    column: pa.ChunkedArray | None, count: int, names: tuple[str, ...]
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Labels as int32, -1 where there is none; strings, negative and huge numbers are numbered in sorted order."""
    if column is None:
        return np.full(count, -1, np.int32), ()
    values = column.to_pylist()
    present = {value for value in values if value is not None}
    if all(isinstance(value, int) and -1 <= value <= _INT32_MAX for value in present):
        return np.array([-1 if value is None else value for value in values], np.int32), names
    ordered = sorted(present)
    index = {value: number for number, value in enumerate(ordered)}
    return np.array([index.get(value, -1) for value in values], np.int32), tuple(str(value) for value in ordered)
