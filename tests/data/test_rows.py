"""Arrays that stay in their files: the rows that are asked for, from any stream."""

from __future__ import annotations

import io
import os

import numpy as np
import pytest

from explorer.data.rows import Latin1Stream, array_in_stream

NUMBERS = np.random.default_rng(0).integers(0, 2**32, (100, 5, 2), dtype=np.uint32)


def test_rows_in_order() -> None:
    array = array_in_stream(NUMBERS.shape, NUMBERS.dtype, lambda: io.BytesIO(NUMBERS.tobytes()))
    for chosen in (range(100), [0], [99], [3, 4, 50, 98], np.array([7, 8]), []):
        rows = list(array.rows(chosen))
        assert len(rows) == len(chosen)
        assert all((row == NUMBERS[number]).all() for row, number in zip(rows, chosen, strict=True))


@pytest.mark.parametrize("chosen", [[99], range(100)])
def test_a_stream_that_is_too_short(chosen: list[int]) -> None:
    array = array_in_stream(NUMBERS.shape, NUMBERS.dtype, lambda: io.BytesIO(NUMBERS.tobytes()[:-1]))
    with pytest.raises(EOFError):
        list(array.rows(chosen))


def latin1(data: bytes) -> Latin1Stream:
    text = data.decode("latin-1").encode()
    return Latin1Stream(io.BytesIO(text + b"what follows"), len(text))


@pytest.mark.parametrize("first", [b"", b"a"])  # characters of two bytes begin at even and at odd places
def test_bytes_written_as_text(first: bytes) -> None:
    data = first + np.random.default_rng(0).bytes(200_000) + b"\xff" * 200_000
    for size in (1, 1000, 65_536, 10**6):
        stream = latin1(data)
        stream.seek(150_000, os.SEEK_CUR)
        assert stream.read(size) == data[150_000 : 150_000 + size]
        stream.seek(len(data) - 150_000 - 2 * size - 5, os.SEEK_CUR)
        assert stream.read(3) == (data[-size - 5 : -size - 2] if size < 10**6 else b"")
    stream.seek(10**9, os.SEEK_CUR)
    assert stream.read(1) == b""


@pytest.mark.parametrize("text", ["\u0100".encode(), b"\xff", "\xff".encode()[:1]])
def test_what_is_no_latin1(text: bytes) -> None:
    with pytest.raises(ValueError):
        Latin1Stream(io.BytesIO(text), len(text)).read(10)
