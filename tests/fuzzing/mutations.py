"""What damages a file: its bytes, or the values in it. All of it follows from a generator of random numbers."""

from __future__ import annotations

import copy
import json
import re
import struct
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

__all__ = ["Whole", "damaged", "damaged_json", "damaged_table", "damaged_toml", "how_many", "with_whole_chunks"]

Random = np.random.Generator

_EXTREMES = (0, 1, 2**7, 2**15 - 1, 2**15, 2**16 - 1, 10_000, 65_500, 2**24, 2**31 - 1, 2**31, 2**32 - 1)
_HEADER = 160  # bytes, in which the sizes of a picture or an array are
_LONGEST_RUN = 4096
_DEEP = 20_000

_JSON = (
    *("null", "true", "false", "0", "-1", "1", "3", "1.5", "-0.0", "1e308", "1e400", "-1e400", "1e-320", "NaN"),
    *("Infinity", "-Infinity", "2147483648", "-9223372036854775809", "18446744073709551616", "9" * 400, "9" * 6000),
    *('""', '" "', '"x"', '"5"', '"nan"', '"../../outside"', '"/dev/zero"', '"a/b"', '"C:\\\\x"', '"a\\u0000b"'),
    *('"\\ud800"', '"\\u202e<script>"', '"--help"', '"' + "x" * 100_000 + '"', "[]", "{}", "[[]]", "[1, 2]"),
    *('{"a": {}}', "[null]", '[1, "x"]', "[" * _DEEP + "]" * _DEEP, '{"a":' * _DEEP + "1" + "}" * _DEEP),
)
_TOML = (
    *("true", "0", "-1", "1.5", "nan", "inf", "-inf", "1e400", "9223372036854775808", "9" * 6000, "0x" + "f" * 9000),
    *('""', '"x"', "'''a\nb'''", '"gpu; rm -rf ~"', '"--help"', '"\\u0000"', '"' + "x" * 100_000 + '"', "[]", "{}"),
    *("[1, 'a']", "{a = {b = 1}}", "1979-05-27", "07:32:00", "", "=", "[" * _DEEP + "]" * _DEEP, "{a=" * 2000),
)


class Whole(np.random.Generator):
    """Decides that files stay as they are: a check of the readings."""


def how_many(random: Random) -> int:
    """How many changes a file gets: mostly one, or its first damage would hide the others."""
    return (1, 1, 1, 2, 3)[random.integers(5)]


def damaged(data: bytes, random: Random, others: Sequence[bytes] = ()) -> bytes:
    """Some bytes, damaged in one to three ways.

    Args:
        data: of a real file.
        random: decides how.
        others: real files, of which parts may be taken.
    """
    if isinstance(random, Whole):
        return data
    changes: list[Callable[[bytes, Random], bytes]] = [
        _flipped, _flipped, _overwritten, _deleted, _duplicated, _inserted, _cut, _extreme, _extreme, _swapped,
    ]  # fmt: skip
    if others:
        changes.append(lambda data, random: _spliced(data, others[random.integers(len(others))], random))
    for _ in range(how_many(random)):
        data = changes[random.integers(len(changes))](data, random)
    return data


def with_whole_chunks(data: bytes) -> bytes:
    """A PNG file with the checksums that its chunks should have, so that a reader looks at what is in them."""
    out, position = bytearray(data), 8
    while position + 12 <= len(out):
        (length,) = struct.unpack_from(">I", out, position)
        end = position + 8 + length
        if end + 4 > len(out):
            break
        struct.pack_into(">I", out, end, zlib.crc32(out[position + 4 : end]))
        position = end + 4
    return bytes(out)


def _place(data: bytes, random: Random) -> tuple[int, int]:
    """A run of bytes: where it begins and ends. Half of them are near the beginning, where headers are."""
    start = int(random.integers(min(len(data), _HEADER) if random.random() < 0.5 else len(data) or 1) if data else 0)
    return start, min(len(data), start + int(2 ** random.uniform(0, np.log2(_LONGEST_RUN))))


def _flipped(data: bytes, random: Random) -> bytes:
    out = bytearray(data)
    for _ in range(random.integers(1, 9)):
        if out:
            out[_place(data, random)[0]] ^= 1 << int(random.integers(8))
    return bytes(out)


def _overwritten(data: bytes, random: Random) -> bytes:
    start, end = _place(data, random)
    fill = random.bytes(end - start) if random.random() < 0.6 else bytes([random.integers(256)]) * (end - start)
    return data[:start] + fill + data[end:]


def _deleted(data: bytes, random: Random) -> bytes:
    start, end = _place(data, random)
    return data[:start] + data[end:]


def _duplicated(data: bytes, random: Random) -> bytes:
    start, end = _place(data, random)
    return data[:end] + data[start:end] * int(random.integers(1, 20)) + data[end:]


def _inserted(data: bytes, random: Random) -> bytes:
    start, end = _place(data, random)
    return data[:start] + random.bytes(end - start) + data[start:]


def _cut(data: bytes, random: Random) -> bytes:
    return data[: random.integers(len(data) + 1)]


def _extreme(data: bytes, random: Random) -> bytes:
    """A number in the header, or near the end where Parquet and zip have theirs, as large or small as can be."""
    kind = ("<H", ">H", "<I", ">I", "<Q")[random.integers(5)]
    size = struct.calcsize(kind)
    if len(data) < size:
        return data
    start = int(random.integers(min(len(data), _HEADER) - size + 1))
    if random.random() < 0.25:
        start = len(data) - size - start
    out = bytearray(data)
    value = _EXTREMES[random.integers(len(_EXTREMES))] % 256**size
    if random.random() < 0.1:
        value = 256**size - 1
    struct.pack_into(kind, out, max(start, 0), value)
    return bytes(out)


def _swapped(data: bytes, random: Random) -> bytes:
    a, b = sorted((_place(data, random)[0], _place(data, random)[0]))
    size = min(b - a, len(data) - b, 64)
    return data[:a] + data[b : b + size] + data[a + size : b] + data[a : a + size] + data[b + size :]


def _spliced(data: bytes, other: bytes, random: Random) -> bytes:
    return data[: random.integers(len(data) + 1)] + other[random.integers(len(other) + 1) :]


def damaged_json(text: str, random: Random) -> bytes:
    """A JSON document with one to three of its values, or keys, replaced, missing, or moved."""
    document = json.loads(text)
    tokens: list[str] = []
    for _ in range(how_many(random)):
        document = _with_other_value(document, random, tokens)
    # Values that no Python object stands for are put in place of marks.
    return re.sub(r'"@(\d+)@"', lambda mark: tokens[int(mark[1])], json.dumps(document)).encode()


def _with_other_value(document: Any, random: Random, tokens: list[str]) -> Any:
    places = list(_places(document, ()))
    path = places[random.integers(len(places))]
    parent = document
    for key in path[:-1]:
        parent = parent[key]
    how = random.random()
    if not path:
        return _token(random, tokens) if how < 0.3 else document
    key = path[-1]
    if how < 0.15:
        del parent[key]
    elif how < 0.25:
        other = document
        for step in places[random.integers(len(places))]:
            other = other[step]
        parent[key] = copy.deepcopy(other)
    elif how < 0.3 and isinstance(parent, dict):
        parent[f"{key}x"] = parent.pop(key)
    elif how < 0.35:
        parent[key] = [parent[key]]
    elif how < 0.45 and isinstance(parent[key], int | float):
        parent[key] = parent[key] * (-1, 0, 1e6, 1e-6, 2**40)[random.integers(5)]
    else:
        parent[key] = _token(random, tokens)
    return document


def _token(random: Random, tokens: list[str]) -> str:
    tokens.append(_JSON[random.integers(len(_JSON))])
    return f"@{len(tokens) - 1}@"


def _places(value: Any, path: tuple[str | int, ...]) -> list[tuple[str | int, ...]]:
    found = [path]
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        found += _places(inner, (*path, key))
    return found


def damaged_toml(text: str, random: Random) -> bytes:
    """A TOML document with one to three of its lines changed."""
    lines = text.splitlines()
    for _ in range(how_many(random)):
        number = int(random.integers(len(lines)))
        name, _, _ = lines[number].partition(" = ")
        how = random.random()
        if how < 0.1:
            lines[number] = ""
        elif how < 0.2:
            lines.insert(number, lines[int(random.integers(len(lines)))])
        elif how < 0.3:
            lines[number] = ("[[jobs]]", "[jobs", "jobs = 3", "[jobs.gpus]", "a.b.c = 1")[random.integers(5)]
        else:
            lines[number] = f"{name} = {_TOML[random.integers(len(_TOML))]}"
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def damaged_table(table: pa.Table, random: Random) -> pa.Table:
    """A table with columns missing, doubled, of other types or with other values, or with other rows."""
    for _ in range(how_many(random)):
        how = random.integers(8)
        number = int(random.integers(max(1, table.num_columns)))
        if not table.num_columns:
            return table
        name, column = table.column_names[number], table.column(number)
        if how == 0:
            table = table.drop_columns([name]) if table.column_names.count(name) == 1 else table
        elif how == 1:
            table = table.append_column(name, column)
        elif how == 2:
            table = table.slice(int(random.integers(table.num_rows + 1)), int(random.integers(table.num_rows + 1)))
        elif how == 3:
            table = pa.concat_tables([table, table])
        elif how == 4:
            table = table.set_column(number, name, pa.nulls(table.num_rows, column.type))
        elif how == 5:
            table = table.set_column(number, name + ("/" if random.random() < 0.5 else "x"), column)
        else:
            table = table.set_column(number, name, _other_column(column, table.num_rows, random))
    return table


def _other_column(column: pa.ChunkedArray, rows: int, random: Random) -> pa.Array:
    """Values of another type, or extreme ones of the same type."""
    if random.random() < 0.5 and pa.types.is_floating(column.type):
        return pa.array(random.choice([np.nan, np.inf, -np.inf, 0.0, 1e308, -1e308], rows)).cast(
            column.type, safe=False
        )
    if random.random() < 0.5 and pa.types.is_integer(column.type):
        bits = column.type.bit_width - 1
        return pa.array(random.choice([-(2**bits), -2, -1, 0, 2**bits - 1], rows)).cast(column.type, safe=False)
    others = (
        [2**63 - 1] * rows,
        ["../../outside"] * rows,
        [b"\x89PNG\r\n"] * rows,
        [[1, 2]] * rows,
        [{"bytes": b"", "path": "../../outside"}] * rows,
        [{"bytes": None, "path": "/dev/zero"}] * rows,
        [True] * rows,
        [float("nan")] * rows,
    )
    return pa.array(others[random.integers(len(others))])
