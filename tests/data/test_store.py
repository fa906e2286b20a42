"""Stores: what is written is read back, and damage is found."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from explorer.data.building import write_store
from explorer.data.store import Sample, Store, open_store, verify_store
from explorer.errors import ExplorerError

SHAPE = (1, 4, 4)
PIXELS = np.random.default_rng(0).integers(0, 256, (10, *SHAPE), dtype=np.uint8)


def samples(count: int = 10) -> list[Sample]:
    return [Sample(PIXELS[number], number % 3, f"image {number}") for number in range(count)]


def write(folder: Path, images: list[Sample] | None = None, **options: object) -> Store:
    listed = samples() if images is None else images
    return write_store(folder, "Test", lambda done: listed[done:], SHAPE, **options)


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


def test_pixels_cannot_be_changed(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="read-only"):
        write(tmp_path / "one").pixels[0] = 0


def test_names_and_labels_are_optional(tmp_path: Path) -> None:
    store = write(tmp_path / "one", [Sample(pixels) for pixels in PIXELS])
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
    relabeled = [sample._replace(label=0) for sample in samples()]
    assert write(tmp_path / "four", relabeled).fingerprint != first.fingerprint
    changed = PIXELS.copy()
    changed[9, 0, 3, 3] ^= 1
    images = [Sample(pixels, number % 3) for number, pixels in enumerate(changed)]
    assert write(tmp_path / "five", images).fingerprint != first.fingerprint


def test_fingerprint_stays_as_it_was(tmp_path: Path) -> None:
    """Catalogs that ship know their stores by it."""
    pixels = np.arange(48, dtype=np.uint8).reshape(3, *SHAPE)
    store = write(tmp_path / "one", [Sample(image, number - 1) for number, image in enumerate(pixels)])
    assert store.fingerprint == "068b179d1640f626"


def test_names_that_are_numbers_take_no_memory(tmp_path: Path) -> None:
    named = [Sample(PIXELS[number], -1, str(number)) for number in range(10)]
    for folder, images in (("one", named), ("two", [Sample(pixels) for pixels in PIXELS])):
        store = write(tmp_path / folder, images)
        assert '"names": null' in (tmp_path / folder / "store.json").read_text()
        assert list(store.names) == [str(number) for number in range(10)]
        assert store.names[-1] == "9"
        with pytest.raises(IndexError):
            store.names[10]
    assert list(write(tmp_path / "three", named[1:]).names) == [str(number) for number in range(1, 10)]


def test_verify(tmp_path: Path) -> None:
    store = write(tmp_path / "one")
    verify_store(store)
    verify_store(open_store(tmp_path / "one"))


@pytest.mark.parametrize("name", ["pixels.npy", "labels.npy"])
def test_one_wrong_bit_is_found(tmp_path: Path, name: str) -> None:
    store = write(tmp_path / "one")
    with open(tmp_path / "one" / name, "rb+") as file:
        file.seek(-5, os.SEEK_END)
        byte = file.read(1)[0]
        file.seek(-5, os.SEEK_END)
        file.write(bytes([byte ^ 1]))
    for damaged in (store, open_store(tmp_path / "one")):
        with pytest.raises(ExplorerError, match=f"have the fingerprint .* had {store.fingerprint}"):
            verify_store(damaged)


def test_verify_a_store_that_is_gone(tmp_path: Path) -> None:
    store = write(tmp_path / "one")
    (tmp_path / "one" / "labels.npy").write_bytes(b"")
    with pytest.raises(ExplorerError, match="cannot be read"):
        verify_store(store)


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


def damage_append_pixels(folder: Path) -> None:
    with open(folder / "pixels.npy", "ab") as file:
        file.write(b"0")


@pytest.mark.parametrize("damage", [value for name, value in sorted(globals().items()) if name.startswith("damage_")])
def test_a_damaged_store_is_refused_and_replaced_by_a_new_one(tmp_path: Path, damage) -> None:
    write(tmp_path / "one")
    damage(tmp_path / "one")
    with pytest.raises(ExplorerError, match="build it again"):
        open_store(tmp_path / "one")
    assert (write(tmp_path / "one").pixels == PIXELS).all()
    verify_store(open_store(tmp_path / "one"))


def test_missing_store(tmp_path: Path) -> None:
    with pytest.raises(ExplorerError, match="missing or damaged"):
        open_store(tmp_path / "none")


@pytest.mark.parametrize("name", ["pixels.npy", "labels.npy"])
@pytest.mark.parametrize(
    "damage", ["archive", "brackets", "unhashable", "objects", "another type"], ids=lambda damage: damage
)
def test_arrays_that_are_something_else(tmp_path: Path, name: str, damage: str) -> None:
    path = write(tmp_path / "one").folder / name
    headers = {"brackets": b"(" * 9000, "unhashable": b"{{}: 1}"}
    if damage in headers:
        path.write_bytes(b"\x93NUMPY\x01\x00" + len(headers[damage]).to_bytes(2, "little") + headers[damage])
    elif damage == "archive":
        with open(path, "wb") as file:
            np.savez(file, x=PIXELS)
    else:
        np.save(path, np.array(["a"], object if damage == "objects" else "U1"))
    with pytest.raises(ExplorerError, match="Remove it and build it again") as caught:
        open_store(path.parent)
    assert len(str(caught.value)) < 600
