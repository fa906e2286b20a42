"""Arrays that stay in their files: rows (images) are read on request, one at a time, in constant memory."""

from __future__ import annotations

import codecs
import lzma
import math
import os
import tokenize
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

import numpy as np

__all__ = ["READ_ERRORS", "ArrayInFile", "Latin1Stream", "Stream", "array_in_stream", "map_array"]

READ_ERRORS = (
    OSError,
    ValueError,
    EOFError,
    KeyError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    NotImplementedError,
    RuntimeError,
    MemoryError,
    OverflowError,
    TypeError,
    SyntaxError,
    tokenize.TokenError,
)
"""What the readers of damaged or hostile files raise; the last three where a NumPy header is not a Python literal."""


_CHUNK = 2**16


class Stream(Protocol):
    """The bytes of an array, from its first to its last."""

    def read(self, size: int) -> bytes: ...

    def seek(self, offset: int, whence: int) -> object: ...


class ArrayInFile(NamedTuple):
    """An array whose rows are read on request.

    Attributes:
        shape: ``(N, ...)``; a row is an array of shape ``shape[1:]``.
        dtype: type of its numbers.
        rows: ``rows(numbers)`` yields the row of each number; the numbers increase.
    """

    shape: tuple[int, ...]
    dtype: np.dtype
    rows: Callable[[Sequence[int]], Iterator[np.ndarray]]


def array_in_stream(
    shape: tuple[int, ...], dtype: np.dtype, open_stream: Callable[[], AbstractContextManager[Stream]]
) -> ArrayInFile:
    """An array whose bytes are read from a stream, forward only.

    Args:
        shape: of the array, in C order.
        dtype: of the array.
        open_stream: gives the bytes from the first on. The rows raise `EOFError` where they end too early.
    """
    size = math.prod(shape[1:]) * dtype.itemsize

    def rows(numbers: Sequence[int]) -> Iterator[np.ndarray]:
        position = 0
        with open_stream() as stream:
            for number in numbers:
                if number > position:
                    stream.seek((int(number) - position) * size, os.SEEK_CUR)
                data = stream.read(size)
                if len(data) < size:
                    raise EOFError("it ends prematurely")
                position = int(number) + 1
                yield np.frombuffer(data, dtype).reshape(shape[1:])

    return ArrayInFile(shape, dtype, rows)


def map_array(path: Path) -> np.memmap:
    """The array of a ``.npy`` file, mapped into memory. `numpy.load` would open an archive of any name, too.

    Raises:
        Exception: one of `READ_ERRORS`, where the file is damaged, another one, or holds objects.
    """
    return np.lib.format.open_memmap(path, mode="r")


class Latin1Stream:
    """The bytes that are written as the UTF-8 of Latin-1 text.

    Args:
        file: where it begins.
        length: in bytes of UTF-8.
    """

    def __init__(self, file: BinaryIO, length: int) -> None:
        self._file = file
        self._left = length
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._ready = b""

    def read(self, size: int) -> bytes:
        """The next `size` bytes; fewer at the end."""
        parts, missing = [], size
        while missing > 0 and (self._ready or self._left > 0):
            if not self._ready:
                chunk = self._file.read(min(_CHUNK, self._left))
                self._left = self._left - len(chunk) if chunk else 0
                self._ready = self._decoder.decode(chunk, final=not self._left).encode("latin-1")
            parts.append(self._ready[:missing])
            self._ready = self._ready[missing:]
            missing -= len(parts[-1])
        return b"".join(parts)

    def seek(self, offset: int, _whence: int) -> None:
        """Go forward by `offset` bytes, or to the end."""
        while offset > 0 and (skipped := len(self.read(min(offset, _CHUNK)))):
            offset -= skipped
