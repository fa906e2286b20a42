"""A folder of image files, read recursively. Labels are the names of folders, or in a table beside the images."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterator, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from explorer.data.labels import Labels
from explorer.data.left_out import TWICE, LeftOut
from explorer.data.listing import images_among, list_files, without_doubles
from explorer.data.metadata import labels_beside
from explorer.data.reading import ImageSet, decode
from explorer.data.store import Sample
from explorer.data.views import CENTRAL, Views
from explorer.decoding import MAX_UPLOAD_BYTES
from explorer.images import ImageShape

__all__ = ["SPLIT_NAMES", "image_folder"]

SPLIT_NAMES: dict[str, tuple[str, ...]] = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev", "test"),
}
"""How folders and files name their parts; of several that are there, the first is used."""


def image_folder(
    folder: Path,
    split: str,
    files: list[Path] | None = None,
    behind_links: Collection[Path] = (),
    tables: Collection[Path] = (),
) -> ImageSet:
    """The images of a folder.

    Subfolders ``train`` and ``validation`` (or ``val``, ``test``, ...), if both are there, are the two parts. The label
    of an image is the path of its folder, relative to `folder` (or to its part); images right in it have none.

    They come in the order of the SHA-256 of their paths: the first thousand have images of all
    labels, and one that is added moves no other past its neighbor.

    Args:
        folder: where the images are.
        split: ``"train"``, ``"validation"`` or ``"all"``.
        files: the image files below the folder, if the caller has listed them already.
        behind_links: the folders of these files that are reached through links: each folder is read once.
        tables: files that may hold their labels, see `explorer.data.metadata`.
    """
    if files is None:
        listing = list_files(folder)
        files, behind_links = images_among(listing.files)[0], listing.behind_links
    found = {name: path for name in SPLIT_NAMES if (path := _part(folder, name)) is not None}
    is_split = len(found) == len(SPLIT_NAMES)
    parts = found if is_split else {}

    def place_of(path: Path) -> bytes:
        return hashlib.sha256(os.fsencode(path.relative_to(folder).as_posix())).digest()

    @cache
    def is_wanted(parent: Path) -> bool:
        return split not in parts or parent.is_relative_to(parts[split])

    @cache
    def label_of(parent: Path) -> str:
        root = next((root for root in parts.values() if parent.is_relative_to(root)), folder)
        return "" if parent == root else _text(parent.relative_to(root))

    files, twice = without_doubles([path for path in files if is_wanted(path.parent)], behind_links)
    note = LeftOut().add(TWICE, (_text(path.relative_to(folder)) for path in twice)).sentence
    files = sorted(files, key=place_of)
    labels_of = [label_of(path.parent) for path in files]
    label_names = sorted(set(labels_of) - {""})
    index = {name: number for number, name in enumerate(label_names)}
    own = Labels(np.array([index.get(label, -1) for label in labels_of], np.int32), tuple(label_names))
    labels = labels_beside(tables, files, own)

    def read(numbers: Sequence[int], image_shape: ImageShape, views: Views = CENTRAL) -> Iterator[Sample]:
        for number in numbers:
            path = files[number]
            name = _text(path.relative_to(folder))
            yield from decode(_read_bytes(path), int(labels.numbers[number]), name, number, image_shape, views)

    notes = (*filter(None, [note]), *labels.notes)
    return ImageSet(_text(Path(folder.name)), len(files), read, labels.names, is_split, notes)


def _part(folder: Path, split: str) -> Path | None:
    return next((folder / name for name in SPLIT_NAMES[split] if (folder / name).is_dir()), None)


def _text(path: Path) -> str:
    """A path that can be written as UTF-8, whatever bytes the file system has."""
    return os.fsencode(path.as_posix()).decode("utf-8", "replace")


def _read_bytes(path: Path) -> bytes | None:
    """The contents of a file; None when it cannot be read, or is so large that it would be refused."""
    try:
        if path.stat().st_size > MAX_UPLOAD_BYTES:
            return None
        return path.read_bytes()
    except OSError:
        return None
