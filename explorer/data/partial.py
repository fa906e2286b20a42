"""A store in the making: two files that only grow, so that a build that was killed resumes where it stopped.

    pixels.npy      as in the store, with a count of 0 until the build is finished
    journal.jsonl   the build's identity, then a line ``[label, name, small, note]`` for each image of the source, in
                    order;
                    the label is null for one that is skipped

About once a second the new pixels are brought to the disk, and then the journal's lines about them. What the journal
says is therefore there; pixels beyond it are cut off when the build resumes, and no image is lost or duplicated.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, BinaryIO, NamedTuple

import numpy as np

from explorer.data.store import PIXELS, Sample

__all__ = ["JOURNAL", "PartialStore", "Record", "images_on_disk", "sync"]

JOURNAL = "journal.jsonl"

_CHECKPOINT_SECONDS = 1.0


class Record(NamedTuple):
    """What the journal says of an image.

    Attributes:
        label: index of its label, -1 for none; None where the image was skipped.
        name: file name or other id.
        small: whether its picture was too small to be shrunk as much as requested.
        note: as in `Sample`.
    """

    label: int | None
    name: str
    small: bool
    note: str


class PartialStore:
    """A store that is being built, by one process at a time; a context, which closes its files.

    Args:
        folder: where its files are, or will be.
        image_shape: ``(C, H, W)`` of every image.
        identity: what is being built. Files of another build are cleared.

    Attributes:
        done: number of images of the source that are dealt with.
        kept: number of those that have pixels.
        digest: SHA-256 over the pixels so far.

    Raises:
        OSError: the files cannot be read or written.
    """

    def __init__(self, folder: Path, image_shape: tuple[int, int, int], identity: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        os.utime(folder)  # old ones are cleared away
        self.folder = folder
        self.image_shape = image_shape
        self.done = self.kept = 0
        self._lines: list[str] = []
        self._pixels = _open_to_update(folder / PIXELS)
        self._journal = _open_to_update(folder / JOURNAL)
        try:
            self._resume(json.dumps([identity, image_shape]).encode() + b"\n")
        except BaseException:
            self.__exit__()
            raise
        self._written_at = time.monotonic()

    def __enter__(self) -> PartialStore:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._pixels.close()
        finally:
            self._journal.close()

    def append(self, sample: Sample) -> None:
        """Add the next image of the source; without pixels it is noted as skipped.

        Raises:
            ValueError: the image is not uint8 of the store's shape.
            OSError: the disk is full or cannot be written.
        """
        pixels = sample.pixels
        if pixels is not None:
            if pixels.shape != self.image_shape or pixels.dtype != np.uint8:
                raise ValueError(f"An image is {pixels.dtype} {pixels.shape}, the store uint8 {self.image_shape}.")
            data = pixels.tobytes()
            self._pixels.write(data)
            self.digest.update(data)
            self.kept += 1
        label = None if pixels is None else int(sample.label)
        self._lines.append(json.dumps([label, sample.name, bool(sample.small), sample.note]))
        self.done += 1
        if time.monotonic() - self._written_at > _CHECKPOINT_SECONDS:
            self.checkpoint()

    def checkpoint(self) -> None:
        """Bring everything to the disk: the pixels, then the lines about them."""
        sync(self._pixels)
        self._journal.write("".join(f"{line}\n" for line in self._lines).encode())
        sync(self._journal)
        self._lines.clear()
        self._written_at = time.monotonic()

    def records(self) -> Iterator[Record]:
        """What is noted of every image up to the last checkpoint."""
        with open(self.folder / JOURNAL, "rb") as journal:
            next(journal)
            for line in journal:
                yield Record(*json.loads(line))

    def write_count(self) -> None:
        """Write the number of images into the header of the pixels: `pixels.npy` is whole then."""
        self._pixels.seek(0)
        self._pixels.write(_header((self.kept, *self.image_shape)))
        sync(self._pixels)

    def _resume(self, first_line: bytes) -> None:
        """Find what is whole of an earlier build, and cut off the rest."""
        header = _header((0, *self.image_shape))
        room = _images_in(self._pixels, len(header), self.image_shape)
        end = len(first_line)
        if self._journal.readline() == first_line:
            for line in self._journal:
                record = _parse(line)
                if record is None or (record.label is not None and self.kept == room):
                    break
                self.kept += record.label is not None
                self.done += 1
                end += len(line)
        else:
            self._journal.seek(0)
            self._journal.write(first_line)
        self._journal.truncate(end)
        self._journal.seek(end)
        self._pixels.seek(0)
        self._pixels.write(header)
        self._pixels.truncate(len(header) + self.kept * _image_bytes(self.image_shape))
        self.digest = hashlib.file_digest(self._pixels, "sha256")  # reads on, from the header to the end


def images_on_disk(folder: Path, image_shape: tuple[int, int, int]) -> int:
    """How many images a build has written so far, by the size of its file; 0 when there is none."""
    try:
        with open(folder / PIXELS, "rb") as file:
            return _images_in(file, len(_header((0, *image_shape))), image_shape)
    except OSError:
        return 0


def sync(file: IO[Any]) -> None:
    """Bring what was written to a file to the disk."""
    file.flush()
    os.fsync(file.fileno())


def _open_to_update(path: Path) -> io.BufferedRandom:
    """A file to read and write, which is created when missing and keeps what it has."""
    path.touch()
    return open(path, "rb+")


def _images_in(file: BinaryIO, start: int, image_shape: tuple[int, int, int]) -> int:
    return max(0, os.fstat(file.fileno()).st_size - start) // _image_bytes(image_shape)


def _image_bytes(image_shape: tuple[int, int, int]) -> int:
    return math.prod(image_shape)


def _header(shape: tuple[int, int, int, int]) -> bytes:
    """The header of a .npy file. Its length does not depend on the first number: numpy leaves room for it to grow."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": shape})
    return header.getvalue()


def _parse(line: bytes) -> Record | None:
    """A line of the journal; None when it is not whole, or says what no build writes."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, list) or len(found) != 4 or not line.endswith(b"\n"):
        return None
    record = Record(*found)
    is_valid = isinstance(record.name, str) and isinstance(record.small, bool) and isinstance(record.note, str)
    return record if is_valid and (record.label is None or _is_label(record.label)) else None


def _is_label(value: object) -> bool:
    return type(value) is int and -(2**31) <= value < 2**31
