"""Pickles: arrays are found in them, and nothing else happens, whatever they hold."""

from __future__ import annotations

import os
import pickle
import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from explorer.data.pickles import arrays_in_pickle
from explorer.data.rows import READ_ERRORS, ArrayInFile
from explorer.errors import ExplorerError

PROTOCOLS = (2, 3, 4)
PIXELS = np.random.default_rng(0).integers(0, 256, (20, 12), dtype=np.uint8)
CONTENT = {"data": PIXELS, "labels": [1, 255, 256, 65_536, 2**40, *range(2, 17)], "mean": PIXELS.mean(0)}


def read(path: Path, *keys: str) -> dict[str, ArrayInFile | list[int]]:
    return arrays_in_pickle(path, keys or tuple(CONTENT))


def save(folder: Path, content: object, protocol: int = 4) -> Path:
    path = folder / "file"
    path.write_bytes(pickle.dumps(content, protocol))
    return path


def all_rows(array: ArrayInFile) -> np.ndarray:
    return np.array(list(array.rows(range(array.shape[0]))))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_arrays_and_lists(tmp_path: Path, protocol: int) -> None:
    content = read(save(tmp_path, CONTENT, protocol))
    assert (all_rows(content["data"]) == PIXELS).all()
    assert (all_rows(content["mean"]) == CONTENT["mean"]).all()
    assert content["labels"] == CONTENT["labels"]
    assert (content["data"].shape, content["data"].dtype) == ((20, 12), np.uint8)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("dtype", ["u1", "<i8", ">i8", "<u4", ">f8", "f4"])
def test_types(tmp_path: Path, protocol: int, dtype: str) -> None:
    values = np.arange(300).reshape(3, 100).astype(dtype)
    found = read(save(tmp_path, {"data": values}, protocol))["data"]
    assert found.dtype == values.dtype
    assert (all_rows(found) == values).all()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_rows_may_be_left_out(tmp_path: Path, protocol: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (50, 30_000), dtype=np.uint8)
    rows = list(read(save(tmp_path, {"data": pixels}, protocol))["data"].rows([3, 4, 20, 49]))
    assert (np.stack(rows) == pixels[[3, 4, 20, 49]]).all()


@pytest.mark.parametrize("module", [b"numpy.core.multiarray", b"numpy._core.multiarray"])
def test_names_of_old_and_new_numpy(tmp_path: Path, module: bytes) -> None:
    path = save(tmp_path, CONTENT, 3)
    path.write_bytes(path.read_bytes().replace(b"numpy._core.multiarray", module))
    assert (all_rows(read(path)["data"]) == PIXELS).all()


def test_bytes_of_python_2(tmp_path: Path) -> None:
    """As `cPickle` of Python 2 writes it: keys and numbers are strings of bytes."""
    content = bytes(range(250, 256)) * 50
    dtype = b"cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    empty = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
    array = empty + b"(K\x01K\x03Kd\x86" + dtype + b"\x89T" + struct.pack("<i", 300) + content + b"tb"
    data = b"\x80\x02}(U\x04data" + array + b"U\x06labels](K\x01K\x02K\x03eu."
    assert pickle.loads(data, encoding="latin1")["data"].shape == (3, 100)
    (tmp_path / "file").write_bytes(data)
    found = read(tmp_path / "file")
    assert all_rows(found["data"]).tobytes() == content
    assert found["labels"] == [1, 2, 3]


def test_only_what_is_asked_for_is_looked_at(tmp_path: Path) -> None:
    path = save(tmp_path, {**CONTENT, "more": {"a": (None, True)}, "names": ["a"]})
    assert set(read(path)) == {"data", "labels", "mean"}
    assert set(read(path, "labels", "none")) == {"labels"}
    with pytest.raises(ExplorerError, match="text in the wrong place"):
        read(path, "names")


class Call:
    """Pickled as a call of a function."""

    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        self.parts = function, arguments

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self.parts


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    "function",
    [lambda mark: Call(os.mkdir, mark), lambda mark: Call(eval, f"__import__('os').mkdir({mark!r})")],
    ids=["mkdir", "eval"],
)
@pytest.mark.parametrize(
    "place",
    [
        lambda call: call,
        lambda call: {"data": call},
        lambda call: {"other": [call]},
        lambda call: {"data": np.array([call, 1], dtype=object)},
        lambda call: {"data": PIXELS, "labels": [1, call]},
    ],
    ids=["alone", "as data", "elsewhere", "in an array", "as a label"],
)
def test_a_call_is_refused_and_not_made(
    tmp_path: Path, protocol: int, function: Callable[[str], Call], place: Callable[[Call], object]
) -> None:
    mark = tmp_path / "mark"
    path = save(tmp_path, place(function(str(mark))), protocol)
    with pytest.raises(ExplorerError, match=r"was refused.*Nothing in it was run"):
        read(path)
    assert not mark.exists()
    pickle.loads(path.read_bytes())
    assert mark.exists(), "the pickle would have done it"


def instructions(*parts: bytes) -> bytes:
    return b"\x80\x04" + b"".join(parts) + b"."


NDARRAY, DTYPE = b"cnumpy\nndarray\n", b"cnumpy\ndtype\n"
RECONSTRUCT = b"cnumpy._core.multiarray\n_reconstruct\n"
EMPTY = RECONSTRUCT + NDARRAY + b"K\x00\x85C\x01b\x87R"
BYTE = DTYPE + b"\x8c\x02u1\x89\x88\x87R"
MANY = b"\x8a\x05\x00\x00\x00\x00\x01"  # 2^32


def array_of(shape: bytes, dtype: bytes = BYTE, data: bytes = b"C\x01a") -> bytes:
    return b"}\x8c\x04data" + EMPTY + b"(K\x01" + shape + dtype + b"\x89" + data + b"tbs"


HOSTILE = {
    "nothing": b"",
    "no dict": instructions(b"]"),
    "no end": b"\x80\x04}",
    "stops at once": instructions(),
    "unknown name": instructions(b"cos\nsystem\n"),
    "unknown name on the stack": instructions(b"\x8c\x02os\x8c\x06system\x93"),
    "name of a part of a known name": instructions(b"cnumpy.core.multiarray\n_reconstruct.__globals__\n"),
    "name without an end": instructions(b"c" + b"a" * 5000),
    "another constructor": instructions(RECONSTRUCT, DTYPE, b"K\x00\x85C\x01b\x87R"),
    "a codec that inflates": instructions(b"c_codecs\nencode\n\x8c\x01a\x8c\x04zlib\x86R"),
    "objects": instructions(DTYPE, b"\x8c\x02O8\x89\x88\x87R"),
    "large items": instructions(DTYPE, b"\x8c\x0bV1000000000\x89\x88\x87R"),
    "an array where a call is": instructions(EMPTY, b")R"),
    "a call of a class": instructions(NDARRAY, MANY, b"\x85\x85R"),
    "more than the file has": instructions(b"}\x8c\x04data\x8e", struct.pack("<Q", 2**60), b"as"),
    "numbers that are not there": instructions(array_of(MANY + MANY + b"\x86")),
    "more axes than there are": instructions(array_of(b"(" + MANY * 5000 + b"t")),
    "a negative size": instructions(array_of(b"J\xff\xff\xff\xff\x85")),
    "a size that is none": instructions(array_of(b"\x88\x85")),
    "an array in an array": instructions(array_of(b"K\x01\x85", data=EMPTY)),
    "an array as its own type": instructions(array_of(b"K\x01\x85", dtype=EMPTY)),
    "an array without numbers": instructions(b"}\x8c\x04data", EMPTY, b"s"),
    "fields": instructions(BYTE, b"(K\x03\x8c\x01|NN}J\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"),
    "state of a dict": instructions(b"}}b"),
    "a far place in memory": instructions(b"}r\xff\xff\xff\xff", b"j\xfe\xff\xff\xff"),
    "an empty stack": instructions(b"\x87"),
    "below a mark": instructions(b"}(\x86"),
    "a mark that is not there": instructions(b"}u"),
    "half a pair": instructions(b"}(K\x01u"),
    "a number as a key": instructions(b"}K\x01K\x01s"),
    "a tuple as a key": instructions(b"}", b")" + b"2\x86" * 60, b"K\x01s"),
    "deeply nested": instructions(b"]" * 100_000),
    "deeply nested lists": instructions(b"]" * 100_000, b"a" * 99_999),
    "many dicts": instructions(b"}" * 510_000),
    "no text": instructions(b"\x8c\x02\xff\xff"),
    "a persistent id": instructions(b"Pabc\n"),
    "an extension": instructions(b"\x82\x01"),
    "an instance": instructions(b"(cos\nsystem\no"),
    "a new object": instructions(b"ccollections\nOrderedDict\n)\x81"),
    "an array of words": instructions(b"}\x8c\x06labels](\x8c\x01ae", b"s"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_bytes(HOSTILE[name])
    tracemalloc.start()
    try:
        with pytest.raises(ExplorerError, match=r"^file (was refused|is damaged).*Nothing in it was run"):
            read(tmp_path / "file")
        assert tracemalloc.get_traced_memory()[1] < 200 * 2**20
    finally:
        tracemalloc.stop()


def test_one_list_under_many_keys_is_there_once(tmp_path: Path) -> None:
    labels = list(range(100_000))
    path = save(tmp_path, {str(number): labels for number in range(20_000)})
    tracemalloc.start()
    try:
        assert read(path, "7")["7"] == labels
        assert tracemalloc.get_traced_memory()[1] < 100 * 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_any_damage_is_a_sentence(tmp_path: Path, protocol: int) -> None:
    whole = pickle.dumps(CONTENT, protocol)
    rng = np.random.default_rng(0)
    path = tmp_path / "file"
    outcomes = {"read": 0, "refused": 0}
    for _ in range(600):
        data = bytearray(whole[: rng.integers(len(whole))] if rng.random() < 0.2 else whole)
        for position in rng.integers(len(data) or 1, size=rng.integers(1, 4)) if data else ():
            data[position] = rng.integers(256)
        path.write_bytes(data)
        try:
            content = read(path)
        except ExplorerError:
            outcomes["refused"] += 1
            continue
        outcomes["read"] += 1
        for value in content.values():
            if isinstance(value, ArrayInFile):
                try:
                    all_rows(value)
                except READ_ERRORS:
                    outcomes["refused"] += 1
    assert min(outcomes.values()) > 50


def test_a_file_that_became_shorter(tmp_path: Path) -> None:
    path = save(tmp_path, CONTENT, 4)
    data = read(path)["data"]
    os.truncate(path, 200)
    with pytest.raises(EOFError):
        all_rows(data)


def test_columns_first(tmp_path: Path) -> None:
    with pytest.raises(ExplorerError, match="Fortran order"):
        read(save(tmp_path, {"data": np.asfortranarray(PIXELS)}))


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "none")
