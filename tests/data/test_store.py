"""Stores: what is written is read back, at any moment the folder is whole or not there."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

import numpy as np
import pytest

from explorer.data import store as store_module
from explorer.data.store import Sample, Store, open_store, write_store
from explorer.errors import ExplorerError

SHAPE = (1, 4, 4)
PIXELS = np.random.default_rng(0).integers(0, 256, (10, *SHAPE), dtype=np.uint8)


def samples(count: int = 10) -> Iterator[Sample]:
    for number in range(count):
        yield Sample(PIXELS[number], number % 3, f"image {number}")


def write(folder: Path, images: Iterator[Sample] | None = None, **options: object) -> Store:
    return write_store(folder, "Test", samples() if images is None else images, SHAPE, **options)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    written = write(tmp_path / "stores" / "one", label_names=["a", "b", "c"], source="somewhere")
    for store in (written, open_store(tmp_path / "stores" / "one")):
        assert len(store) == 10
        assert store.image_shape == SHAPE
        assert isinstance(store.pixels, np.memmap)
        assert (store.pixels == PIXELS).all()
        assert store.labels.dtype == np.int32
        assert store.labels.tolist() == [number % 3 for number in range(10)]
        assert store.names[7] == "image 7"
        assert store.label_name(4) == "b"
        assert (store.name, store.source, store.skipped) == ("Test", "somewhere", ())
    assert [path.name for path in (tmp_path / "stores").iterdir()] == ["one"]


def test_pixels_cannot_be_changed(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="read-only"):
        write(tmp_path / "one").pixels[0] = 0


def test_names_and_labels_are_optional(tmp_path: Path) -> None:
    store = write(tmp_path / "one", (Sample(pixels) for pixels in PIXELS))
    assert store.names[3] == "3"
    assert store.labels.tolist() == [-1] * 10
    assert store.label_name(3) == ""


def test_labels_without_names_are_called_by_their_number(tmp_path: Path) -> None:
    assert write(tmp_path / "one").label_name(5) == "2"


def test_fingerprint_is_that_of_the_contents(tmp_path: Path) -> None:
    first = write(tmp_path / "one")
    assert len(first.fingerprint) == 16
    assert int(first.fingerprint, 16) >= 0
    assert write(tmp_path / "two", source="elsewhere").fingerprint == first.fingerprint
    assert write(tmp_path / "three", samples(9)).fingerprint != first.fingerprint
    relabeled = (sample._replace(label=0) for sample in samples())
    assert write(tmp_path / "four", relabeled).fingerprint != first.fingerprint
    changed = PIXELS.copy()
    changed[9, 0, 3, 3] ^= 1
    images = (Sample(pixels, number % 3) for number, pixels in enumerate(changed))
    assert write(tmp_path / "five", images).fingerprint != first.fingerprint


def test_unreadable_images_are_listed(tmp_path: Path) -> None:
    images = (sample if number != 4 else Sample(None, 0, "bad") for number, sample in enumerate(samples()))
    store = write(tmp_path / "one", images)
    assert len(store) == 9
    assert store.skipped == ("bad",)
    assert store.names[4] == "image 5"
    assert (store.pixels[4] == PIXELS[5]).all()


def test_no_images(tmp_path: Path) -> None:
    with pytest.raises(ExplorerError, match="Test has no images"):
        write(tmp_path / "one", iter([]))
    with pytest.raises(ExplorerError, match=r"None of the 2 images of Test can be read \(a, b\)"):
        write(tmp_path / "one", iter([Sample(None, 0, "a"), Sample(None, 0, "b")]))
    assert not list(tmp_path.iterdir())


def test_wrong_shape_or_type(tmp_path: Path) -> None:
    for pixels in (PIXELS[0][:, :3], PIXELS[0].astype(np.float32)):
        with pytest.raises(ValueError, match="the store uint8"):
            write(tmp_path / "one", iter([Sample(pixels)]))
    assert not list(tmp_path.iterdir())


def test_progress_ends_with_the_number_of_images(tmp_path: Path) -> None:
    calls: list[tuple[int, int | None]] = []
    many = (Sample(PIXELS[number % 10]) for number in range(200))
    write(tmp_path / "one", many, total=200, progress=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (200, 200)
    assert calls == sorted(calls)
    assert len(calls) > 2


def test_an_interrupted_build_leaves_nothing(tmp_path: Path) -> None:
    def interrupted() -> Iterator[Sample]:
        yield from samples(5)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "one", interrupted())
    assert not list(tmp_path.iterdir())


def test_a_whole_store_is_kept(tmp_path: Path) -> None:
    first = write(tmp_path / "one")
    second = write(tmp_path / "one", samples(3))
    assert len(second) == 10
    assert (first.pixels == second.pixels).all()
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


def damage_truncate_pixels(folder: Path) -> None:
    os.truncate(folder / "pixels.npy", 150)


def damage_truncate_header(folder: Path) -> None:
    os.truncate(folder / "pixels.npy", 20)


def damage_remove_labels(folder: Path) -> None:
    (folder / "labels.npy").unlink()


def damage_short_labels(folder: Path) -> None:
    np.save(folder / "labels.npy", np.zeros(3, np.int32))


def damage_pickled_labels(folder: Path) -> None:
    np.save(folder / "labels.npy", np.array([object()] * 10), allow_pickle=True)


def damage_json(folder: Path) -> None:
    (folder / "store.json").write_text('{"name": "Te')


def damage_json_type(folder: Path) -> None:
    (folder / "store.json").write_text("[]")


def damage_empty_pixels(folder: Path) -> None:
    (folder / "pixels.npy").write_bytes(b"")


def damage_version(folder: Path) -> None:
    text = (folder / "store.json").read_text()
    (folder / "store.json").write_text(text.replace('"version": 1', '"version": 2'))


@pytest.mark.parametrize("damage", [value for name, value in sorted(globals().items()) if name.startswith("damage_")])
def test_a_damaged_store_is_refused_and_replaced_by_a_new_one(tmp_path: Path, damage) -> None:
    write(tmp_path / "one")
    damage(tmp_path / "one")
    with pytest.raises(ExplorerError, match="build it again"):
        open_store(tmp_path / "one")
    assert (write(tmp_path / "one").pixels == PIXELS).all()
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


def test_missing_store(tmp_path: Path) -> None:
    with pytest.raises(ExplorerError, match="missing or damaged"):
        open_store(tmp_path / "none")


def test_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(store_module.os, "fsync", full)
    with pytest.raises(ExplorerError, match=r"No space left on device.*Free some space"):
        write(tmp_path / "one")
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_full_disk_in_the_middle_of_the_pixels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def open_full(_: Path, mode: str) -> IO[bytes]:
        return open("/dev/full", mode)

    monkeypatch.setattr(store_module, "open", open_full, raising=False)
    many = (Sample(PIXELS[number % 10]) for number in range(2000))
    with pytest.raises(ExplorerError, match="Free some space"):
        write(tmp_path / "one", many)
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
def test_read_only_folder(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(ExplorerError, match="check the permissions"):
        write(tmp_path / "one")
    tmp_path.chmod(0o700)


def test_parent_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ExplorerError, match="cannot be stored"):
        write(tmp_path / "file" / "one")


def test_another_process_may_finish_first(tmp_path: Path) -> None:
    def overtaken() -> Iterator[Sample]:
        yield from samples(5)
        write(tmp_path / "one", samples(3))

    assert len(write(tmp_path / "one", overtaken())) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


def test_many_writers_at_once(tmp_path: Path) -> None:
    barrier = threading.Barrier(4)

    def build() -> Store:
        def slow() -> Iterator[Sample]:
            for sample in samples():
                time.sleep(0.001)  # so that all are in the middle of it
                yield sample

        barrier.wait()
        return write(tmp_path / "one", slow())

    with ThreadPoolExecutor(4) as pool:
        stores = [future.result() for future in [pool.submit(build) for _ in range(4)]]
    assert all((store.pixels == PIXELS).all() for store in stores)
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


def test_leftovers_of_a_killed_process_are_removed_after_a_day(tmp_path: Path) -> None:
    old, recent, others = (tmp_path / name for name in (".one.1-a.tmp", ".one.2-b.tmp", ".two.1-a.tmp"))
    for folder in (old, recent, others):
        folder.mkdir()
    two_days_ago = time.time() - 2 * 24 * 3600
    os.utime(old, (two_days_ago, two_days_ago))
    os.utime(others, (two_days_ago, two_days_ago))
    write(tmp_path / "one")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".one.2-b.tmp", ".two.1-a.tmp", "one"]
