"""A store: a set of images at one model's size, as files that are mapped into memory.

A folder with

    pixels.npy   uint8 (N, C, H, W), read through `numpy.memmap`: any number of images costs no memory
    labels.npy   int32 (N,), -1 where an image has none
    store.json   names, labels' names, where it came from, what was skipped, fingerprint, grid of JPEG

`explorer.data.building` makes one.
"""

from __future__ import annotations

import hashlib
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import NamedTuple, overload

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from explorer.data.grid import Grid, measure_grid
from explorer.data.left_out import UNREADABLE_IMAGES, LeftOut
from explorer.data.parts import Division
from explorer.data.rows import READ_ERRORS, map_array
from explorer.errors import ExplorerError, in_brief
from explorer.home import FileVersion, file_version

__all__ = ["LABELS", "META", "PIXELS", "Sample", "Store", "StoreMeta", "fingerprint", "open_store", "verify_store"]

PIXELS = "pixels.npy"
LABELS = "labels.npy"
META = "store.json"
_VERSION = 1


class Sample(NamedTuple):
    """One image on its way into a store.

    Attributes:
        pixels: uint8 ``(C, H, W)``, or None for an image that could not be read: it is listed as skipped.
        label: index of its label, -1 for none.
        name: file name or other id.
        small: whether the picture was too small to be shrunk as much as requested.
        note: what its values were taken for, or why that is not known, to follow "it holds"; empty for the usual bytes.
    """

    pixels: np.ndarray | None
    label: int = -1
    name: str = ""
    small: bool = False
    note: str = ""


class StoreMeta(BaseModel):
    """What `store.json` holds."""

    model_config = ConfigDict(extra="forbid")

    version: int = _VERSION
    name: str
    source: str
    shape: tuple[int, int, int, int]
    fingerprint: str
    label_names: list[str]
    names: list[str] | None
    skipped: list[str]
    views: int = 1
    min_shrink: float = 1.0
    small: int = 0
    grid: Grid | None = None  # None in a store that an earlier version built
    division: Division | None = None  # likewise
    notes: list[str] = []


@dataclass(frozen=True)
class Store:
    """A set of images, opened for reading.

    Attributes:
        name: what people call it.
        folder: where it is.
        pixels: uint8 ``(N, C, H, W)``, mapped from disk.
        labels: int32 ``(N,)``, -1 where there is none.
        label_names: name of each label; empty when labels have no names.
        names: name of each image: file names, or ``"0"``, ``"1"``, ...
        fingerprint: the first 16 hexadecimal digits of a SHA-256 over shape, pixels and labels.
        source: where the images came from.
        skipped: names of the images that could not be read.
        views: images in a row that are views of one picture.
        min_shrink: least factor by which a picture was to be shrunk.
        small: how many pictures were too small for that.
        measured_grid: what was measured when the store was built; None in one that an earlier version built.
        notes: sentences about what was guessed and what was left out, for people.
        division: how the whole data set is divided into parts; None where nobody said it.
        left_out: what the folder that the images come from holds beside them now, in words.
    """

    name: str
    folder: Path
    pixels: np.ndarray
    labels: np.ndarray
    label_names: list[str]
    names: Sequence[str]
    fingerprint: str
    source: str = ""
    skipped: tuple[str, ...] = ()
    views: int = 1
    min_shrink: float = 1.0
    small: int = 0
    measured_grid: Grid | None = None
    notes: tuple[str, ...] = ()
    division: Division | None = None
    left_out: str = ""

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """``(C, H, W)``."""
        _, channels, height, width = self.pixels.shape
        return channels, height, width

    @property
    def shrink_note(self) -> str:
        """A sentence about pictures that were shrunk less than was asked for; empty where there are none."""
        if not self.small:
            return ""
        pictures, least = len(self) // self.views, self.min_shrink * self.image_shape[1]
        return (
            f"{self.small:,} of {pictures:,} pictures are smaller than {least:.0f} pixels and cannot be shrunk "
            f"{self.min_shrink:g} times: they are shrunk as much as possible."
        )

    @property
    def remarks(self) -> tuple[str, ...]:
        """Everything that people should know of these images, in sentences: the parts, what was guessed, what was left
        out, what could not be shrunk."""
        parts = self.division.sentence if self.division else ""
        return tuple(filter(None, (parts, *self.notes, *self.losses, self.shrink_note)))

    @property
    def losses(self) -> tuple[str, ...]:
        """What is left out, in sentences: images that cannot be read, and what else their folder holds."""
        unreadable = LeftOut().add(UNREADABLE_IMAGES, self.skipped).sentence
        return tuple(filter(None, (unreadable, self.left_out)))

    @cached_property
    def grid(self) -> Grid:
        """The grid of JPEG in these images, see `explorer.data.grid`; measured now if it was not yet."""
        return self.measured_grid or measure_grid(self.pixels)

    def label_name(self, index: int) -> str:
        """The name of the label of an image: its number where labels have no names, empty where there is no label."""
        label = int(self.labels[index])
        if label < 0:
            return ""
        return self.label_names[label] if label < len(self.label_names) else str(label)


def open_store(folder: Path) -> Store:
    """Open a store for reading, once for each version of its files.

    Sizes and types are verified. So are contents, in much more time, by `verify_store`.

    Raises:
        ExplorerError: the store is missing, damaged, or of a version that this program does not know.
    """
    try:
        return _opened(*(file_version(folder / name) for name in (META, PIXELS, LABELS)))
    except READ_ERRORS as error:  # pydantic's ValidationError is a ValueError
        if isinstance(error, ExplorerError):
            raise
        reason = "store.json is not valid" if isinstance(error, ValidationError) else in_brief(error)
        raise ExplorerError(
            f"The image store {folder} is missing or damaged ({reason}). Remove it and build it again."
        ) from error


@lru_cache(maxsize=8)
def _opened(meta_file: FileVersion, pixels_file: FileVersion, labels_file: FileVersion) -> Store:
    folder = meta_file.path.parent
    meta = StoreMeta.model_validate_json(meta_file.path.read_text(encoding="utf-8"))
    pixels, labels = map_array(pixels_file.path), map_array(labels_file.path)
    fits = (
        meta.version == _VERSION
        and pixels.shape == meta.shape
        and pixels.dtype == np.uint8
        and pixels.offset + pixels.nbytes == pixels_file.size
        and labels.shape == meta.shape[:1]
        and labels.dtype == np.int32
        and (meta.names is None or len(meta.names) == len(labels))
        and len(labels) % max(1, meta.views) == 0
        and len(labels) > 0
    )
    if not fits:
        raise ExplorerError(
            f"The files of the image store {folder} do not match each other. Remove it and build it again."
        )
    return Store(
        name=meta.name,
        folder=folder,
        pixels=pixels,
        labels=np.array(labels),  # in memory: every page asks for them, and they are small
        label_names=meta.label_names,
        names=_Numbers(len(labels)) if meta.names is None else meta.names,
        fingerprint=meta.fingerprint,
        source=meta.source,
        skipped=tuple(meta.skipped),
        views=meta.views,
        min_shrink=meta.min_shrink,
        small=meta.small,
        measured_grid=meta.grid,
        notes=tuple(meta.notes),
        division=meta.division,
    )


def verify_store(store: Store) -> None:
    """Read every byte of a store and compare with its fingerprint.

    Raises:
        ExplorerError: pixels or labels are not those that were written, or cannot be read.
    """
    try:
        with open(store.folder / PIXELS, "rb") as file:
            file.seek(map_array(store.folder / PIXELS).offset)
            digest = hashlib.file_digest(file, "sha256")
        labels = map_array(store.folder / LABELS)
        found = fingerprint(digest, labels, store.pixels.shape)
    except READ_ERRORS as error:
        raise ExplorerError(
            f"The image store {store.folder} cannot be read ({in_brief(error)}). Remove it and build it again."
        ) from error
    if found != store.fingerprint:
        raise ExplorerError(
            f"The image store {store.folder} is damaged: its images have the fingerprint {found}, and had "
            f"{store.fingerprint} when it was built. Remove it and build it again."
        )


def fingerprint(digest: hashlib._Hash, labels: np.ndarray, shape: tuple[int, ...]) -> str:
    """The fingerprint of a store, from the SHA-256 over its pixels, its labels and its shape ``(N, C, H, W)``."""
    digest = digest.copy()
    digest.update(labels.astype("<i4").tobytes())
    digest.update(repr(tuple(int(n) for n in shape)).encode())
    return digest.hexdigest()[:16]


class _Numbers(Sequence[str]):
    """``"0"``, ``"1"``, ...: the names of images that have none, without a string for each."""

    def __init__(self, count: int) -> None:
        self._numbers = range(count)

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> list[str]: ...

    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [str(number) for number in self._numbers[index]]
        return str(self._numbers[operator.index(index)])
