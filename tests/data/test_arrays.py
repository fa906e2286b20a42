"""NumPy files: every layout that is documented, and a sentence for everything else."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from explorer.data.arrays import array_file
from explorer.data.store import Sample
from explorer.errors import ExplorerError

RNG = np.random.default_rng(0)
GRAY = RNG.integers(0, 256, (6, 8, 8), dtype=np.uint8)
LABELS = {".npy": {}, ".npz": {"labels": np.arange(6)}}
COLOR = RNG.integers(0, 256, (6, 8, 8, 3), dtype=np.uint8)


def save(path: Path, array: np.ndarray, **others: np.ndarray) -> Path:
    if path.suffix == ".npy":
        np.save(path, array)
    else:
        np.savez_compressed(path, images=array, **others)
    return path


def read_all(path: Path, shape: tuple[int, int, int] = (1, 8, 8)) -> list[Sample]:
    images = array_file(path)
    return list(images.read(range(images.count), shape))


def pixels_of(path: Path, shape: tuple[int, int, int] = (1, 8, 8)) -> np.ndarray:
    return np.stack([sample.pixels for sample in read_all(path, shape)])


@pytest.fixture(params=["a.npy", "a.npz"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / request.param


def test_gray(path: Path) -> None:
    assert (pixels_of(save(path, GRAY)) == GRAY[:, None]).all()


@pytest.mark.parametrize("axis", [1, 3])
def test_channels_first_and_last(path: Path, axis: int) -> None:
    assert (pixels_of(save(path, np.moveaxis(COLOR, 3, axis)), (3, 8, 8)) == COLOR.transpose(0, 3, 1, 2)).all()
    assert (pixels_of(save(path, np.expand_dims(GRAY, axis))) == GRAY[:, None]).all()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, ">f4"])
def test_floats_in_the_unit_interval(path: Path, dtype: object) -> None:
    assert (pixels_of(save(path, (GRAY / 255).astype(dtype))) == GRAY[:, None]).all()


def test_memory_order_of_columns_first_in_npy(tmp_path: Path) -> None:
    assert (pixels_of(save(tmp_path / "a.npy", np.asfortranarray(GRAY))) == GRAY[:, None]).all()


def test_other_sizes_are_shrunk(path: Path) -> None:
    means = GRAY.reshape(6, 4, 2, 4, 2).mean((2, 4))
    assert np.abs(pixels_of(save(path, GRAY), (1, 4, 4))[:, 0] - means).max() <= 1


def test_any_increasing_numbers_can_be_read(path: Path) -> None:
    images = array_file(save(path, GRAY))
    picked = list(images.read([1, 2, 5], (1, 8, 8)))
    assert [sample.name for sample in picked] == ["1", "2", "5"]
    assert (np.stack([sample.pixels[0] for sample in picked]) == GRAY[[1, 2, 5]]).all()


@pytest.mark.parametrize("key", ["labels", "y"])
@pytest.mark.parametrize("shape", [(6,), (6, 1)])
def test_labels(tmp_path: Path, key: str, shape: tuple[int, ...]) -> None:
    file = save(tmp_path / "a.npz", GRAY, **{key: np.arange(6).reshape(shape)})
    assert [sample.label for sample in read_all(file)] == list(range(6))


def test_without_labels(path: Path) -> None:
    assert {sample.label for sample in read_all(save(path, GRAY))} == {-1}


def test_the_only_array_may_have_any_name(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", faces=GRAY, labels=np.arange(6))
    assert array_file(tmp_path / "a.npz").count == 6


def test_several_arrays_need_a_name(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", one=GRAY, two=GRAY)
    with pytest.raises(ExplorerError, match="has the arrays one, two"):
        array_file(tmp_path / "a.npz")
    np.savez(tmp_path / "a.npz")
    with pytest.raises(ExplorerError, match="has the arrays none"):
        array_file(tmp_path / "a.npz")


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_not_finite(path: Path, bad: float) -> None:
    values = GRAY / 255
    values[3, 0, 0] = bad
    with pytest.raises(ExplorerError, match=r"Image 3 of .* not finite"):
        read_all(save(path, values))


@pytest.mark.parametrize("bad", [-0.1, 1.1, 255.0])
def test_values_outside_the_unit_interval(path: Path, bad: float) -> None:
    values = GRAY / 255
    values[2, 0, 0] = bad
    with pytest.raises(ExplorerError, match=r"Image 2 of .* outside \[0, 1\]"):
        read_all(save(path, values))


@pytest.mark.parametrize("dtype", [np.int64, np.uint16, np.bool_, np.complex64, "U3"])
def test_other_types(path: Path, dtype: object) -> None:
    with pytest.raises(ExplorerError, match="holds numbers of type"):
        array_file(save(path, GRAY.astype(dtype)))


@pytest.mark.parametrize("shape", [(8, 8), (6, 8, 8, 2), (6, 8, 8, 4), (6,), (), (6, 0, 8), (2, 3, 8, 8, 3)])
def test_other_shapes(path: Path, shape: tuple[int, ...]) -> None:
    with pytest.raises(ExplorerError, match="has shape"):
        array_file(save(path, np.zeros(shape, np.uint8)))


def test_pickled_objects_are_never_loaded(path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple:
            return pytest.fail, ("a pickle was loaded",)

    with pytest.raises(ExplorerError):
        array_file(save(path, np.array([Bomb()] * 3, dtype=object)))


def test_pickled_labels_are_never_loaded(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple:
            return pytest.fail, ("a pickle was loaded",)

    images = array_file(save(tmp_path / "a.npz", GRAY, labels=np.array([Bomb()] * 6, dtype=object)))
    assert images.count == 6
    assert "it holds Python objects" in images.notes[0]


@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.95])
def test_truncated(path: Path, share: float) -> None:
    data = save(path, RNG.integers(0, 256, (50, 8, 8), dtype=np.uint8)).read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(ExplorerError, match=r"(damaged|not a NumPy file)"):
        read_all(path)


def test_something_else(path: Path) -> None:
    path.write_text("not an array at all")
    with pytest.raises(ExplorerError, match="not a NumPy file"):
        array_file(path)


def test_a_header_that_promises_too_much(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive, archive.open("images.npy", "w") as member:
        np.lib.format.write_array_header_1_0(member, {"descr": "|u1", "fortran_order": False, "shape": (10**12, 8, 8)})
    with pytest.raises(ExplorerError, match="fewer numbers than its header says"):
        array_file(tmp_path / "a.npz")


def test_damaged_in_the_middle(tmp_path: Path) -> None:
    path = save(tmp_path / "a.npz", RNG.integers(0, 256, (50, 32, 32), dtype=np.uint8))
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 50] = bytes(50)
    path.write_bytes(data)
    with pytest.raises(ExplorerError, match="damaged"):
        read_all(path)


def test_any_damage_is_a_sentence(path: Path) -> None:
    whole = save(
        path, np.arange(6 * 16 * 16).astype(np.uint8).reshape(6, 16, 16) // 7, **LABELS[path.suffix]
    ).read_bytes()
    rng = np.random.default_rng(0)
    outcomes = {"read": 0, "refused": 0}
    for _ in range(400):
        data = bytearray(whole)
        start = rng.integers(len(data))
        data[start : start + 5] = rng.bytes(len(data[start : start + 5]))
        path.write_bytes(data)
        try:
            read_all(path)
            outcomes["read"] += 1
        except ExplorerError:
            outcomes["refused"] += 1
    assert min(outcomes.values()) > 10


@pytest.mark.parametrize("shape", [(1, 2**20, 2**20), (1, 10**9, 8, 3)])
def test_images_of_absurd_size(tmp_path: Path, shape: tuple[int, ...]) -> None:
    with open(tmp_path / "a.npy", "wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})
        file.truncate(file.tell() + int(np.prod(shape)))  # it has no blocks on the disk
    with pytest.raises(ExplorerError, match="too large"):
        array_file(tmp_path / "a.npy")


def test_labels_that_promise_too_much(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        with archive.open("images.npy", "w") as member:
            np.save(member, GRAY)
        with archive.open("labels.npy", "w") as member:
            header = {"descr": "<i8", "fortran_order": False, "shape": (10**12,)}
            np.lib.format.write_array_header_1_0(member, header)
    assert "its shape is (1000000000000,), for 6 images" in array_file(tmp_path / "a.npz").notes[0]


def with_header(path: Path, header: bytes) -> Path:
    """A .npy file that describes itself so."""
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(1000))
    return path


@pytest.mark.parametrize(
    "header", [b"{{}: 1}", b"(" * 9000, b"{'descr': " * 900, b"{'descr': '|u1', 'shape': (", b"\n", b"x" * 60_000]
)
def test_a_header_that_is_no_literal(tmp_path: Path, header: bytes) -> None:
    with pytest.raises(ExplorerError, match="damaged or not a NumPy file") as caught:
        array_file(with_header(tmp_path / "a.npy", header))
    assert len(str(caught.value)) < 400


def test_an_archive_that_is_called_an_array(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=GRAY)
    (tmp_path / "a.npz").rename(tmp_path / "a.npy")
    with pytest.raises(ExplorerError, match="damaged or not a NumPy file"):
        array_file(tmp_path / "a.npy")
