"""Images in tables: Parquet files.

The bytes of an image are taken out of the table and decoded by `explorer.images.read_image`, so that its limits hold.
Paths or addresses in a table are never followed.

Which columns are which says `explorer.data.columns`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path, PurePosixPath

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from explorer.data.columns import choose_labels, find_columns, find_part_column
from explorer.data.labels import Labels
from explorer.data.parts import Division, Parts, file_paths, named_parts
from explorer.data.reading import ImageSet, decode
from explorer.data.store import Sample
from explorer.data.views import CENTRAL, Views
from explorer.errors import ExplorerError, in_brief
from explorer.images import ImageShape

__all__ = ["parquet_files", "parts_of_rows", "table_images"]

_BATCH = 256
_MOST_ROWS_A_BYTE = 8


def parquet_files(title: str, files: Sequence[Path], split: str, parts: Parts | None = None) -> ImageSet:
    """Images in Parquet files that share their columns.

    The names of the files, or of their folders, may say which are for training and which for validation
    (`explorer.data.parts`); or else a column `split`.

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
        labels = choose_labels(columns, counts, lambda name: [_read_column(path, name) for path in chosen])
        part_column, of_rows = None if parts else find_part_column(schema), None
        if part_column is not None:
            texts = [_read_column(path, part_column) for path in chosen]
            of_rows = parts_of_rows(
                text
                for column, count in zip(texts, counts, strict=True)
                for text in ([None] * count if column is None else column.to_pylist())
            )
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
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

    if of_rows is None:
        return table_images(title, starts[-1], labels, fetch, division)
    wanted_rows = np.array(of_rows.wanted(split), np.int64)
    return table_images(
        title,
        len(wanted_rows),
        labels._replace(numbers=labels.numbers[wanted_rows]),
        lambda numbers: fetch(wanted_rows[np.asarray(numbers, np.int64)].tolist()),
        of_rows.division([1] * starts[-1]),
    )


def parts_of_rows(texts: Iterable[str | None]) -> Parts | None:
    """The parts that a column names, a name for each row; None where it says nothing."""
    return named_parts([(text,) if text else () for text in texts])


def table_images(
    title: str,
    count: int,
    labels: Labels,
    fetch: Callable[[Sequence[int]], Iterator[pa.Array]],
    division: Division | None,
) -> ImageSet:
    """The images of a table, whatever its files are.

    Args:
        title: what people call the set.
        count: number of rows.
        labels: of all rows.
        fetch: gives the cells of the image column for increasing row numbers, in pieces of any length.
        division: as in `ImageSet`.
    """

    def read(numbers: Sequence[int], image_shape: ImageShape, views: Views = CENTRAL) -> Iterator[Sample]:
        upcoming = iter(numbers)
        for cells in fetch(numbers):
            files, paths = _files_and_paths(cells)
            for file, path in zip(files, paths, strict=True):
                number = next(upcoming)
                name = PurePosixPath(path).name if path else str(number)
                yield from decode(file, int(labels.numbers[number]), name, number, image_shape, views)

    return ImageSet(title, count, read, labels.names, division, labels.notes)


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


def _read_column(path: Path, name: str) -> pa.ChunkedArray | None:
    """A column of one file; None where it has no such column."""
    with pq.ParquetFile(path, memory_map=True) as parquet:
        if name not in parquet.schema_arrow.names:
            return None
        return parquet.read(columns=[name], use_threads=False)[name]


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
