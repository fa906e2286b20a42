"""Arrays in a pickle, found without running it: nothing is called, nothing is imported, no array is loaded.

A pickle is a program for a small stack machine. For a dict of NumPy arrays and lists of whole numbers `pickle.dump`
(protocols 2 to 4) uses some thirty instructions and four functions. Here they are carried out on notes: what would
build an array makes a note of its shape, its type, and where in the file its numbers lie; these are read when they are
asked for. Any other instruction or name is refused. What is held in memory is bounded by the number of instructions,
`_MAX_STEPS`, whatever the file says of itself.
"""

from __future__ import annotations

import math
import os
import pickle
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple, TypeVar

import numpy as np

from explorer.data.rows import ArrayInFile, Latin1Stream, Stream, array_in_stream
from explorer.errors import ExplorerError

__all__ = ["arrays_in_pickle"]

T = TypeVar("T")

_MAX_STEPS = 500_000  # a batch of downsampled ImageNet takes 129,000: one per label
_MAX_AXES = 4
_MAX_WORD = 64  # bytes of the longest text that is looked at

_INTEGERS = {pickle.BININT: "i", pickle.BININT1: "B", pickle.BININT2: "H"}
_UTF8 = {pickle.SHORT_BINUNICODE: "B", pickle.BINUNICODE: "I", pickle.BINUNICODE8: "Q"}
_BYTES = {pickle.SHORT_BINBYTES: "B", pickle.BINBYTES: "I", pickle.BINBYTES8: "Q"}
_PYTHON2_BYTES = {pickle.SHORT_BINSTRING: "B", pickle.BINSTRING: "I"}
_TEXTS = _UTF8 | _BYTES | _PYTHON2_BYTES
_CONSTANTS = {pickle.NONE: None, pickle.NEWTRUE: True, pickle.NEWFALSE: False}
_TUPLES = {pickle.EMPTY_TUPLE: 0, pickle.TUPLE1: 1, pickle.TUPLE2: 2, pickle.TUPLE3: 3}
_PUTS = {pickle.BINPUT: "B", pickle.LONG_BINPUT: "I"}
_GETS = {pickle.BINGET: "B", pickle.LONG_BINGET: "I"}

_RECONSTRUCT = ("numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct")
_NDARRAY = "numpy.ndarray"
_DTYPE = "numpy.dtype"
_ENCODE = "_codecs.encode"
_NAMES = (*_RECONSTRUCT, _NDARRAY, _DTYPE, _ENCODE)
_TYPES = ("u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8")


class _Text(NamedTuple):
    """Bytes or text in the file.

    Attributes:
        offset: where it begins.
        length: in bytes.
        is_utf8: whether they are the UTF-8 of Latin-1 characters, each of which stands for one byte: protocol 2 has no
            other way to write bytes.
        word: the text itself, if it is short.
    """

    offset: int
    length: int
    is_utf8: bool
    word: str | None


@dataclass
class _Name:
    """A function or class that the pickle asks for; it is never looked up."""

    name: str


@dataclass
class _Type:
    code: str
    order: str = "="


@dataclass
class _Array:
    shape: tuple[int, ...] | None = None
    type: _Type | None = None
    is_fortran: bool = False
    data: _Text | None = None


def arrays_in_pickle(path: Path, keys: Sequence[str]) -> dict[str, ArrayInFile | list[int]]:
    """Some entries of a pickled dict: arrays, and lists of whole numbers.

    Args:
        path: of the pickle.
        keys: which entries; those that are not there are left out.

    Raises:
        ExplorerError: the file holds anything else, asks for anything else, or is damaged. Nothing in it was run.
        OSError: the file cannot be opened or read.
    """
    try:
        with open(path, "rb") as file:
            content = _Machine(file, path.stat().st_size).run()
        return {key: _public(path, content[key]) for key in keys if key in content}
    except _Refused as error:
        raise ExplorerError(
            f"{path.name} was refused: it is damaged, or holds more than arrays of numbers ({error}). "
            "Nothing in it was run."
        ) from error
    except (IndexError, KeyError, ValueError) as error:  # an empty stack, a memory that was never set, no UTF-8
        raise ExplorerError(f"{path.name} is damaged: it cannot be read as a pickle. Nothing in it was run.") from error


class _Refused(Exception):
    """What the file asks for is not known here."""


class _Machine:
    """The stack machine of one file."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self.file = file
        self.size = size
        self.stack: list[object] = []
        self.marks: list[int] = []
        self.memo: dict[int, object] = {}

    def run(self) -> dict[str, object]:
        """Carry the instructions out, up to the last."""
        if self.take(1) != pickle.PROTO or self.number("B") not in (2, 3, 4):
            raise _Refused("it is not a pickle of protocol 2, 3 or 4")
        for _ in range(_MAX_STEPS):
            code = self.take(1)
            if code == pickle.STOP:
                return _known(self.stack[-1], dict)
            self.step(code)
        raise _Refused(f"it has more than {_MAX_STEPS:,} instructions")

    def step(self, code: bytes) -> None:
        """Carry one instruction out."""
        if code in _INTEGERS:
            self.stack.append(self.number(_INTEGERS[code]))
        elif code in _TEXTS:
            self.stack.append(self.text(self.number(_TEXTS[code]), is_utf8=code in _UTF8))
        elif code in _CONSTANTS:
            self.stack.append(_CONSTANTS[code])
        elif code in _TUPLES:
            self.stack.append(self.pop(_TUPLES[code]))
        elif code in _PUTS:
            self.memo[self.number(_PUTS[code])] = self.stack[-1]
        elif code in _GETS:
            self.stack.append(self.memo[self.number(_GETS[code])])
        elif code == pickle.MEMOIZE:
            self.memo[len(self.memo)] = self.stack[-1]
        elif code == pickle.LONG1:
            self.stack.append(int.from_bytes(self.take(self.number("B")), "little", signed=True))
        elif code == pickle.FRAME:
            self.number("Q")
        elif code == pickle.MARK:
            self.marks.append(len(self.stack))
        elif code == pickle.TUPLE:
            self.stack.append(self.pop_to_mark())
        elif code in (pickle.EMPTY_LIST, pickle.EMPTY_DICT):
            self.stack.append([] if code == pickle.EMPTY_LIST else {})
        elif code in (pickle.APPEND, pickle.APPENDS):
            items = self.pop(1) if code == pickle.APPEND else self.pop_to_mark()
            _known(self.stack[-1], list).extend(items)
        elif code in (pickle.SETITEM, pickle.SETITEMS):
            items = self.pop(2) if code == pickle.SETITEM else self.pop_to_mark()
            keys = [_word(key) for key in items[::2]]
            _known(self.stack[-1], dict).update(zip(keys, items[1::2], strict=True))
        elif code == pickle.GLOBAL:
            self.stack.append(_name(self.line(), self.line()))
        elif code == pickle.STACK_GLOBAL:
            module, name = self.pop(2)
            self.stack.append(_name(_word(module), _word(name)))
        elif code == pickle.REDUCE:
            function, arguments = self.pop(2)
            self.stack.append(_call(_known(function, _Name).name, arguments))
        elif code == pickle.BUILD:
            (state,) = self.pop(1)
            _set_state(self.stack[-1], state)
        else:
            raise _Refused(f"it has the instruction {code!r}")

    def take(self, count: int) -> bytes:
        """The next bytes of the file, at most 255."""
        data = self.file.read(count)
        if len(data) < count:
            raise _Refused("it ends prematurely")
        return data

    def number(self, kind: str) -> int:
        value: int
        (value,) = struct.unpack(f"<{kind}", self.take(struct.calcsize(f"<{kind}")))
        return value

    def text(self, length: int, *, is_utf8: bool) -> _Text:
        offset = self.file.tell()
        if length > self.size - offset:
            raise _Refused("it ends prematurely")
        word = None
        if length <= _MAX_WORD:
            word = self.take(length).decode("utf-8" if is_utf8 else "latin-1")
        else:
            self.file.seek(length, os.SEEK_CUR)
        return _Text(offset, length, is_utf8, word)

    def line(self) -> str:
        line = self.file.readline(_MAX_WORD)
        if not line.endswith(b"\n"):
            raise _Refused("it has an unterminated name")
        return line[:-1].decode("ascii")

    def pop(self, count: int) -> tuple[object, ...]:
        """The last objects of the stack, none from below the last mark."""
        if len(self.stack) - count < (self.marks[-1] if self.marks else 0):
            raise _Refused("it takes from an empty stack")
        return self._pop_from(len(self.stack) - count)

    def pop_to_mark(self) -> tuple[object, ...]:
        """The objects of the stack since the last mark."""
        return self._pop_from(self.marks.pop())

    def _pop_from(self, start: int) -> tuple[object, ...]:
        items = tuple(self.stack[start:])
        del self.stack[start:]
        return items


def _known(value: object, kind: type[T]) -> T:
    """The value, if it is of this very type, not of one below it: a bool is not an integer."""
    if type(value) is kind:
        return value
    raise _Refused(f"it has a {_kind(value)} in the wrong place")


def _kind(value: object) -> str:
    return type(value).__name__.strip("_").lower()


def _word(value: object) -> str:
    word = _known(value, _Text).word
    if word is None:
        raise _Refused("it has a long text in the wrong place")
    return word


def _name(module: str, name: str) -> _Name:
    full = f"{module}.{name}"
    if full not in _NAMES:
        raise _Refused(f"it asks for {full}")
    return _Name(full)


def _call(name: str, arguments: object) -> _Array | _Type | _Text:
    """What the call of a known function makes, as a note."""
    first, *others = _known(arguments, tuple)
    if name in _RECONSTRUCT and first == _Name(_NDARRAY):
        return _Array()
    if name == _DTYPE and _word(first) in _TYPES:
        return _Type(_word(first))
    if name == _ENCODE and _word(others[0]) in ("latin1", "latin-1"):
        return _known(first, _Text)
    raise _Refused(f"it calls {name} in another way")


def _set_state(value: object, state: object) -> None:
    """What NumPy's ``__setstate__`` would do, on a note."""
    state = _known(state, tuple)
    if isinstance(value, _Type):
        _, order, subtype, names, fields, *_ = state
        if _word(order) not in ("<", ">", "|", "=") or (subtype, names, fields) != (None, None, None):
            raise _Refused("it has a structured type")
        value.order = _word(order)
    elif isinstance(value, _Array):
        _, shape, kind, is_fortran, data = state
        if len(_known(shape, tuple)) > _MAX_AXES or not all(type(n) is int and 0 <= n < 2**48 for n in shape):
            raise _Refused("it has an array with an invalid shape")
        value.shape, value.type, value.is_fortran = shape, _known(kind, _Type), bool(is_fortran)
        value.data = _known(data, _Text)
    else:
        raise _Refused(f"it sets the state of a {_kind(value)}")


def _public(path: Path, value: object) -> ArrayInFile | list[int]:
    if isinstance(value, list):
        return [_known(number, int) for number in value]
    value = _known(value, _Array)
    if value.shape is None or value.type is None or value.data is None:
        raise _Refused("it has an array without numbers")
    dtype = np.dtype(value.type.order + value.type.code)
    data, size = value.data, math.prod(value.shape) * dtype.itemsize
    if not (size <= data.length <= 2 * size if data.is_utf8 else size == data.length):
        raise _Refused(f"it has {data.length} bytes for an array of {size}")
    if value.is_fortran and len(value.shape) > 1:
        raise _Refused("it has an array in Fortran order")

    @contextmanager
    def open_numbers() -> Iterator[Stream]:
        with open(path, "rb") as file:
            file.seek(data.offset)
            yield Latin1Stream(file, data.length) if data.is_utf8 else file

    return array_in_stream(value.shape, dtype, open_numbers)
