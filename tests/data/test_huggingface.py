"""Folders of Hugging Face's `datasets`: saved to disk, Arrow files. No network, no code."""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path

import datasets
import numpy as np
import pytest
from datasets import ClassLabel, Dataset, DatasetDict, Features, Image, Value

from explorer.data.huggingface import is_saved_to_disk, loaded_files, saved_to_disk
from explorer.data.reading import ImageSet
from explorer.data.store import Sample
from explorer.errors import ExplorerError
from explorer.images import read_image, to_square

SHAPE = (1, 8, 8)
Picture = Callable[..., bytes]


@pytest.fixture(autouse=True)
def quiet() -> None:
    datasets.disable_progress_bars()


def dataset(picture: Picture, count: int, first: int = 0) -> Dataset:
    features = Features({"image": Image(), "label": ClassLabel(names=["cat", "dog"])})
    rows = {
        "image": [{"bytes": picture(first + number), "path": f"{number}.png"} for number in range(count)],
        "label": [number % 2 for number in range(count)],
    }
    return Dataset.from_dict(rows, features)


def read_all(images: ImageSet) -> list[Sample]:
    return list(images.read(range(images.count), SHAPE))


def test_saved_to_disk(tmp_path: Path, picture: Picture) -> None:
    dataset(picture, 5).save_to_disk(tmp_path / "set")
    assert is_saved_to_disk(tmp_path / "set")
    images = saved_to_disk(tmp_path / "set", "all")
    samples = read_all(images)
    assert (images.title, images.label_names, images.division) == ("set", ("cat", "dog"), None)
    assert [sample.label for sample in samples] == [0, 1, 0, 1, 0]
    assert [sample.name for sample in samples] == [f"{number}.png" for number in range(5)]
    assert (samples[3].pixels == to_square(read_image(picture(3)), SHAPE)).all()
    assert [sample.name for sample in images.read([1, 4], SHAPE)] == ["1.png", "4.png"]


def test_selected_and_shuffled_rows(tmp_path: Path, picture: Picture) -> None:
    dataset(picture, 9).select([7, 3, 5]).save_to_disk(tmp_path / "set")
    assert [sample.name for sample in read_all(saved_to_disk(tmp_path / "set", "all"))] == ["7.png", "3.png", "5.png"]


@pytest.mark.parametrize(
    ("train", "held_out"),
    [("train", "validation"), ("train", "test"), ("Train", "Test"), ("a_train", "a_eval")],
)
def test_parts(tmp_path: Path, picture: Picture, train: str, held_out: str) -> None:
    DatasetDict({train: dataset(picture, 4), held_out: dataset(picture, 3, 10)}).save_to_disk(tmp_path / "set")
    counts = [saved_to_disk(tmp_path / "set", split).count for split in ("train", "validation", "all")]
    assert counts == [4, 3, 7]
    division = saved_to_disk(tmp_path / "set", "train").division
    assert division is not None
    assert division.sentence == f"4 images for training, 3 for validation, from {train} and {held_out}."


def test_parts_by_a_column(tmp_path: Path, picture: Picture) -> None:
    rows = dataset(picture, 5).add_column("split", ["train", "train", "val", "train", "val"])
    rows.save_to_disk(tmp_path / "set")
    images = saved_to_disk(tmp_path / "set", "validation")
    assert [sample.name for sample in read_all(images)] == ["2.png", "4.png"]
    assert images.division is not None
    assert images.division.sentence == "3 images for training, 2 for validation, from train and val."


def test_an_only_part_is_everything(tmp_path: Path, picture: Picture) -> None:
    DatasetDict({"train": dataset(picture, 4)}).save_to_disk(tmp_path / "set")
    images = saved_to_disk(tmp_path / "set", "validation")
    assert (images.count, images.division) == (4, None)


def test_damaged(tmp_path: Path, picture: Picture) -> None:
    dataset(picture, 5).save_to_disk(tmp_path / "set")
    (tmp_path / "set" / "state.json").write_text("{")
    with pytest.raises(ExplorerError, match="set is damaged: it cannot be loaded from disk"):
        saved_to_disk(tmp_path / "set", "all")


def test_without_images(tmp_path: Path) -> None:
    Dataset.from_dict({"text": ["a"]}, Features({"text": Value("string")})).save_to_disk(tmp_path / "set")
    with pytest.raises(ExplorerError, match="no column of image files"):
        saved_to_disk(tmp_path / "set", "all")


def test_other_folders(tmp_path: Path) -> None:
    assert not is_saved_to_disk(tmp_path)
    assert not is_saved_to_disk(tmp_path / "none")


def arrow_file(path: Path, rows: Dataset) -> Path:
    rows.save_to_disk(path.with_suffix(".folder"))
    (source,) = path.with_suffix(".folder").glob("*.arrow")
    return source.rename(path)


def test_arrow_files(tmp_path: Path, picture: Picture, home: Path) -> None:
    files = [
        arrow_file(tmp_path / "Train-0.arrow", dataset(picture, 4)),
        arrow_file(tmp_path / "Test-0.arrow", dataset(picture, 2)),
    ]
    images = loaded_files("Test", files, "train")
    assert images.count == 4
    assert images.division is not None
    assert images.division.sentence == "4 images for training, 2 for validation, from Train-0 and Test-0."
    assert (read_all(images)[2].pixels == to_square(read_image(picture(2)), SHAPE)).all()
    assert loaded_files("Test", files, "all").count == 6
    del images
    gc.collect()
    assert not list((home / "stores").iterdir())


def test_damaged_files(tmp_path: Path, home: Path) -> None:
    (tmp_path / "a.arrow").write_bytes(b"nothing of the kind")
    with pytest.raises(ExplorerError, match="Test is damaged: it cannot be loaded"):
        loaded_files("Test", [tmp_path / "a.arrow"], "all")
    assert not list((home / "stores").iterdir())


def test_offsets_that_lead_out_of_the_file(tmp_path: Path, picture: Picture) -> None:
    """The file is mapped: nobody else looks whether a value lies in it."""
    dataset(picture, 5).save_to_disk(tmp_path / "set")
    (path,) = (tmp_path / "set").glob("*.arrow")
    lengths = [len(row["image"]["bytes"]) for row in dataset(picture, 5).with_format("arrow")[:].to_pylist()]
    offsets = np.cumsum([0, *lengths]).astype("<i4").tobytes()
    data = path.read_bytes()
    assert data.count(offsets) == 1
    far = offsets[:8] + b"\xff\xff\xff\x7f" * 2 + offsets[16:]
    path.write_bytes(data.replace(offsets, far))
    with pytest.raises(ExplorerError, match="damaged"):
        list(saved_to_disk(tmp_path / "set", "all").read(range(5), (1, 8, 8)))
