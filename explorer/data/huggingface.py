"""Folders that Hugging Face's `datasets` opens: saved to disk, or made of Arrow files.

Only readers that ship with `datasets` are used, on files inside the folder: no code that comes with a data set is run,
its README is not looked at, and nothing is downloaded.
"""

from __future__ import annotations

import glob
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from explorer.data.columns import choose_labels, find_columns, find_part_column
from explorer.data.parts import Division, Parts, file_paths, named_parts
from explorer.data.reading import ImageSet
from explorer.data.tables import parts_of_rows, table_images
from explorer.errors import ExplorerError, in_brief
from explorer.home import subfolder

if TYPE_CHECKING:
    from datasets import Dataset

__all__ = ["is_saved_to_disk", "loaded_files", "saved_to_disk"]

_BATCH = 256
_READ_ERRORS = (pa.ArrowException, OSError, LookupError, ValueError, TypeError, OverflowError)


def is_saved_to_disk(folder: Path) -> bool:
    """Whether a folder was written by ``Dataset.save_to_disk`` or ``DatasetDict.save_to_disk``."""
    return (folder / "dataset_dict.json").is_file() or (
        (folder / "state.json").is_file() and (folder / "dataset_info.json").is_file()
    )


def saved_to_disk(folder: Path, split: str) -> ImageSet:
    """The images of a folder that ``save_to_disk`` wrote.

    Raises:
        ExplorerError: it cannot be opened or has no column of images.
    """
    import datasets  # takes a second to import

    try:
        loaded = datasets.load_from_disk(str(folder))
    except Exception as error:  # the library lets errors of many others through
        raise ExplorerError(f"{folder.name} is damaged: it cannot be loaded from disk ({in_brief(error)}).") from error
    if not isinstance(loaded, dict):
        return _images_by_row(folder.name, loaded, split)
    parts = named_parts([(name,) for name in loaded])
    rows = list(loaded.values())
    if parts is None:
        joined, notes = _join(rows)
        return _images_by_row(folder.name, joined, split, notes=notes)
    joined, notes = _join([rows[place] for place in parts.wanted(split)])
    return _images(folder.name, joined, parts.division([len(each) for each in rows]), notes=notes)


def loaded_files(title: str, files: Sequence[Path], split: str, parts: Parts | None = None) -> ImageSet:
    """The images in Arrow files, by ``datasets.load_dataset``.

    The names of the files, or of their folders, may say which are for training and which for validation
    (`explorer.data.parts`). `parts` are those of the files, where something else than their names says it.

    Raises:
        ExplorerError: they cannot be opened or have no column of images.
    """
    import datasets  # takes a second to import

    parts = parts or named_parts(file_paths(files))
    groups: dict[str, list[str]] = {}
    for path, part in zip(files, parts.parts if parts else ["other"] * len(files), strict=True):
        groups.setdefault(part, []).append(glob.escape(str(path)))
    datasets.disable_progress_bars()  # callers show their own
    datasets.config.HF_UPDATE_DOWNLOAD_COUNTS = False  # or it tells a server that a reader was used
    cache = tempfile.TemporaryDirectory(prefix=".loading-", dir=subfolder("stores"), ignore_cleanup_errors=True)
    try:
        loaded = datasets.load_dataset("arrow", data_files=groups, cache_dir=cache.name)
    except Exception as error:  # as above
        cache.cleanup()
        raise ExplorerError(f"{title} is damaged: it cannot be loaded ({in_brief(error)}).") from error
    if parts is None:
        return _images_by_row(title, datasets.concatenate_datasets(list(loaded.values())), split, cache)
    division = parts.division_of({part: len(rows) for part, rows in loaded.items()})
    wanted = [rows for part, rows in loaded.items() if split in ("all", part)]
    return _images(title, datasets.concatenate_datasets(wanted), division, cache)


def _join(rows: Sequence[Dataset]) -> tuple[Dataset, tuple[str, ...]]:
    """All rows, with the columns that are of one kind in all of them, and a sentence about the others."""
    import datasets

    first = rows[0].features
    alike = [name for name in first if all(each.features.get(name) == first[name] for each in rows)]
    others = sorted({name for each in rows for name in each.features} - set(alike))
    joined = datasets.concatenate_datasets([each.select_columns(alike) for each in rows])
    if not others:
        return joined, ()
    return joined, (f"Columns that are not of one kind in all parts are not used: {', '.join(others)}.",)


def _images_by_row(
    title: str,
    loaded: Dataset,
    split: str,
    cache: tempfile.TemporaryDirectory[str] | None = None,
    notes: tuple[str, ...] = (),
) -> ImageSet:
    """The images of a split, where a column may say which they are."""
    column = find_part_column(loaded.features.arrow_schema)
    parts = None if column is None else parts_of_rows(_whole_column(loaded, column, title).to_pylist())
    if parts is None:
        return _images(title, loaded, None, cache, notes)
    return _images(title, loaded.select(parts.wanted(split)), parts.division([1] * len(loaded)), cache, notes)


def _images(
    title: str,
    chosen: Dataset,
    division: Division | None = None,
    cache: tempfile.TemporaryDirectory[str] | None = None,
    notes: tuple[str, ...] = (),
) -> ImageSet:
    """The images in some rows. `cache` holds the files of what was loaded: it is removed when nobody can read them."""
    columns = find_columns(chosen.features.arrow_schema, title)
    images = chosen.with_format("arrow").select_columns([columns.image])
    labels = choose_labels(columns, [len(chosen)], lambda name: [_whole_column(chosen, name, title)])
    labels = labels._replace(notes=(*notes, *labels.notes))
    if cache is not None:
        weakref.finalize(images, cache.cleanup)

    def fetch(numbers: Sequence[int]) -> Iterator[pa.Array]:
        for start in range(0, len(numbers), _BATCH):
            try:
                some = images[[int(number) for number in numbers[start : start + _BATCH]]][columns.image]
                some.validate(full=True)  # offsets in a file that is mapped may lead anywhere
                cells = some.combine_chunks()
            except _READ_ERRORS as error:
                raise ExplorerError(f"{title} is damaged ({in_brief(error)}).") from error
            yield cells

    return table_images(title, len(chosen), labels, fetch, division)


def _whole_column(rows: Dataset, name: str, title: str) -> pa.ChunkedArray:
    """A column, of which every value lies in the file."""
    try:
        column = rows.with_format("arrow").select_columns([name])[:][name]
        column.validate(full=True)
    except _READ_ERRORS as error:
        raise ExplorerError(f"{title} is damaged ({in_brief(error)}).") from error
    return column
