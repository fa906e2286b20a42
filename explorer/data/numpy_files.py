"""The arrays of images and labels in NumPy files: ``.npy`` (mapped into memory) and ``.npz`` (streamed, row by row).

In an archive their names say it: ``images`` and ``labels``, ``x_train`` and ``y_train``, ``val_images`` ... Pickled
objects are never loaded.
"""

from __future__ import annotations

import math
import re
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.lib import format as npy

from explorer.data.parts import named_parts
from explorer.data.rows import READ_ERRORS, ArrayInFile, array_in_stream, map_array
from explorer.errors import ExplorerError, in_brief

__all__ = ["Opened", "damage_named", "open_arrays"]

_IMAGE_WORDS = ("images", "image", "imgs", "img", "x", "data", "arr", "samples", "inputs")
_LABEL_WORDS = ("labels", "label", "y", "targets", "target", "classes", "class")
_MOST_LABEL_BYTES = 2**30
_WORDS = re.compile(r"[xyXY](?=[Tt]rain|[Tt]est|[Vv]al)|[A-Z]?[a-z]+|[A-Z]+")


class Opened(NamedTuple):
    """Images in a file, and their labels.

    Attributes:
        part: what is left of their names: "train" of ``x_train`` and ``y_train``; empty where nothing is.
        images: they stay in the file.
        labels: an array of any type, or None.
        label_key: what it is called.
        refusal: why an array of labels that is there is not given.
        unused: names of arrays of the file that are neither; given with the first images alone.
    """

    part: str
    images: ArrayInFile
    labels: np.ndarray | None = None
    label_key: str = ""
    refusal: str = ""
    unused: tuple[str, ...] = ()


def open_arrays(path: Path) -> list[Opened]:
    """The images of a ``.npy`` or ``.npz`` file: one array, or one for each part.

    Raises:
        ExplorerError: the file cannot be read, it is not clear which array holds the images, or labels do not fit.
    """
    with damage_named(path):
        return _open_npz(path) if path.suffix.lower() == ".npz" else [_open_npy(path)]


@contextmanager
def damage_named(path: Path) -> Iterator[None]:
    """Say of a file that cannot be read that it is damaged.

    Raises:
        ExplorerError: in place of what readers of damaged files raise.
    """
    try:
        yield
    except READ_ERRORS as error:
        if isinstance(error, ExplorerError):
            raise
        raise ExplorerError(
            f"{path.name} is damaged or not a NumPy file of plain numbers ({in_brief(error)})."
        ) from error


def _open_npy(path: Path) -> Opened:
    array = map_array(path)
    return Opened("", ArrayInFile(array.shape, array.dtype, lambda numbers: (array[number] for number in numbers)))


class _Header(NamedTuple):
    """What an array in an archive says of itself."""

    shape: tuple[int, ...]
    fortran_order: bool
    dtype: np.dtype[Any]


def _open_npz(path: Path) -> list[Opened]:
    with zipfile.ZipFile(path) as archive:
        keys = [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]
        images, labels = _image_keys(keys, path.name), {_part_of(key, _LABEL_WORDS): key for key in reversed(keys)}
        found = []
        for part, key in images.items():
            with archive.open(f"{key}.npy") as member:
                header = _read_header(member)
            if archive.getinfo(f"{key}.npy").file_size < math.prod(header.shape) * header.dtype.itemsize:
                raise EOFError("it holds fewer numbers than its header says")
            if header.dtype.hasobject or header.fortran_order:
                raise ExplorerError(
                    f"{path.name} holds objects, or is in Fortran order. Save it with numpy.ascontiguousarray."
                )
            label_key = labels.get(part)
            found.append(
                Opened(
                    part,
                    array_in_stream(header.shape, header.dtype, partial(_open_member, path, key)),
                    *((None,) if label_key is None else _read_labels(archive, label_key)),
                )
            )
        used = {*images.values(), *(opened.label_key for opened in found)}
        found[0] = found[0]._replace(unused=tuple(key for key in keys if key not in used))
        return found


@contextmanager
def _open_member(path: Path, key: str) -> Iterator[IO[bytes]]:
    """The bytes of an array in an archive."""
    with zipfile.ZipFile(path) as archive, archive.open(f"{key}.npy") as member:
        _read_header(member)
        yield member


def _read_labels(archive: zipfile.ZipFile, key: str) -> tuple[np.ndarray | None, str, str]:
    """An array of labels, its name, and why it is not given where it is not."""
    with archive.open(f"{key}.npy") as member:
        header = _read_header(member)
    if header.dtype.hasobject:
        return None, key, f"The array {key!r} is not used for labels: it holds Python objects. Save numbers or text."
    if math.prod(header.shape) * header.dtype.itemsize > _MOST_LABEL_BYTES:
        return (
            None,
            key,
            f"The array {key!r} is not used for labels: it has the shape {header.shape}, which is too large.",
        )
    with archive.open(f"{key}.npy") as member:
        return npy.read_array(member, allow_pickle=False), key, ""


def _read_header(member: IO[bytes]) -> _Header:
    version = npy.read_magic(member)
    return _Header(*(npy.read_array_header_1_0(member) if version == (1, 0) else npy.read_array_header_2_0(member)))


def _image_keys(keys: Sequence[str], name: str) -> dict[str, str]:
    """Part -> the array of its images, in the order of the file.

    Raises:
        ExplorerError: it is not clear which one holds the images.
    """
    found: dict[str, tuple[int, str]] = {}
    for key in keys:
        part = _part_of(key, _IMAGE_WORDS)
        if part is not None and _part_of(key, _LABEL_WORDS) is None:
            rank = min(_IMAGE_WORDS.index(word) for word in _words(key) if word in _IMAGE_WORDS)
            found[part] = min(found.get(part, (rank, key)), (rank, key))
    others = [key for key in keys if _part_of(key, _LABEL_WORDS) is None]
    if not found and (len(others) == 1 or named_parts([(key,) for key in others])):
        return {key if len(others) > 1 else "": key for key in others}
    if len(found) == 1 or named_parts([(part,) for part in found]):
        return {part: key for part, (_, key) in found.items()}
    if "" in found:
        return {"": found[""][1]}
    raise ExplorerError(
        f"{name} has the arrays {', '.join(keys) or 'none'}. Call the one that holds the images 'images', or those of "
        "the two parts 'x_train' and 'x_test'."
    )


def _words(key: str) -> list[str]:
    """The words of a name, in small letters; those of ``trainX`` and ``xtrain`` too."""
    return [word.lower() for word in _WORDS.findall(key)]


def _part_of(key: str, role: Sequence[str]) -> str | None:
    """What is left of a name without the words of a role; None where it has none of them."""
    words = _words(key)
    return "_".join(word for word in words if word not in role) if any(word in role for word in words) else None
