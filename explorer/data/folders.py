"""A folder of image files, read recursively; the folder that an image lies in is its label."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from explorer.data.parts import Parts, named_parts
from explorer.data.reading import ImageSet, decode
from explorer.data.store import Sample
from explorer.data.views import CENTRAL, Views
from explorer.decoding import MAX_UPLOAD_BYTES, SUFFIXES
from explorer.images import ImageShape

__all__ = ["files_below", "image_folder", "is_inside"]


def files_below(folder: Path, suffixes: tuple[str, ...]) -> list[Path]:
    """Files of the given suffixes in a folder and its subfolders, sorted by path.

    Hidden files and folders are left out. Links to folders are not followed, and neither are links to files outside.
    """
    found: list[Path] = []
    folders = [os.fspath(folder)]
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                visible = sorted((e for e in entries if not e.name.startswith(".")), key=lambda entry: entry.name)
        except OSError:  # not ours to read
            continue
        found += [
            Path(entry.path)
            for entry in visible
            if entry.name.lower().endswith(suffixes) and _is_own_file(entry, folder)
        ]
        folders += [entry.path for entry in reversed(visible) if entry.is_dir(follow_symlinks=False)]
    return found


def _is_own_file(entry: os.DirEntry[str], folder: Path) -> bool:
    """Whether it is a regular file, and neither a broken link nor one that leaves the folder."""
    if entry.is_symlink():  # known from the listing, as is whether it is a file: millions are not looked at one by one
        return is_inside(Path(entry.path), folder) and Path(entry.path).is_file()
    return entry.is_file()


def is_inside(path: Path, folder: Path) -> bool:
    """Whether a file of a folder is not a link, or a link that stays in the folder."""
    return not path.is_symlink() or Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def image_folder(folder: Path, split: str, files: list[Path] | None = None) -> ImageSet:
    """The images of a folder.

    Folders may be the two parts (`explorer.data.parts`). The label of an image is the path of its folder, relative to
    `folder`, without the names that make a part; images right in it have none.

    They come in the order of the SHA-256 of their paths: the first thousand have images of all
    labels, and one that is added moves no other past its neighbor.

    Args:
        folder: where the images are.
        split: ``"train"``, ``"validation"`` or ``"all"``.
        files: the image files below the folder, if the caller has listed them already.
    """
    files = files_below(folder, SUFFIXES) if files is None else files
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

    def place_of(path: Path) -> bytes:
        return hashlib.sha256(os.fsencode(path.relative_to(folder).as_posix())).digest()

    files = sorted(files, key=place_of)
    label_of = {parent: _text(Path(*names)) if names else "" for parent, names in parents.items()}
    labels_of = [label_of[path.parent] for path in files]
    label_names = sorted(set(labels_of) - {""})
    index = {name: number for number, name in enumerate(label_names)}

    def read(numbers: Sequence[int], image_shape: ImageShape, views: Views = CENTRAL) -> Iterator[Sample]:
        for number in numbers:
            path = files[number]
            name = _text(path.relative_to(folder))
            label = index.get(labels_of[number], -1)
            yield from decode(_read_bytes(path), label, name, number, image_shape, views)

    return ImageSet(_text(Path(folder.name)), len(files), read, tuple(label_names), division)


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
