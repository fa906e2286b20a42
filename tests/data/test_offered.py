"""Which data sets are offered, and by which names: each can be reached, and one data set is one."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from explorer.cli.evaluate import _data_of
from explorer.data.names import dataset_name
from explorer.data.offered import list_datasets
from explorer.data.sources import open_dataset
from explorer.data.unseen import unseen_split
from explorer.errors import ExplorerError
from explorer.models.checkpoints import load_checkpoint
from tests.conftest import write_tiny_checkpoint

SHAPE = (1, 8, 8)
Picture = Callable[..., bytes]


def put(root: Path, *names: str, picture: Picture) -> Path:
    for number, name in enumerate(names):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture(number))
    return root


def offered() -> dict[str, str]:
    """Name -> path of each data set that is not built in."""
    infos = [info for info in list_datasets() if not info.builtin]
    assert len({info.name for info in infos}) == len(infos)
    return {info.name: info.spec for info in infos}


def name(monkeypatch: pytest.MonkeyPatch, *paths: Path) -> None:
    monkeypatch.setenv("EXPLORER_DATASETS", os.pathsep.join(map(str, paths)))


def test_two_of_one_name(tmp_path: Path, home: Path, picture: Picture, monkeypatch: pytest.MonkeyPatch) -> None:
    put(home / "datasets", "birds/1.png", picture=picture)
    put(tmp_path / "mine", "birds/small/1.png", "cats/a/1.png", picture=picture)
    put(tmp_path / "more" / "mine", "cats/a/1.png", picture=picture)
    name(monkeypatch, tmp_path / "mine", tmp_path / "more" / "mine")
    assert offered() == {
        "datasets/birds": str(home / "datasets" / "birds"),
        "mine/birds": str(tmp_path / "mine" / "birds"),
        f"{tmp_path.name}/mine/cats": str(tmp_path / "mine" / "cats"),
        "more/mine/cats": str(tmp_path / "more" / "mine" / "cats"),
    }


def test_a_file_and_a_folder_of_one_stem(home: Path, picture: Picture) -> None:
    put(home / "datasets", "birds/1.png", picture=picture)
    for suffix in ("npy", "npz"):
        save = np.save if suffix == "npy" else np.savez
        save(home / "datasets" / f"birds.{suffix}", np.zeros((3, 8, 8), np.uint8))
    assert list(offered()) == ["birds", "birds.npy", "birds.npz"]
    titles = [info.title for info in list_datasets()]
    assert len(set(titles)) == len(titles), "the list of Train shows them"


def test_a_folder_that_is_named_twice(home: Path, picture: Picture, monkeypatch: pytest.MonkeyPatch) -> None:
    put(home / "datasets", "birds/1.png", picture=picture)
    name(monkeypatch, home / "datasets" / "birds", home / "datasets" / "birds")
    assert list(offered()) == ["birds"]


@pytest.mark.parametrize("builtin", ["photos", "digits", "leaves", "disks", "Photos"])
def test_the_name_of_a_built_in_set_hides_nothing(home: Path, picture: Picture, builtin: str) -> None:
    path = put(home / "datasets", f"{builtin}/1.png", picture=picture) / builtin
    assert offered() == {f"datasets/{builtin}": str(path)}
    assert len(open_dataset(str(path), SHAPE, "all")) == 1
    assert [info.name for info in list_datasets()][:3] == ["photos", "leaves", "digits"]


def test_a_model_of_a_folder_called_photos_has_not_seen_the_built_in_photographs(tmp_path: Path) -> None:
    trained_on = dataset_name(str(tmp_path / "photos"))
    assert trained_on == f"{tmp_path.name}/photos"
    assert unseen_split("photos", trained_on) == "all"
    assert unseen_split("photos", dataset_name("photos")) == "validation"


def test_the_data_of_a_checkpoint_among_two_of_its_name(
    tmp_path: Path, home: Path, picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tiny_checkpoint(home / "checkpoints" / "tiny", SHAPE, dataset="birds")
    checkpoint = load_checkpoint("tiny", "cpu")
    put(home / "datasets", "birds/1.png", picture=picture)
    assert _data_of(checkpoint, "") == str(home / "datasets" / "birds")
    put(tmp_path, "birds/1.png", picture=picture)
    name(monkeypatch, tmp_path / "birds")
    with pytest.raises(ExplorerError, match=r"trained on birds, and there are 2 data sets of that name.*--data"):
        _data_of(checkpoint, "")


ONE = {
    "classes": ("cats/1.png", "dogs/1.jpg"),
    "one class": ("cats/1.png",),
    "images": ("1.png", "2.png"),
    "images beside folders": ("1.png", "more/2.png", "more/deeper/3.png"),
    "parts": ("train/cats/1.png", "val/cats/2.png"),
    "a folder of the Hub": ("data/train-00000-of-00001.parquet", "README.md"),
    "a cache of the Hub": ("blobs/1", "refs/main", "snapshots/abc/data/a.parquet"),
    "parts of other names": ("training/cats/1.png", "test/cats/2.png", "notes.txt"),
}
SEVERAL = {
    "sets of classes": ("birds/a/1.png", "birds/b/1.png", "cats/a/1.png"),
    "a set without classes beside one": ("birds/a/1.png", "cats/1.png"),
    "nothing yet": ("birds/readme.txt",),
}


@pytest.mark.parametrize("kind", ONE)
def test_a_data_set_that_is_named_is_one(
    tmp_path: Path, picture: Picture, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    name(monkeypatch, put(tmp_path / "pets", *ONE[kind], picture=picture))
    if kind == "a cache of the Hub":
        (tmp_path / "pets" / "refs" / "main").write_text("abc")
    assert offered() == {"pets": str(tmp_path / "pets")}


@pytest.mark.parametrize("kind", SEVERAL)
def test_a_folder_of_data_sets_that_is_named_gives_its_entries(
    tmp_path: Path, picture: Picture, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    name(monkeypatch, put(tmp_path / "all", *SEVERAL[kind], picture=picture))
    assert set(offered()) == {path.split("/")[0] for path in SEVERAL[kind]}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (["set.npz"], None),
        (["birds.npy", "cats.npy"], ["birds.npy", "cats.npy"]),
        (["a-00000-of-00002.parquet", "a-00001-of-00002.parquet"], ["set"]),
        (["train.parquet", "test.parquet"], ["set"]),
        (["birds.parquet", "cats.parquet"], ["birds.parquet", "cats.parquet"]),
        (["train_data_batch_1.npz", "val_data.npz"], ["set"]),
    ],
)
def test_files_that_are_named(
    tmp_path: Path, picture: Picture, monkeypatch: pytest.MonkeyPatch, files: list[str], expected: list[str] | None
) -> None:
    root = tmp_path / "set"
    root.mkdir()
    for file in files:
        if file.endswith(".parquet"):
            pq.write_table(pa.table({"image": pa.array([picture()], pa.binary())}), root / file)
        else:
            save = np.save if file.endswith(".npy") else np.savez
            save(root / file, np.zeros((3, 8, 8), np.uint8))
    name(monkeypatch, root if expected else root / files[0])
    assert list(offered()) == (expected or files)


def test_a_saved_data_set_that_is_named(tmp_path: Path, picture: Picture, monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    datasets.disable_progress_bars()
    rows = datasets.Dataset.from_dict({"image": [{"bytes": picture(), "path": None}]})
    datasets.DatasetDict({"train": rows, "test": rows}).save_to_disk(tmp_path / "saved")
    name(monkeypatch, tmp_path / "saved", tmp_path / "missing")
    assert list(offered()) == ["saved"]
