"""Downsampled ImageNet: files as they are released, in both forms; order, labels, parts, damage, memory, and a kill."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from explorer.data.imagenet import downsampled_imagenet, imagenet_files, is_imagenet_file
from explorer.data.offered import list_datasets
from explorer.data.sources import open_dataset
from explorer.data.store import verify_store
from explorer.errors import ExplorerError

ROOT = Path(__file__).parents[2]
SIDE = 8
SHAPE = (3, SIDE, SIDE)

Content = dict[str, object]
Save = Callable[[Path, str, Content], Path]


def batch(seed: int, count: int, side: int = SIDE) -> Content:
    rng = np.random.default_rng(seed)
    data = rng.integers(0, 256, (count, 3 * side**2), dtype=np.uint8)
    return {"data": data, "labels": rng.integers(1, 1001, count).tolist(), "mean": data.mean(0)}


def save_npz(folder: Path, name: str, content: Content) -> Path:
    np.savez(folder / f"{name}.npz", **content)
    return folder / f"{name}.npz"


def save_compressed(folder: Path, name: str, content: Content) -> Path:
    np.savez_compressed(folder / f"{name}.npz", **content)
    return folder / f"{name}.npz"


def pickled(protocol: int) -> Save:
    def save(folder: Path, name: str, content: Content) -> Path:
        (folder / name).write_bytes(pickle.dumps(content, protocol))
        return folder / name

    return save


FORMS = {"npz": save_npz, "compressed": save_compressed} | {f"pickle {n}": pickled(n) for n in (2, 3, 4)}


@pytest.fixture(params=FORMS)
def save(request: pytest.FixtureRequest) -> Save:
    return FORMS[request.param]


def release(folder: Path, save: Save, numbers: range = range(1, 11)) -> tuple[list[Content], Content]:
    """A folder as it is released: batches of unequal size, and validation without a mean."""
    folder.mkdir()
    batches = [batch(number, 3 + number) for number in numbers]
    validation = batch(0, 9)
    del validation["mean"]
    for number, content in reversed(list(zip(numbers, batches, strict=True))):
        save(folder, f"train_data_batch_{number}", content)
    save(folder, "val_data", validation)
    return batches, validation


def images_of(*contents: Content) -> np.ndarray:
    return np.concatenate([content["data"] for content in contents]).reshape(-1, *SHAPE)


def labels_of(*contents: Content) -> list[int]:
    return [label - 1 for content in contents for label in content["labels"]]


def test_a_release(tmp_path: Path, save: Save) -> None:
    batches, validation = release(tmp_path / "Imagenet8", save)
    spec = str(tmp_path / "Imagenet8")
    for split, contents in (("train", batches), ("validation", [validation]), ("all", [*batches, validation])):
        store = open_dataset(spec, SHAPE, split)
        assert (store.pixels == images_of(*contents)).all()
        assert store.labels.tolist() == labels_of(*contents)
        assert (store.name, store.label_names, store.skipped) == ("Imagenet8", [], ())
        assert store.label_name(3) == str(labels_of(*contents)[3])
        assert store.names[-1] == str(len(store) - 1)


def test_batches_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    release(tmp_path / "set", save_npz)
    names = [path.stem for path in imagenet_files(tmp_path / "set")]
    assert names == [*(f"train_data_batch_{number}" for number in range(1, 11)), "val_data"]


def test_a_limit_and_another_size(tmp_path: Path, save: Save) -> None:
    batches, _ = release(tmp_path / "set", save)
    train = images_of(*batches)
    chosen = [i * len(train) // 20 for i in range(20)]
    store = open_dataset(str(tmp_path / "set"), SHAPE, "train", limit=20)
    assert (store.pixels == train[chosen]).all()
    assert store.names[7] == str(chosen[7])
    small = open_dataset(str(tmp_path / "set"), (3, 4, 4), "train").pixels
    assert np.abs(small - train.reshape(-1, 3, 4, 2, 4, 2).mean((3, 5))).max() <= 1
    gray = open_dataset(str(tmp_path / "set"), (1, SIDE, SIDE), "train").pixels[:, 0]
    assert np.abs(gray - train.transpose(0, 2, 3, 1) @ [0.299, 0.587, 0.114]).max() <= 1


def test_one_file_alone_has_no_parts_of_its_own(tmp_path: Path, save: Save) -> None:
    content = batch(0, 60)
    path = save(tmp_path, "train_data_batch_7", content)
    save(tmp_path, "val_data", batch(1, 5))
    assert (open_dataset(str(path), SHAPE, "all").pixels == images_of(content)).all()
    assert [len(open_dataset(str(path), SHAPE, split)) for split in ("train", "validation")] == [54, 6]
    assert open_dataset(str(path), SHAPE).name == "train_data_batch_7"


def test_a_part_alone_is_no_split(tmp_path: Path) -> None:
    save_npz(tmp_path, "train_data_batch_2", batch(0, 30))
    save_npz(tmp_path, "train_data_batch_10", batch(1, 30))
    assert [len(open_dataset(str(tmp_path), SHAPE, split)) for split in ("train", "validation", "all")] == [54, 6, 60]


@pytest.mark.parametrize("as_array", [np.int64, np.int32, np.uint8, ">i2"])
def test_labels_may_be_an_array(tmp_path: Path, save: Save, as_array: object) -> None:
    content = batch(0, 7)
    content["labels"] = np.arange(1, 8).astype(as_array)
    store = open_dataset(str(save(tmp_path, "val_data", content)), SHAPE, "all")
    assert store.labels.tolist() == list(range(7))


def test_a_batch_in_both_forms_is_read_once(tmp_path: Path) -> None:
    for save in (save_npz, pickled(4)):
        save(tmp_path, "train_data_batch_1", batch(1, 5))
    assert [path.name for path in imagenet_files(tmp_path)] == ["train_data_batch_1.npz"]


def test_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    outside = save_npz(tmp_path, "private", batch(0, 5))
    inside = save_npz(tmp_path / "set", "mine", batch(0, 5))
    (tmp_path / "set" / "train_data_batch_1.npz").symlink_to(outside)
    (tmp_path / "set" / "val_data.npz").symlink_to(inside)
    assert [path.name for path in imagenet_files(tmp_path / "set")] == ["train_data_batch_1.npz", "val_data.npz"]


@pytest.mark.parametrize(
    "name", ["train_data_batch_11", "train_data_batch_0", "train_data_batch_1.txt", "val_data.npy", "data"]
)
def test_other_names(name: str) -> None:
    assert not is_imagenet_file(Path(name))


def test_single_files_are_offered(home: Path) -> None:
    (home / "datasets").mkdir(parents=True)
    path = pickled(4)(home / "datasets", "val_data", batch(0, 5))
    assert list_datasets()[-1].spec == str(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"data": np.zeros((5, 3 * 64 + 3), np.uint8)}, r"data are uint8 \(5, 195\), not uint8 \(N, 3 S\^2\)"),
        ({"data": np.zeros((5, 64), np.uint8)}, "not uint8"),
        ({"data": np.zeros((5, 3, 8, 8), np.uint8)}, "not uint8"),
        ({"data": np.zeros((5, 192), np.float32)}, "data are float32"),
        ({"data": np.zeros((5, 0), np.uint8)}, "not uint8|asks for __builtin__.bytes"),
    ],
)
def test_other_contents(tmp_path: Path, save: Save, change: Content, message: str) -> None:
    content = {key: value for key, value in (batch(0, 5) | change).items() if value is not None}
    path = save(tmp_path, "val_data", content)
    with pytest.raises(ExplorerError, match=message):
        open_dataset(str(path), SHAPE, "all")


@pytest.mark.parametrize("labels", [[0, 1, 2, 3, 4], [1, 2, 3, 4, 2**40], [1, 2, 3], np.ones(5), None])
def test_other_labels_are_not_used_and_the_images_are_read(tmp_path: Path, save: Save, labels: object) -> None:
    content = batch(0, 5)
    content.pop("labels")
    path = save(tmp_path, "val_data", content if labels is None else content | {"labels": labels})
    store = open_dataset(str(path), SHAPE, "all")
    assert (store.pixels == images_of(content)).all()
    assert set(store.labels.tolist()) == {-1}
    assert store.notes == (f"The labels in {path.name} are not used: they are not one whole number from 1 per image.",)


@pytest.mark.parametrize("content", [{"labels": [1, 2]}, {"data": [1, 2], "labels": [1, 2]}, {}])
def test_pickles_without_images(tmp_path: Path, content: Content) -> None:
    path = pickled(4)(tmp_path, "val_data", content)
    with pytest.raises(ExplorerError, match="has no array 'data'"):
        open_dataset(str(path), SHAPE)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_truncated(tmp_path: Path, save: Save, share: float, home: Path) -> None:
    path = save(tmp_path, "val_data", batch(0, 50))
    os.truncate(path, int(path.stat().st_size * share))
    with pytest.raises(ExplorerError, match=r"val_data.* (damaged|refused)"):
        open_dataset(str(path), SHAPE, "all")
    assert not list((home / "stores").glob("*"))


def test_a_file_that_becomes_shorter_while_it_is_read(tmp_path: Path, save: Save) -> None:
    path = save(tmp_path, "val_data", batch(0, 50))
    images = downsampled_imagenet("set", [path], "all")
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(ExplorerError, match=r"damaged or truncated.*Download it again"):
        list(images.read(range(50), SHAPE))


class Bomb:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("name", ["train_data_batch_1", "train_data_batch_1.npz"])
def test_hostile_pickles_do_nothing(tmp_path: Path, name: str) -> None:
    content = {"data": np.array([Bomb(tmp_path / "mark")], dtype=object), "labels": [1]}
    (tmp_path / "set").mkdir()
    if name.endswith(".npz"):
        np.savez(tmp_path / "set" / name, **content)
    else:
        (tmp_path / "set" / name).write_bytes(pickle.dumps(content))
    with pytest.raises(ExplorerError, match="train_data_batch_1"):
        open_dataset(str(tmp_path / "set"), SHAPE)
    assert not (tmp_path / "mark").exists()


def test_building_takes_no_memory_for_the_images(tmp_path: Path, save: Save) -> None:
    content = batch(0, 3000, side=64)
    path = save(tmp_path, "val_data", content)
    del content
    tracemalloc.start()
    try:
        store = open_dataset(str(path), (3, 64, 64), "all")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert store.pixels.nbytes > 36e6
    assert peak < 4e6


_BUILD = """
import sys, time
from explorer.data.sources import open_dataset
open_dataset(sys.argv[1], (3, 8, 8), "train", progress=lambda done, total: time.sleep(0.1))
"""


def test_a_killed_build_goes_on(tmp_path: Path, home: Path) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    contents = [batch(number, 640) for number in range(1, 11)]
    for number, content in enumerate(contents, 1):
        (save_compressed if number % 2 else pickled(2))(folder, f"train_data_batch_{number}", content)
    save_npz(folder, "val_data", batch(0, 5))
    with subprocess.Popen([sys.executable, "-c", _BUILD, str(folder)], cwd=ROOT) as builder:
        until = time.monotonic() + 60
        while not any(path.read_bytes().count(b"\n") > 700 for path in (home / "stores").glob(".*.part/*.jsonl")):
            assert time.monotonic() < until, "nothing was built in a minute"
            time.sleep(0.05)
        builder.send_signal(signal.SIGKILL)
    assert [path.suffix for path in (home / "stores").iterdir() if path.is_dir()] == [".part"]
    calls: list[int] = []
    store = open_dataset(str(folder), SHAPE, "train", progress=lambda done, _: calls.append(done))
    assert 640 < min(calls) < 6400
    assert (store.pixels == images_of(*contents)).all()
    assert store.labels.tolist() == labels_of(*contents)
    verify_store(store)
