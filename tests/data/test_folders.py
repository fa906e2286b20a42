"""Folders of image files: order, labels, bad files, parts."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile

from explorer.data.chosen_scales import choose_scale, chosen_scale
from explorer.data.folders import image_folder
from explorer.data.sources import open_dataset
from explorer.data.store import Sample
from explorer.decoding import MAX_UPLOAD_BYTES
from explorer.errors import ExplorerError
from explorer.images import read_image, to_square
from explorer.scales import Scale

SHAPE = (1, 8, 8)
Picture = Callable[..., bytes]


@pytest.fixture
def folder(tmp_path: Path, picture: Picture) -> Path:
    root = tmp_path / "set"
    for number, name in enumerate(["cats/2.png", "cats/1.PNG", "dogs/small/a.jpg", "top.png", "dogs/b.webp"]):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture(number))
    (root / "notes.txt").write_text("not an image, and not offered as one")
    return root


def read_all(folder: Path, split: str = "all") -> list[Sample]:
    images = image_folder(folder, split)
    return list(images.read(range(images.count), SHAPE))


def test_recursive_and_labeled_by_folder(folder: Path, picture: Picture) -> None:
    images = image_folder(folder, "all")
    samples = sorted(read_all(folder), key=lambda sample: (sample.label, sample.name))
    assert images.title == "set"
    assert images.label_names == ("cats", "dogs", "dogs/small")
    assert [sample.name for sample in samples] == [
        "top.png",
        "cats/1.PNG",
        "cats/2.png",
        "dogs/b.webp",
        "dogs/small/a.jpg",
    ]
    assert [sample.label for sample in samples] == [-1, 0, 0, 1, 2]
    assert (samples[1].pixels == to_square(read_image(picture(1)), SHAPE)).all()
    assert images.division is None


def test_the_first_images_are_of_all_labels(tmp_path: Path, picture: Picture) -> None:
    for label in "abcd":
        (tmp_path / label).mkdir()
        for number in range(50):
            (tmp_path / label / f"{number}.png").write_bytes(picture(number))
    samples = read_all(tmp_path)
    counts = np.bincount([sample.label for sample in samples[:100]])
    assert counts.min() >= 15  # 25 is expected; so few are drawn once in ten thousand times
    (tmp_path / "a" / "new.png").write_bytes(picture())
    more = [sample.name for sample in read_all(tmp_path)]
    more.remove("a/new.png")
    assert more == [sample.name for sample in samples]


def test_what_wide_values_are_taken_for_is_kept_with_the_images(tmp_path: Path) -> None:
    folder = tmp_path / "cells"
    folder.mkdir()
    values = np.add.outer(np.arange(16), np.arange(16)) / 30
    for number in range(2):
        tifffile.imwrite(folder / f"{number}.tif", values.astype(np.float32))
    tifffile.imwrite(folder / "dark.tif", (values * 4095).astype(np.uint16))
    images = open_dataset(str(folder), SHAPE, "all")
    assert images.skipped == ("dark.tif",)
    assert "2 images hold 32-bit floats: 0 is taken for black and 1 for white." in images.notes
    assert "1 image holds 16-bit integers, left out: white may be 4,095 or 65,535." in images.notes


def test_the_scale_that_is_chosen_for_a_data_set(tmp_path: Path, home: Path) -> None:
    values = np.add.outer(np.arange(8), np.arange(8)) / 14
    pixels = np.rint(values * 255)
    twelve = (values * 4095).round().astype(np.uint16)
    (tmp_path / "cells").mkdir()
    tifffile.imwrite(tmp_path / "cells" / "a.tif", twelve)
    np.save(tmp_path / "cells.npy", twelve)
    for name in ("cells", "cells.npy"):
        data = str(tmp_path / name)
        with pytest.raises(ExplorerError, match=r"white may be 4,095 or 65,535"):
            open_dataset(data, SHAPE, "all")
        choose_scale(data, Scale(0, 4095))
        assert np.abs(open_dataset(data, SHAPE, "all").pixels[0, 0] - pixels).max() <= 1
        choose_scale(data, Scale(0, 65535))
        assert open_dataset(data, SHAPE, "all").pixels.max() == 16
    for damage in ("", "[1]", "{", json.dumps({data: 7}), json.dumps({data: ["a", None]})):
        (home / "scales.json").write_text(damage)
        assert chosen_scale(data) is None


def test_a_folder_of_which_black_and_white_are_not_known(tmp_path: Path) -> None:
    folder = tmp_path / "cells"
    folder.mkdir()
    tifffile.imwrite(folder / "a.tif", np.add.outer(np.arange(16), np.arange(16)).astype(np.float32) - 9)
    with pytest.raises(
        ExplorerError, match=r"holds 32-bit floats, left out: which values are black and white is not"
    ) as caught:
        open_dataset(str(folder), SHAPE, "all")
    assert "cannot be read as they are" not in str(caught.value).partition("(")[2]
    assert f"python -m explorer store {folder} --size {SHAPE[1]} --white VALUE" in str(caught.value)


def test_bad_files_have_no_pixels(folder: Path, picture: Picture) -> None:
    (folder / "cats" / "empty.png").write_bytes(b"")
    (folder / "cats" / "page.png").write_text("<html>")
    (folder / "cats" / "short.png").write_bytes(picture()[:60])
    with open(folder / "cats" / "huge.png", "wb") as file:
        file.truncate(MAX_UPLOAD_BYTES + 1)
    bad = {sample.name for sample in read_all(folder) if sample.pixels is None}
    assert bad == {"cats/empty.png", "cats/page.png", "cats/short.png", "cats/huge.png"}


def test_a_file_that_disappears_is_skipped(folder: Path) -> None:
    images = image_folder(folder, "all")
    (folder / "top.png").unlink()
    gone = [sample.name for sample in images.read(range(images.count), SHAPE) if sample.pixels is None]
    assert gone == ["top.png"]


def write_parts(root: Path, picture: Picture, counts: dict[str, int]) -> None:
    """Folder -> how many images lie in it."""
    for folder, count in counts.items():
        (root / folder).mkdir(parents=True)
        for number in range(count):
            (root / folder / f"{number}.png").write_bytes(picture(number))


@pytest.mark.parametrize(
    ("train", "held_out"),
    [
        ("train/cats", "validation/cats"),
        ("training/cats", "val/cats"),
        ("Train/cats", "Test/cats"),
        ("Training/cats", "Testing/cats"),
        ("train/cats", "eval/cats"),
        ("images/train2017/cats", "images/val2017/cats"),
        ("cats/train", "cats/test"),
        ("training_set/training_set/cats", "test_set/test_set/cats"),
    ],
)
def test_parts_by_folder(tmp_path: Path, picture: Picture, train: str, held_out: str) -> None:
    label = () if train.startswith("cats") else ("cats",)  # where all images are of cats, that is no label
    write_parts(tmp_path, picture, {train: 3, held_out: 2})
    for split, count in (("train", 3), ("validation", 2), ("all", 5)):
        images = image_folder(tmp_path, split)
        assert (images.count, images.label_names) == (count, label)
        assert images.division is not None
        assert images.division.sentence.startswith("3 images for training, 2 for validation, from ")


def test_parts_by_the_names_of_images(tmp_path: Path, picture: Picture) -> None:
    for number in range(5):
        part = "val" if number > 2 else "train"
        (tmp_path / f"COCO_{part}2014_{number:06}.png").write_bytes(picture(number))
    counts = [image_folder(tmp_path, split).count for split in ("train", "validation", "all")]
    assert counts == [3, 2, 5]


def test_an_image_may_be_called_like_a_part(tmp_path: Path, picture: Picture) -> None:
    for number, name in enumerate(("train_1", "bus_1", "car_1", "test_1")):
        (tmp_path / f"{name}.png").write_bytes(picture(number))
    images = image_folder(tmp_path, "train")
    assert (images.count, images.division) == (4, None)


def test_a_class_may_be_called_like_a_part(tmp_path: Path, picture: Picture) -> None:
    write_parts(tmp_path / "outside", picture, {"cats": 3, "dogs": 3, "test": 2})
    images = image_folder(tmp_path / "outside", "train")
    assert (images.count, images.label_names, images.division) == (8, ("cats", "dogs", "test"), None)
    counts = {f"{part}/{label}": 1 for part in ("train", "test") for label in ("test", "train", "val")}
    write_parts(tmp_path / "inside", picture, counts)
    images = image_folder(tmp_path / "inside", "train")
    assert (images.count, images.label_names) == (3, ("test", "train", "val"))


def test_parts_in_each_class_and_images_in_neither(tmp_path: Path, picture: Picture) -> None:
    write_parts(tmp_path, picture, {"cats/train": 2, "cats/test": 1, "dogs/train": 3, "dogs/test": 1, "dogs/other": 4})
    images = image_folder(tmp_path, "train")
    assert (images.count, images.label_names) == (5, ("cats", "dogs"))
    assert images.division is not None
    assert images.division.sentence == (
        "5 images for training, 2 for validation, from train and test; 4 in neither (other)."
    )
    everything = image_folder(tmp_path, "all")
    assert (everything.count, everything.label_names) == (11, ("cats", "dogs", "dogs/other"))


def test_names_that_are_not_unicode(folder: Path, picture: Picture) -> None:
    path = os.fsencode(folder) + b"/caf\xe9.png"
    with open(path, "wb") as file:
        file.write(picture())
    names = [sample.name for sample in read_all(folder)]
    assert "caf\ufffd.png" in names
    for name in names:
        name.encode("utf-8")
