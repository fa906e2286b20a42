"""Which data sets are offered: what comes with the libraries, what is in the user's folders, what was fetched."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

from explorer.data.hub_records import fetched_specs
from explorer.data.huggingface import is_saved_to_disk
from explorer.data.imagenet import imagenet_files
from explorer.data.listing import hub_snapshot
from explorer.data.names import BUILTIN, distinct_names
from explorer.data.parts import named_parts
from explorer.data.sources import is_data_file
from explorer.decoding import SUFFIXES
from explorer.home import dataset_folders

__all__ = ["DatasetInfo", "list_datasets"]

_LOOKED_AT = 16  # subfolders of one that the user named: enough to see what they are


class DatasetInfo(NamedTuple):
    """A data set that can be offered.

    Attributes:
        spec: what `explorer.data.sources.open_dataset` takes.
        title: what people call it.
        builtin: whether it comes with the libraries.
        name: what tells it from the others, in a list and in an address; never a path of this machine.
    """

    spec: str
    title: str
    builtin: bool
    name: str


def list_datasets() -> list[DatasetInfo]:
    """The built-in sets, then the entries of the data folder's ``datasets`` and what ``$EXPLORER_DATASETS`` names (see
    `explorer.home.dataset_folders`): a data set, or a folder of data sets; then what was fetched from the Hub."""
    found = [DatasetInfo(spec, title, True, spec) for spec, title in BUILTIN.items()]
    own, *named = dataset_folders()
    paths = _entries(own)
    for path in named:
        paths += [path] if _is_one_dataset(path) else _entries(path)
    paths = list(dict.fromkeys(paths))
    names = distinct_names(paths, {*BUILTIN, *BUILTIN.values()})
    found += [DatasetInfo(str(path), names[path], False, names[path]) for path in paths]
    return found + [DatasetInfo(spec, spec, False, spec) for spec in fetched_specs()]


def _entries(folder: Path) -> list[Path]:
    """The data sets in a folder of them, by name."""
    try:
        entries = sorted(folder.iterdir())
    except OSError:  # not there, or not ours to read
        return []
    return [path for path in entries if not path.name.startswith(".") and (path.is_dir() or is_data_file(path))]


def _is_one_dataset(path: Path) -> bool:
    """Whether a path that the user named is a data set itself, and not a folder of data sets.

    A folder is one if it has images, or files of one of the formats of `explorer.data.sources` that belong together, or
    is of the Hub; or if its subfolders are parts, or classes: folders that all have images right in them.
    """
    if not path.is_dir():
        return path.is_file() and is_data_file(path)
    is_of_hub = hub_snapshot(path) != path
    if is_of_hub or is_saved_to_disk(path) or imagenet_files(path) or _has_file(path, (*SUFFIXES, ".arrow", ".tar")):
        return True
    entries = _entries(path)
    folders = [entry for entry in entries if entry.is_dir()][:_LOOKED_AT]
    files = [entry for entry in entries if entry.is_file()]
    are_parts = named_parts([[entry.stem if entry.is_file() else entry.name] for entry in entries]) is not None
    if files:
        are_shards = all(re.search(r"\d+-of-\d+", file.stem) for file in files)
        return all(file.suffix.lower() == ".parquet" for file in files) and (are_parts or are_shards)
    if [folder.name for folder in folders] == ["data"]:
        return True
    return bool(folders) and (are_parts or all(_has_file(folder, SUFFIXES) for folder in folders))


def _has_file(folder: Path, suffixes: tuple[str, ...]) -> bool:
    """Whether there is a file of one of these suffixes right in a folder; it is not listed to its end."""
    try:
        with os.scandir(folder) as entries:
            return any(
                not e.name.startswith(".") and e.name.lower().endswith(suffixes) and e.is_file() for e in entries
            )
    except OSError:
        return False
