"""A store: a set of images at one model's size, as files that are mapped into memory.

A folder with

    pixels.npy   uint8 (N, C, H, W), read through `numpy.memmap`: any number of images costs no memory
    labels.npy   int32 (N,), -1 where an image has none
    store.json   names, labels' names, where it came from, what was skipped, fingerprint

A store is written once, under a temporary name beside its own, and renamed when it is whole: a kill at any moment
leaves no half store, and of two processes that write the same one the first wins and the other uses it.
"""

from __future__ import annotations

import glob
import hashlib
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from explorer.errors import ExplorerError

__all__ = ["Progress", "Sample", "Store", "open_store", "write_store"]

Progress = Callable[[int, "int | None"], None]
"""``progress(done, total)``; the total is None while it is not known."""

_VERSION = 1
_PROGRESS_EVERY = 64
_LEFTOVER_SECONDS = 24 * 3600


class Sample(NamedTuple):
    """One image on its way into a store.

    Attributes:
        pixels: uint8 ``(C, H, W)``, or None for an image that could not be read: it is listed as skipped.
        label: index of its label, -1 for none.
        name: file name or other id.
    """

    pixels: np.ndarray | None
    label: int = -1
    name: str = ""


class _Meta(BaseModel):
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


@dataclass(frozen=True)
class Store:
    """A set of images, opened for reading.

    Attributes:
        name: what people call it.
        folder: where it is.
        pixels: uint8 ``(N, C, H, W)``, mapped from disk.
        labels: int32 ``(N,)``, -1 where there is none.
        label_names: name of each label; empty when labels have no names.
        names: name of each image, file names or ``"0"``, ``"1"``, ...
        fingerprint: the first 16 hexadecimal digits of a SHA-256 over shape, pixels and labels.
        source: where the images came from.
        skipped: names of the images that could not be read.
    """

    name: str
    folder: Path
    pixels: np.ndarray
    labels: np.ndarray
    label_names: list[str]
    names: list[str]
    fingerprint: str
    source: str = ""
    skipped: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """``(C, H, W)``."""
        _, channels, height, width = self.pixels.shape
        return channels, height, width

    def label_name(self, index: int) -> str:
        """The name of the label of an image: its number where labels have no names, empty where there is no label."""
        label = int(self.labels[index])
        if label < 0:
            return ""
        return self.label_names[label] if label < len(self.label_names) else str(label)


def write_store(
    folder: Path,
    name: str,
    images: Iterable[Sample],
    image_shape: tuple[int, int, int],
    total: int | None = None,
    progress: Progress | None = None,
    label_names: Iterable[str] = (),
    source: str = "",
) -> Store:
    """Write images into a new store, in constant memory, and open it.

    A store that is already there and whole is kept and returned; a damaged one is replaced.

    Args:
        folder: where the store will be; its parent is created.
        name: what people call it.
        images: the images, in order; those without pixels are listed as skipped.
        image_shape: ``(C, H, W)`` of every image.
        total: how many images come, for `progress`.
        progress: called now and then with the number of images done, and at the end.
        label_names: name of each label.
        source: where the images come from, for the record.

    Raises:
        ExplorerError: there is no image, or the disk is full or cannot be written.
        ValueError: an image has another shape or type.
    """
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}-{uuid.uuid4().hex[:8]}.tmp")
    try:
        _remove_leftovers(folder)
        temporary.mkdir(parents=True)
        _write(temporary, name, images, image_shape, total, progress, list(label_names), source)
        return _publish(temporary, folder)
    except OSError as error:
        raise ExplorerError(
            f"The images cannot be stored in {folder.parent} ({error.strerror or error}). "
            "Free some space or check the permissions."
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def open_store(folder: Path) -> Store:
    """Open a store for reading. Sizes and types are verified, contents are not.

    Raises:
        ExplorerError: the store is missing, damaged, or of a version that this program does not know.
    """
    folder = Path(folder)
    try:
        meta = _Meta.model_validate_json((folder / "store.json").read_text(encoding="utf-8"))
        pixels = np.load(folder / "pixels.npy", mmap_mode="r", allow_pickle=False)
        labels = np.load(folder / "labels.npy", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:  # pydantic's ValidationError is a ValueError
        reason = "store.json is not valid" if isinstance(error, ValidationError) else str(error)
        raise ExplorerError(
            f"The image store {folder} is missing or damaged ({reason}). Remove it and build it again."
        ) from error
    fits = (
        meta.version == _VERSION
        and pixels.shape == meta.shape
        and pixels.dtype == np.uint8
        and labels.shape == meta.shape[:1]
        and labels.dtype == np.int32
        and (meta.names is None or len(meta.names) == len(labels))
        and len(labels) > 0
    )
    if not fits:
        raise ExplorerError(
            f"The files of the image store {folder} do not fit each other. Remove it and build it again."
        )
    names = meta.names if meta.names is not None else [str(index) for index in range(len(labels))]
    named = {"name": meta.name, "names": names, "label_names": meta.label_names, "skipped": tuple(meta.skipped)}
    return Store(folder=folder, pixels=pixels, labels=labels, fingerprint=meta.fingerprint, source=meta.source, **named)


def _write(
    folder: Path,
    name: str,
    images: Iterable[Sample],
    image_shape: tuple[int, int, int],
    total: int | None,
    progress: Progress | None,
    label_names: list[str],
    source: str,
) -> None:
    """Write the three files.

    Plain writes, not a memory map: on a full disk a write raises, where a map would kill the process.
    """
    labels: list[int] = []
    names: list[str] = []
    skipped: list[str] = []
    digest = hashlib.sha256()
    with open(folder / "pixels.npy", "wb") as file:
        _write_header(file, (0, *image_shape))
        start = file.tell()
        for done, (pixels, label, image_name) in enumerate(images, 1):
            if pixels is None:
                skipped.append(image_name)
            else:
                if pixels.shape != tuple(image_shape) or pixels.dtype != np.uint8:
                    raise ValueError(
                        f"An image is {pixels.dtype} {pixels.shape}, the store uint8 {tuple(image_shape)}."
                    )
                data = pixels.tobytes()
                file.write(data)
                digest.update(data)
                labels.append(label)
                names.append(image_name)
            if progress and done % _PROGRESS_EVERY == 0:
                progress(done, total)
        if not labels:
            raise ExplorerError(_nothing_readable(name, skipped))
        shape = (len(labels), *image_shape)
        file.seek(0)
        _write_header(file, shape)
        if file.tell() != start:
            raise RuntimeError("The header of a .npy file changed its length.")
        _sync(file)
    label_array = np.array(labels, np.int32)
    with open(folder / "labels.npy", "wb") as file:
        np.save(file, label_array)
        _sync(file)
    digest.update(label_array.astype("<i4").tobytes())
    digest.update(repr(tuple(int(n) for n in shape)).encode())
    meta = _Meta(
        name=name,
        source=source,
        shape=shape,
        fingerprint=digest.hexdigest()[:16],
        label_names=label_names,
        names=names if any(names) else None,
        skipped=skipped,
    )
    with open(folder / "store.json", "w", encoding="utf-8") as file:
        file.write(meta.model_dump_json(indent=1))
        _sync(file)
    if progress:
        progress(len(labels) + len(skipped), total)


def _write_header(file: BinaryIO, shape: tuple[int, int, int, int]) -> None:
    """The header of a .npy file. Its length does not depend on the first number: numpy leaves room for it to grow."""
    np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})


def _sync(file: IO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _nothing_readable(name: str, skipped: list[str]) -> str:
    if not skipped:
        return f"{name} has no images. Choose another data set or add images to it."
    files = ", ".join(skipped[:3])
    return f"None of the {len(skipped)} images of {name} can be read ({files}). Use PNG, JPEG, WebP, GIF, TIFF or BMP."


def _publish(temporary: Path, folder: Path) -> Store:
    """Give the finished store its name, unless another process was first with a whole one."""
    for attempt in range(3):
        try:
            temporary.rename(folder)
            break
        except OSError:
            if attempt == 2 or not folder.exists():
                raise
        try:
            return open_store(folder)
        except ExplorerError:  # what is there is damaged: move it away and try again
            aside = temporary.with_suffix(f".{attempt}.tmp")
            folder.rename(aside)
            shutil.rmtree(aside, ignore_errors=True)
    return open_store(folder)


def _remove_leftovers(folder: Path) -> None:
    """Temporary folders of this store that a killed process left behind, a day ago or more."""
    for leftover in folder.parent.glob(f".{glob.escape(folder.name)}.*.tmp"):
        with suppress(FileNotFoundError):  # another process may be removing it, too
            if time.time() - leftover.stat().st_mtime > _LEFTOVER_SECONDS:
                shutil.rmtree(leftover, ignore_errors=True)
