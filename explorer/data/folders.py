"""A folder of image files, read recursively. Labels are the names of folders, or in a table beside the images."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import numpy as np

from explorer.data.labels import Labels
from explorer.data.left_out import TWICE, LeftOut
from explorer.data.listing import images_among, list_files, without_doubles
from explorer.data.metadata import labels_beside
from explorer.data.parts import Parts, named_parts
from explorer.data.reading import ImageSet, decode
from explorer.data.store import Sample
from explorer.data.views import CENTRAL, Views
from explorer.decoding import MAX_UPLOAD_BYTES
from explorer.images import ImageShape

__all__ = ["image_folder"]


def image_folder(
    folder: Path,
    split: str,
    files: list[Path] | None = None,
    behind_links: Collection[Path] = (),
    tables: Collection[Path] = (),
) -> ImageSet:
    """The images of a folder.

    Folders may be the two parts (`explorer.data.parts`), or files may be called after them. The label of an image is
    the path of its folder, relative to `folder`, without the names that make a part; images right in it have none.

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
    files, twice = _each_once(files, behind_links, folder)
    note = LeftOut().add(TWICE, (_text(path.relative_to(folder)) for path in twice)).sentence
    counts = Counter(path.parent for path in files)
    parents = {parent: parent.relative_to(folder).parts for parent in counts}
    parts = named_parts(list(parents.values()))
    division = None
    if parts is not None:
        places = list(parents)
        division = parts.division(list(counts.values()))
        wanted = {places[place] for place in parts.wanted(split)}
        files = [path for path in files if path.parent in wanted]
        parents = _without_parts(parents, parts)
    elif (by_name := named_parts([(path.stem,) for path in files])) is not None:
        division = by_name.division([1] * len(files))
        files = [files[place] for place in by_name.wanted(split)]

    def place_of(path: Path) -> bytes:
        return hashlib.sha256(os.fsencode(path.relative_to(folder).as_posix())).digest()

    files = sorted(files, key=place_of)
    label_of = {parent: _text(Path(*names)) if names else "" for parent, names in parents.items()}
    labels_of = [label_of[path.parent] for path in files]
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
    return ImageSet(_text(Path(folder.name)), len(files), read, labels.names, division, notes)


def _each_once(files: list[Path], behind_links: Collection[Path], folder: Path) -> tuple[list[Path], list[Path]]:
    """The files, each once, and the folders that are left out; a folder that is in one of the parts goes first."""
    parents = list(dict.fromkeys(path.parent for path in files)) if behind_links else []
    parts = named_parts([parent.relative_to(folder).parts for parent in parents])
    which = [] if parts is None else zip(parents, parts.parts, strict=True)
    return without_doubles(files, behind_links, {parent for parent, part in which if part == "neither"})


def _without_parts(parents: dict[Path, tuple[str, ...]], parts: Parts) -> dict[Path, tuple[str, ...]]:
    """The names on the way to each folder without those that make a part, for a label.

    These are what leads to all parts alike (``images/train``), the name of the part, and a folder of the same name that
    is alone in it, as archives leave them (``training_set/training_set``).
    """
    level = parts.level
    shared = next((n for n in range(level) if len({names[n : n + 1] for names in parents.values()}) > 1), level)
    inner: dict[tuple[str, ...], set[str]] = {}
    for names in parents.values():
        inner.setdefault(names[: level + 1], set()).add("".join(names[level + 1 : level + 2]))
    labels = {}
    for (parent, names), part in zip(parents.items(), parts.parts, strict=True):
        outer, name, rest = names[shared:level], names[level : level + 1], names[level + 1 :]
        if part == "neither":
            labels[parent] = names[shared:]
        elif inner[names[: level + 1]] == set(name):
            labels[parent] = outer + rest[1:]
        else:
            labels[parent] = outer + rest
    return labels


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
