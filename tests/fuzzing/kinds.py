"""What is damaged and who reads it: every kind of file that comes from outside, or that a kill or a disk can damage.

A kind makes a case: it writes damaged files into a sandbox, and returns the reading of them, as the pages and the
commands do it. A reading may return, or raise an `ExplorerError`; what must give a list, or mend what is damaged,
goes through `always`, which lets not even that through.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, ParamSpec, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from explorer.data.offered import list_datasets
from explorer.data.sources import open_dataset
from explorer.data.store import Store, open_store, verify_store
from explorer.decoding import SUFFIXES as ALL_SUFFIXES
from explorer.errors import ExplorerError
from explorer.images import read_image, to_square
from tests.fuzzing.mutations import (
    Whole,
    damaged,
    damaged_json,
    damaged_table,
    damaged_toml,
    how_many,
    with_whole_chunks,
)
from tests.fuzzing.originals import IMAGES, SHAPE
from tests.fuzzing.pictures import SUFFIXES
from tests.fuzzing.sandbox import Sandbox

__all__ = ["Damage", "Kind", "Make", "always", "damage_file", "data_sets", "look_at_store", "pictures", "tree"]

Random = np.random.Generator
Read = Callable[[], None]
Make = Callable[[Path, Sandbox, Random], Read]
"""``make(originals, sandbox, random)`` writes the files of a case and gives the reading of them."""
Damage = Callable[[Path, Random], None]
Given = ParamSpec("Given")
Result = TypeVar("Result")

_IMAGE_SHAPE = (3, 16, 16)
_IN_A_SET = 5
_NAMES = ("a b", "ü", "-rf", "a\nb", "..b", "<b>", "%s{}", "x" * 200, "\udcff")


class Kind(NamedTuple):
    """A kind of file.

    Attributes:
        title: in the table.
        group: what counts it: `images` or `others`.
        make: makes a case.
        share: how many cases, beside those of other kinds.
    """

    title: str
    group: str
    make: Make
    share: int = 1


def always(function: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs) -> Result:
    """Call a function that has no excuse."""
    try:
        return function(*args, **kwargs)
    except ExplorerError as error:
        raise AssertionError(f"it should have worked: {error}") from error


def look_at_store(store: Store) -> None:
    """What pages ask of a store."""
    verify_store(store)
    assert store.pixels.dtype == np.uint8
    for index in range(len(store)):
        assert isinstance(store.names[index], str)
        assert isinstance(store.label_name(index), str)


# Pictures


def pictures() -> list[Kind]:
    """Every format, and pictures in folders and tables."""
    alone = [Kind(form, "images", _picture_of(form), 3) for form in SUFFIXES]
    return [*alone, Kind("pictures in a folder", "images", _folder), Kind("pictures in a table", "images", _table)]


def _picture_of(form: str) -> Make:
    def make(originals: Path, _sandbox: Sandbox, random: Random) -> Read:
        data = _damaged_picture(originals, form, random)

        def read() -> None:
            image = read_image(data, "picture")
            assert image.mode in ("L", "RGB")
            for shape in ((1, 16, 16), (3, 64, 64)):
                pixels = to_square(image, shape)
                assert pixels.shape == shape
                assert pixels.dtype == np.uint8

        return read

    return make


def _damaged_picture(originals: Path, form: str, random: Random) -> bytes:
    own = sorted((originals / "pictures" / form).iterdir())
    every = sorted((originals / "pictures").glob("*/*"))
    other = every[random.integers(len(every))].read_bytes()
    data = damaged(own[random.integers(len(own))].read_bytes(), random, [other])
    return with_whole_chunks(data) if form == "PNG" and random.random() < 0.6 else data


def _some_pictures(originals: Path, random: Random) -> list[bytes]:
    """One that is whole, and some that are not."""
    whole = sorted((originals / "pictures" / "JPEG").iterdir())[int(random.integers(15))].read_bytes()
    forms = list(SUFFIXES)
    return [
        whole,
        *(_damaged_picture(originals, forms[random.integers(len(forms))], random) for _ in range(_IN_A_SET - 1)),
    ]


def _folder(originals: Path, sandbox: Sandbox, random: Random) -> Read:
    folder = sandbox.inputs / "set"
    for data in _some_pictures(originals, random):
        place = folder / ("", "one", "two/deep")[random.integers(3)]
        place.mkdir(parents=True, exist_ok=True)
        stem = f"{random.integers(1000)}{_NAMES[random.integers(len(_NAMES))]}"
        suffix = ALL_SUFFIXES[random.integers(len(ALL_SUFFIXES))]  # often the wrong one
        Path(os.fsdecode(os.fsencode(f"{place}/{stem}{suffix}"))).write_bytes(data)
    return lambda: look_at_store(always(open_dataset, str(folder), _IMAGE_SHAPE, "all"))


def _table(originals: Path, sandbox: Sandbox, random: Random) -> Read:
    path = sandbox.inputs / "set.parquet"
    cells = _some_pictures(originals, random)
    if random.random() < 0.5:
        cells = [{"bytes": data, "path": ("../../x.png", None, "a\0b", "/")[random.integers(4)]} for data in cells]
    pq.write_table(pa.table({"image": cells, "label": list(range(_IN_A_SET))}), path)
    return lambda: look_at_store(always(open_dataset, str(path), _IMAGE_SHAPE, "all"))


# Data sets


def data_sets() -> list[Kind]:
    """The files that a data set can be in, and the store that is made of it."""
    parquet = {"*.parquet": damage_file(damage_parquet, damage_bytes)}
    saved = {"*.arrow": damage_file(damage_bytes), "*.json": damage_file(damage_json, damage_bytes)}
    sources: dict[str, tuple[str, dict[str, Damage]]] = {
        "array .npy": ("*.npy", {"*": damage_file(_damage_header, damage_bytes)}),
        "arrays .npz": ("*.npz", {"*": damage_file(damage_bytes)}),
        "data set in Parquet": ("*.parquet", parquet),
        "downsampled ImageNet": ("imagenet-*", {"val_data": damage_file(damage_bytes)}),
        "Hugging Face, saved": ("saved", saved),
        "Hugging Face, Arrow": ("arrow", {"*.arrow": damage_file(damage_bytes)}),
        "WebDataset": ("web", {"*.tar": damage_file(damage_bytes)}),
    }
    kinds = [Kind(title, "others", _source(pattern, damage)) for title, (pattern, damage) in sources.items()]
    files = {
        "store.json": damage_file(damage_json, damage_bytes),
        "*.npy": damage_file(_damage_header, damage_bytes, _damage_as_zip),
    }
    half = {"journal.jsonl": damage_file(damage_lines, damage_bytes), "pixels.npy": damage_file(damage_bytes)}
    return [
        *kinds,
        Kind("store", "others", tree("home", ["stores"], "digits-*/{}", files, _read_store)),
        Kind("half a store", "others", tree("home", ["stores"], ".digits-*.part/{}", half, _read_half_store)),
    ]


def _source(pattern: str, damage: dict[str, Damage]) -> Make:
    def make(originals: Path, sandbox: Sandbox, random: Random) -> Read:
        found = sorted((originals / "data").glob(pattern))
        source = found[random.integers(len(found))]
        target = sandbox.home / "datasets" / source.name
        _copy(source, target)
        files = [target] if target.is_file() else sorted(path for path in target.rglob("*") if path.is_file())
        chosen = [path for path in files if any(path.match(name) for name in damage)]
        path = chosen[random.integers(len(chosen))]
        next(how for name, how in damage.items() if path.match(name))(path, random)
        split = ("all", "validation", "train")[random.integers(3)]

        def read() -> None:
            assert str(target) in [info.spec for info in always(list_datasets)]
            look_at_store(open_dataset(str(target), SHAPE, split))

        return read

    return make


def _read_store(home: Path, damaged_file: Path) -> None:
    refused = None
    try:
        look_at_store(open_store(damaged_file.parent))
    except ExplorerError as error:
        refused = error
    look_at_digits()
    if refused is not None:
        raise refused


def _read_half_store(home: Path, damaged_file: Path) -> None:
    shutil.rmtree(home / "stores" / damaged_file.parent.name.removeprefix(".").removesuffix(".part"))
    assert look_at_digits().folder.is_dir()


def look_at_digits() -> Store:
    """The digits of which the catalog is: they come with the libraries, and are made anew where they are damaged."""
    store = always(open_dataset, "digits", SHAPE, limit=IMAGES)
    for index in range(len(store)):
        assert isinstance(store.label_name(index), str)
    return store


# Trees


def tree(
    source: str,
    folders: list[str],
    pattern: str,
    damage: dict[str, Damage],
    read: Callable[[Path, Path], None],
) -> Make:
    """A kind whose cases are a copy of some folders into the data folder, with one file of them damaged.

    Args:
        source: of the originals.
        folders: of it, that are copied.
        pattern: where in them the files are; ``{}`` stands for a name.
        damage: names of files -> how to damage one.
        read: ``read(data folder, damaged file)``.
    """

    def make(originals: Path, sandbox: Sandbox, random: Random) -> Read:
        for name in folders:
            _copy(originals / source / name, sandbox.home / name)
        name = list(damage)[random.integers(len(damage))]
        found = sorted(path for folder in folders for path in (sandbox.home / folder).glob(pattern.format(name)))
        assert found, f"there is no {name} in {folders}"
        path = found[random.integers(len(found))]
        damage[name](path, random)
        return lambda: read(sandbox.home, path)

    return make


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copy(source, target)


def damage_file(*ways: Damage) -> Damage:
    """One of several ways, at random; rarely the file is empty or gone."""

    def damage(path: Path, random: Random) -> None:
        if isinstance(random, Whole):
            return
        if random.random() < 0.02:
            path.write_bytes(b"")
        else:
            ways[random.integers(len(ways))](path, random)

    return damage


def damage_bytes(path: Path, random: Random) -> None:
    """Any file."""
    path.write_bytes(damaged(path.read_bytes(), random))


def damage_json(path: Path, random: Random) -> None:
    """A JSON document; one that a record pads stays padded."""
    path.write_bytes(damaged_json(path.read_text(encoding="utf-8"), random))


def damage_toml(path: Path, random: Random) -> None:
    """A TOML document."""
    path.write_bytes(damaged_toml(path.read_text(encoding="utf-8"), random))


def damage_lines(path: Path, random: Random) -> None:
    """A file with a JSON document a line."""
    lines = path.read_bytes().splitlines()
    for _ in range(how_many(random)):
        number = int(random.integers(len(lines)))
        lines[number] = (
            damaged_json(lines[number].decode("utf-8", "replace"), random) if _is_json(lines[number]) else b""
        )
    path.write_bytes(b"\n".join(lines) + b"\n")


def _is_json(line: bytes) -> bool:
    return line[:1] in b"{[" and len(line) < 10_000


def damage_parquet(path: Path, random: Random) -> None:
    """A Parquet file, whole, but not what it should be."""
    with pq.ParquetFile(path) as file:
        table = file.read()
    pq.write_table(damaged_table(table, random), path, compression="zstd", write_page_checksum=True)


def _damage_header(path: Path, random: Random) -> None:
    """What a .npy file says of itself: another shape or type, or no Python literal."""
    data = path.read_bytes()
    length = int.from_bytes(data[8:10], "little")
    header = data[10 : 10 + length].decode("latin1")
    shapes = (
        "()",
        "(0,)",
        "(-1, 8, 8)",
        "(2**40,)",
        f"({2**40}, 8, 8)",
        "(24, 1, 8, 8, 1)",
        "(True, 8, 8)",
        "(8, 0, 0)",
    )
    kinds = ("|O", "<f2", "<c16", "|V8", "<M8[s]", "<U4", "|b1", ">f8", "|S3", "[('a', '|u1')]", "x", "(((")
    start, end = header.index("(") if "(" in header else 0, header.index(")") + 1 if ")" in header else 0
    descr = header.split("'")[3]
    others = (
        lambda: header[:start] + shapes[random.integers(len(shapes))] + header[end:],
        lambda: header.replace(descr, kinds[random.integers(len(kinds))]),
        lambda: header.replace("False", "True"),
        lambda: "(" * int(random.integers(1, 9000)),
        lambda: "{'a': " * 3000,
        lambda: header.replace("'descr'", ("1", "None", "[]", "{}", "'shape'")[random.integers(5)]),
    )
    text = others[random.integers(len(others))]().encode("latin1")
    version = int(random.integers(1, 4)) if random.random() < 0.2 else 1
    size = len(text).to_bytes(2 if version == 1 else 4, "little")
    path.write_bytes(data[:6] + bytes([version, 0]) + size + text + data[10 + length :])


def _damage_as_zip(path: Path, _random: Random) -> None:
    """NumPy opens a .npz file of any name."""
    with open(path, "wb") as file:
        np.savez(file, x=np.zeros(3))
