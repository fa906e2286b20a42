"""From the name of a data set to its store: kinds, splits, limits, reuse, and what goes wrong."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from explorer.data import sources
from explorer.data.offered import list_datasets
from explorer.data.sources import open_dataset
from explorer.data.splits import SMALLEST_SPLIT
from explorer.errors import ExplorerError

SHAPE = (1, 8, 8)
Picture = Callable[..., bytes]
TINY_IMAGENET = Path(__file__).parents[3] / "shared" / "data" / "tiny-imagenet"


@pytest.fixture
def folder(tmp_path: Path, picture: Picture) -> Path:
    root = tmp_path / "my pictures"
    (root / "cats").mkdir(parents=True)
    for number in range(3):
        (root / "cats" / f"{number}.png").write_bytes(picture(number))
    (root / "cats" / "bad.png").write_bytes(picture()[:50])
    return root


def stores(home: Path) -> list[str]:
    return sorted(path.name for path in (home / "stores").iterdir() if not path.name.startswith("."))


def test_digits() -> None:
    train, validation, everything = (open_dataset("digits", SHAPE, split) for split in ("train", "validation", "all"))
    assert (len(train), len(validation), len(everything)) == (1618, 179, 1797)
    assert not set(train.names) & set(validation.names)
    assert sorted(np.unique(validation.labels)) == list(range(10))
    assert validation.label_names == [str(digit) for digit in range(10)]
    assert validation.name == "Digits"


def test_photos(home: Path) -> None:
    store = open_dataset("photos", (3, 16, 16))
    assert store.pixels.shape[1:] == (3, 16, 16)
    assert store.label_name(0) in store.label_names
    assert stores(home)[0].startswith("photos-3x16x16-validation-")


def test_a_folder_with_three_good_files_and_a_bad_one(folder: Path) -> None:
    for split in ("validation", "train", "all"):
        store = open_dataset(str(folder), SHAPE, split)
        assert len(store) == 3
        assert store.skipped == ("cats/bad.png",)
        assert sorted(store.names) == ["cats/0.png", "cats/1.png", "cats/2.png"]
        assert store.label_name(1) == "cats"
        assert store.source == str(folder)


def test_the_second_call_builds_nothing(folder: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = open_dataset(str(folder), SHAPE)
    monkeypatch.setattr(sources, "write_store", pytest.fail)
    assert open_dataset(str(folder), SHAPE).fingerprint == first.fingerprint
    assert len(stores(home)) == 1


def test_the_first_call_reports_progress(folder: Path) -> None:
    calls: list[tuple[int, int | None]] = []
    open_dataset(str(folder), SHAPE, progress=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (4, 4)


def test_a_store_for_each_size_split_and_limit(folder: Path, home: Path) -> None:
    open_dataset(str(folder), SHAPE)
    assert open_dataset(str(folder), (3, 8, 8)).image_shape == (3, 8, 8)
    assert len(open_dataset(str(folder), SHAPE, "all")) == 3
    assert len(open_dataset(str(folder), SHAPE, limit=1)) == 1
    assert len(stores(home)) == 4


def test_changed_files_give_a_new_store(folder: Path, picture: Picture) -> None:
    assert len(open_dataset(str(folder), SHAPE)) == 3
    (folder / "cats" / "bad.png").write_bytes(picture(9))
    assert len(open_dataset(str(folder), SHAPE)) == 4
    (folder / "cats" / "0.png").unlink()
    assert len(open_dataset(str(folder), SHAPE)) == 3
    before = open_dataset(str(folder), SHAPE).fingerprint
    (folder / "cats" / "1.png").write_bytes(picture(8))
    assert open_dataset(str(folder), SHAPE).fingerprint != before


def test_a_damaged_store_is_built_again(folder: Path, home: Path) -> None:
    first = open_dataset(str(folder), SHAPE)
    os.truncate(first.folder / "pixels.npy", 10)
    assert open_dataset(str(folder), SHAPE).fingerprint == first.fingerprint
    shutil.rmtree(first.folder)
    first.folder.mkdir()
    assert open_dataset(str(folder), SHAPE).fingerprint == first.fingerprint
    assert len(stores(home)) == 1


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".parquet"])
def test_splits_of_a_source_without_its_own(tmp_path: Path, picture: Picture, suffix: str) -> None:
    path = tmp_path / f"set{suffix}"
    pixels = np.random.default_rng(0).integers(0, 256, (60, 8, 8), dtype=np.uint8)
    if suffix == ".npy":
        np.save(path, pixels)
    elif suffix == ".npz":
        np.savez(path, images=pixels)
    else:
        pq.write_table(pa.table({"image": pa.array([picture(n) for n in range(60)], pa.binary())}), path)
    train, validation, everything = (open_dataset(str(path), SHAPE, split) for split in ("train", "validation", "all"))
    assert (len(train), len(validation), len(everything)) == (54, 6, 60)
    assert sorted([*train.names, *validation.names], key=int) == list(everything.names)
    assert list(train.names) == sorted(train.names, key=int)


def test_small_sets_are_not_split(tmp_path: Path) -> None:
    np.save(tmp_path / "set.npy", np.zeros((SMALLEST_SPLIT - 1, 8, 8), np.uint8))
    assert {len(open_dataset(str(tmp_path / "set.npy"), SHAPE, split)) for split in ("train", "validation")} == {49}


def test_a_limit_thins_evenly(tmp_path: Path) -> None:
    np.save(tmp_path / "set.npy", np.zeros((100, 8, 8), np.uint8))
    names = [int(name) for name in open_dataset(str(tmp_path / "set.npy"), SHAPE, "all", limit=7).names]
    assert len(names) == 7
    assert names[0] == 0
    assert set(np.diff(names)) <= {14, 15}
    assert len(open_dataset(str(tmp_path / "set.npy"), SHAPE, "all", limit=1000)) == 100
    with pytest.raises(ExplorerError, match="Choose 1 or more"):
        open_dataset("digits", SHAPE, limit=0)


@pytest.mark.parametrize("spec", ["digits", "leaves", "photos", "disks", "c-alpha"])
def test_images_are_squares(spec: str) -> None:
    with pytest.raises(ExplorerError, match="the same height and width"):
        open_dataset(spec, (1, 8, 16))


def test_parquet_folder_and_saved_dataset(tmp_path: Path, picture: Picture) -> None:
    import datasets

    rows = {"image": [{"bytes": picture(n), "path": None} for n in range(4)], "label": [0, 1, 0, 1]}
    datasets.Dataset.from_dict(rows).save_to_disk(tmp_path / "saved")
    (tmp_path / "tables").mkdir()
    table = pa.table({"image": pa.array([picture(n) for n in range(4)], pa.binary()), "label": [0, 1, 0, 1]})
    pq.write_table(table, tmp_path / "tables" / "validation-0.parquet")
    pq.write_table(table.slice(0, 3), tmp_path / "tables" / "train-0.parquet")
    saved, validation = open_dataset(str(tmp_path / "saved"), SHAPE), open_dataset(str(tmp_path / "tables"), SHAPE)
    assert saved.fingerprint == validation.fingerprint
    assert len(open_dataset(str(tmp_path / "tables"), SHAPE, "train")) == 3


def test_brackets_and_stars_in_a_path_are_plain_letters(tmp_path: Path, picture: Picture) -> None:
    import datasets

    root = tmp_path / "[new] *set*"
    datasets.Dataset.from_dict({"image": [{"bytes": picture(), "path": None}]}).save_to_disk(tmp_path / "saved")
    root.mkdir()
    shutil.copy(next((tmp_path / "saved").glob("*.arrow")), root / "a[0].arrow")
    assert len(open_dataset(str(root), SHAPE)) == 1
    (root / "a[0].arrow").unlink()
    (root / "[1].png").write_bytes(picture())
    assert len(open_dataset(str(root), SHAPE)) == 1


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda _: None, "There is no data set"),
        (lambda path: path.mkdir(), "has no images"),
        (lambda path: path.write_text("hello"), "is not a data set"),
    ],
)
def test_what_is_no_data_set(tmp_path: Path, make: Callable[[Path], None], message: str) -> None:
    make(tmp_path / "set")
    with pytest.raises(ExplorerError, match=message):
        open_dataset(str(tmp_path / "set"), SHAPE)


def test_no_image_can_be_read(tmp_path: Path, home: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "a.png").write_text("<html>")
    with pytest.raises(ExplorerError, match=r"None of the 1 images of set can be read \(a\.png\)"):
        open_dataset(str(tmp_path / "set"), SHAPE)
    assert stores(home) == []


def test_data_folder_that_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("EXPLORER_HOME", str(tmp_path / "file" / "home"))
    with pytest.raises(ExplorerError, match="cannot be created"):
        open_dataset("digits", SHAPE)


def test_list(tmp_path: Path, home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [info.spec for info in list_datasets()] == ["photos", "leaves", "digits", "disks", "c-alpha"]
    own = home / "datasets"
    own.mkdir(parents=True)
    np.save(own / "array.npy", np.zeros((2, 8, 8), np.uint8))
    (own / "notes.txt").write_text("")
    (own / ".hidden").mkdir()
    monkeypatch.setenv("EXPLORER_DATASETS", os.pathsep.join([str(folder.parent), str(tmp_path / "missing")]))
    found = list_datasets()
    assert [info.builtin for info in found[:5]] == [True] * 5
    assert [(info.spec, info.title) for info in found[5:] if "home" not in info.title] == [
        (str(own / "array.npy"), "array.npy"),
        (str(folder), "my pictures"),
    ]
    assert len(open_dataset(found[5].spec, SHAPE)) == 2


@pytest.mark.skipif(not TINY_IMAGENET.is_dir(), reason="Tiny ImageNet is not there")
def test_tiny_imagenet() -> None:
    store = open_dataset(str(TINY_IMAGENET), (1, 32, 32), limit=200)
    assert (len(store), len(store.label_names), store.skipped) == (200, 200, ())
    assert store.label_name(0) == store.label_names[store.labels[0]]
