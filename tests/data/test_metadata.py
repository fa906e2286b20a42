"""Labels of a folder of images in a table beside them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from explorer.data.sources import open_dataset
from explorer.data.store import Store

SHAPE = (1, 8, 8)
Picture = Callable[..., bytes]


def folder(root: Path, picture: Picture, *names: str) -> Path:
    for number, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(picture(number))
    return root


def seen(store: Store) -> dict[str, str]:
    """Name of each image -> its label."""
    return {name: store.label_name(index) for index, name in enumerate(store.names)}


TABLES = {
    "metadata.csv": "file_name,label\na.png,cat\nb.png,dog\nc.png,\n",
    "train.csv": "\ufeffid,breed,size\nb,dog,1\na,cat,2\nunknown,dog,3\nc,NA,4\n",
    "labels.tsv": "image\tclass\n./a.png\tcat\n./b.png\tdog\n",
    "german.csv": "Datei;Category\na.png;cat\nb.png;dog\nc.png;\n",
    "metadata.jsonl": "\n".join(
        json.dumps(row) for row in ({"file_name": "a.png", "label": "cat"}, {"file_name": "b.png", "label": "dog"})
    ),
}


@pytest.mark.parametrize("name", TABLES)
def test_tables(tmp_path: Path, home: Path, picture: Picture, name: str) -> None:
    root = folder(tmp_path / "set", picture, "a.png", "b.png", "c.png")
    (root / name).write_text(TABLES[name], encoding="utf-8")
    store = open_dataset(str(root), SHAPE, "all")
    assert seen(store) == {"a.png": "cat", "b.png": "dog", "c.png": ""}
    assert store.notes[0] == f"The labels are those in {name}."
    assert store.notes[-1] == "1 of 3 images have no label there."


def test_numbers_with_gaps_and_beyond_32_bits(tmp_path: Path, home: Path, picture: Picture) -> None:
    root = folder(tmp_path / "set", picture, "1.png", "2.png", "3.png")
    (root / "metadata.csv").write_text("id,label\n1,3000000000\n2,\n3,7\n", encoding="utf-8")
    assert seen(open_dataset(str(root), SHAPE, "all")) == {"1.png": "3000000000", "2.png": "", "3.png": "7"}


def test_a_table_comes_before_the_names_of_folders(tmp_path: Path, home: Path, picture: Picture) -> None:
    root = folder(tmp_path / "set", picture, "u/1.png", "v/1.png")
    assert set(seen(open_dataset(str(root), SHAPE, "all")).values()) == {"u", "v"}
    (root / "metadata.csv").write_text("file_name,label\nu/1.png,cat\nv/1.png,dog\n", encoding="utf-8")
    assert seen(open_dataset(str(root), SHAPE, "all")) == {"u/1.png": "cat", "v/1.png": "dog"}
    (root / "metadata.csv").write_text("file_name,label\nu/1.png,dog\nv/1.png,dog\n", encoding="utf-8")
    assert set(seen(open_dataset(str(root), SHAPE, "all")).values()) == {"dog"}, "another table, another store"
    (root / "metadata.csv").write_text("file_name,width\nu/1.png,8\nv/1.png,9\n", encoding="utf-8")
    store = open_dataset(str(root), SHAPE, "all")
    assert set(seen(store).values()) == {"u", "v"}
    assert store.notes == ()


def test_each_part_has_its_own_table(tmp_path: Path, home: Path, picture: Picture) -> None:
    root = folder(tmp_path / "set", picture, "train/1.png", "train/2.png", "test/1.png")
    (root / "train" / "metadata.csv").write_text("file_name,label\n1.png,a\n2.png,b\n", encoding="utf-8")
    (root / "test" / "metadata.csv").write_text("file_name,label\n1.png,b\n", encoding="utf-8")
    assert seen(open_dataset(str(root), SHAPE, "train")) == {"train/1.png": "a", "train/2.png": "b"}
    assert seen(open_dataset(str(root), SHAPE, "validation")) == {"test/1.png": "b"}
    everything = open_dataset(str(root), SHAPE, "all")
    assert seen(everything) == {"train/1.png": "a", "train/2.png": "b", "test/1.png": "b"}
    assert "The labels are those in metadata.csv." in everything.notes


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "cannot be read"),
        (b'file_name,label\na.png,cat\n"', "it "),
        (b"{\xff\xfe\x00" * 100, "it "),
        (b"name,label\nx,1\ny,2\nz,3\n", "has no column with the names of the images"),
        (b"file_name,box\na.png,0.1\nb.png,0.2\nc.png,0.3\n", ""),
    ],
)
def test_what_holds_no_labels_is_named_and_the_images_are_read(
    tmp_path: Path, home: Path, picture: Picture, content: bytes, reason: str
) -> None:
    root = folder(tmp_path / "set", picture, "a.png", "b.png", "c.png")
    (root / "metadata.csv").write_bytes(content)
    store = open_dataset(str(root), SHAPE, "all")
    assert len(store) == 3
    if reason:
        (note,) = store.notes
        assert note.startswith("metadata.csv is not used for labels: it ")
        assert reason in note


def test_a_large_table_is_not_read(tmp_path: Path, home: Path, picture: Picture) -> None:
    root = folder(tmp_path / "set", picture, "a.png")
    (root / "metadata.csv").touch()
    os.truncate(root / "metadata.csv", 2**28 + 1)
    (note,) = open_dataset(str(root), SHAPE, "all").notes
    assert "more than 256 MB" in note
