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


SMOOTH = np.add.outer(np.arange(0, 120, 20), np.add.outer(np.arange(8), np.arange(8)) * 10)
"""Six gray images of 8 x 8 pixels, from 0 to 240."""


@pytest.mark.parametrize("outlier", [-0.1, 1.004, 1.1])
@pytest.mark.parametrize("white", [1, 255, 65535])
def test_a_value_outside_does_not_change_the_scale(path: Path, outlier: float, white: int) -> None:
    values = SMOOTH / 255 * white
    values[2, 0, 0] = outlier * white
    images = array_file(save(path, values))
    found = np.stack([sample.pixels for sample in images.read(range(6), (1, 8, 8))])[:, 0]
    assert (np.delete(found.ravel(), 128) == np.delete(SMOOTH.ravel(), 128)).all()
    assert found[2, 0, 0] == (255 if outlier > 0 else 0)
    (note,) = images.notes
    assert f"holds 64-bit floats: 0 is taken for black and {white:,} for white. Its values reach from" in note


def test_all_images_of_a_file_have_one_scale(path: Path) -> None:
    values = SMOOTH / 255
    values[0] *= 0.01
    assert np.abs(pixels_of(save(path, values * 255))[:, 0] - values * 255).max() <= 0.5


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (SMOOTH / 255 * 2 - 1, "from -1 to 0.8824: which values are black and white is not known. Choose it"),
        (SMOOTH / 15, "from 0 to 16: which values"),
        (SMOOTH // 15, "signed 64-bit integers from 0 to 16: which values"),
        ((SMOOTH * 16).astype(np.uint16), "16-bit integers from 0 to 3,840: white may be 4,095 or 65,535"),
        (np.where(np.arange(384).reshape(6, 8, 8) == 9, 255, SMOOTH / 255), "white may be 1 or 255"),
    ],
)
def test_values_on_no_scale_or_two_are_refused(path: Path, values: np.ndarray, message: str) -> None:
    with pytest.raises(ExplorerError, match=message):
        array_file(save(path, values))


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.int16, np.int32, np.uint32, np.int64, np.uint64, ">i4"])
def test_integers_of_all_widths(path: Path, kind: object) -> None:
    assert (pixels_of(save(path, GRAY.astype(kind)))[:, 0] == GRAY).all()


@pytest.mark.parametrize("kind", [np.uint16, ">u2", np.uint32])
def test_integers_that_fill_their_type(path: Path, kind: object) -> None:
    white = np.iinfo(kind).max // 255
    assert (pixels_of(save(path, GRAY.astype(kind) * np.array(white, kind)))[:, 0] == GRAY).all()


@pytest.mark.parametrize("kind", [np.bool_, np.uint8, np.uint16, np.int64, np.float32])
def test_black_and_white(path: Path, kind: type) -> None:
    images = array_file(save(path, (GRAY > 99).astype(kind)))
    assert (np.stack([s.pixels for s in images.read(range(6), (1, 8, 8))])[:, 0] == 255 * (GRAY > 99)).all()
    assert "0 is taken for black and 1 for white" in images.notes[0]


def test_dark_bytes_are_what_their_type_says_with_a_note(path: Path) -> None:
    images = array_file(save(path, GRAY // 16))
    assert images.notes == (f"{path.name} is dark: its largest value is 15 of 255.",)
    assert (pixels_of(path)[:, 0] == GRAY // 16).all()


@pytest.mark.parametrize("dtype", [np.complex64, "U3", "M8[s]"])
def test_other_types(path: Path, dtype: object) -> None:
    with pytest.raises(ExplorerError, match="holds numbers of type"):
        array_file(save(path, GRAY.astype(dtype)))


PHOTOGRAPH = RNG.integers(0, 256, (32, 40, 3), dtype=np.uint8)
RGBA = np.dstack([PHOTOGRAPH, np.full((32, 40), 255, np.uint8)])


@pytest.mark.parametrize(
    ("array", "kind"),
    [
        (PHOTOGRAPH, "one color image of 32 x 40 pixels (H, W, C)"),
        (PHOTOGRAPH / 255, "one color image of 32 x 40 pixels (H, W, C)"),
        (RGBA, "one RGBA image of 32 x 40 pixels (H, W, C)"),
        (np.asfortranarray(PHOTOGRAPH), "one color image of 32 x 40 pixels (H, W, C)"),
        (PHOTOGRAPH[None], ""),
        (PHOTOGRAPH.transpose(2, 0, 1)[None], ""),
        (RGBA.transpose(2, 0, 1)[None], ""),
    ],
)
def test_one_photograph_is_one_image(tmp_path: Path, array: np.ndarray, kind: str) -> None:
    np.save(tmp_path / "cat.npy", array)
    images = array_file(tmp_path / "cat.npy")
    (sample,) = images.read([0], (3, 32, 32))
    assert images.count == 1
    assert (sample.pixels == PHOTOGRAPH[:, 4:36].transpose(2, 0, 1)).all()
    assert (f"cat.npy is read as {kind}." in images.notes) == bool(kind)


@pytest.mark.parametrize("shape", [(32, 40), (1, 32, 40), (32, 40, 1), (1, 1, 32, 40), (1, 32, 40, 1)])
def test_one_gray_image(path: Path, shape: tuple[int, ...]) -> None:
    gray = PHOTOGRAPH[..., 0]
    (sample,) = read_all(save(path, gray.reshape(shape)), (1, 32, 32))
    assert (sample.pixels[0] == gray[:, 4:36]).all()


def test_transparent_parts_are_white(path: Path) -> None:
    values = RGBA.copy()
    values[:16, :, 3] = 0
    pixels = pixels_of(save(path, values[None]), (3, 32, 32))[0]
    assert pixels[:, :16].min() == 255
    assert (pixels[:, 16:] == PHOTOGRAPH[16:, 4:36].transpose(2, 0, 1)).all()


def test_a_shape_that_fits_twice_is_refused_with_the_choice(path: Path) -> None:
    planes = np.ascontiguousarray(RGBA.transpose(2, 0, 1))
    with pytest.raises(ExplorerError, match=r"one RGBA image of 32 x 40 pixels \(C, H, W\) or 4 gray images") as caught:
        array_file(save(path, planes))
    assert "Give it the shape (1, 4, 32, 40) or (4, 32, 40, 1)." in str(caught.value)
    assert array_file(save(path, planes.reshape(1, 4, 32, 40))).count == 1
    assert array_file(save(path, planes.reshape(4, 32, 40, 1))).count == 4


def test_three_planes_alone_are_one_color_image_and_that_is_said(path: Path) -> None:
    planes = np.ascontiguousarray(PHOTOGRAPH.transpose(2, 0, 1))
    images = array_file(save(path, planes))
    assert images.notes[:2] == (
        f"{path.name} is read as one color image of 32 x 40 pixels (C, H, W).",
        "Three gray images would have the shape (3, 32, 40, 1).",
    )
    (sample,) = images.read([0], (3, 32, 32))
    assert (sample.pixels == planes[:, :, 4:36]).all()
    assert array_file(save(path, planes.reshape(3, 32, 40, 1))).count == 3


def test_three_planes_in_each_part_may_be_either(tmp_path: Path) -> None:
    planes = np.ascontiguousarray(PHOTOGRAPH.transpose(2, 0, 1))
    np.savez(tmp_path / "a.npz", x_train=planes, x_test=planes)
    with pytest.raises(ExplorerError, match=r"which may be one color image .* or 3 gray images"):
        array_file(tmp_path / "a.npz")


def test_a_single_number_is_no_label(tmp_path: Path) -> None:
    images = array_file(save(tmp_path / "a.npz", GRAY, labels=np.array(5)))
    assert images.count == 6
    assert any("labels" in note for note in images.notes)


def test_labels_tell_which_axis_holds_the_images(tmp_path: Path) -> None:
    planes = np.ascontiguousarray(PHOTOGRAPH.transpose(2, 0, 1))
    np.savez(tmp_path / "a.npz", images=planes, labels=np.arange(3))
    assert array_file(tmp_path / "a.npz").count == 3


@pytest.mark.parametrize(
    "shape",
    [(6, 8, 8, 2), (32, 32, 2), (10, 3, 32, 3), (32, 32, 3, 10), (6,), (), (6, 0, 8), (0, 8, 8), (2, 3, 8, 8, 3)],
)
def test_other_shapes(path: Path, shape: tuple[int, ...]) -> None:
    with pytest.raises(ExplorerError, match=r"has shape .*\. Use \(N, H, W\)"):
        array_file(save(path, np.zeros(shape, np.uint8)))


def test_flat_images_are_named(tmp_path: Path) -> None:
    with pytest.raises(ExplorerError, match="If each row is an image, give it the shape"):
        array_file(save(tmp_path / "a.npy", np.zeros((1797, 64), np.uint8)))
    with pytest.raises(ExplorerError, match="If each row is an image, give it the shape"):
        array_file(save(tmp_path / "a.npz", np.zeros((100, 64), np.uint8), labels=np.arange(100)))


def numbered(start: int, count: int) -> np.ndarray:
    """Gray images that say which number they have."""
    return np.broadcast_to(np.arange(start, start + count, dtype=np.uint8)[:, None, None], (count, 8, 8)).copy()


def values_in(path: Path, split: str) -> list[tuple[int, int]]:
    """The value and the label of each image of a split."""
    images = array_file(path, split)
    samples = images.read(range(images.count), (1, 8, 8))
    return [(int(sample.pixels[0, 0, 0]), sample.label) for sample in samples]


@pytest.mark.parametrize(
    "keys",
    [
        "x_train y_train x_test y_test",
        "X_train Y_train X_test Y_test",
        "trainX trainY testX testY",
        "Xtrain ytrain Xtest ytest",
    ],
)
def test_keys_of_keras(tmp_path: Path, keys: str) -> None:
    arrays = (numbered(0, 5), np.arange(5), numbered(100, 3), np.arange(3) + 7)
    np.savez(tmp_path / "mnist.npz", **dict(zip(keys.split(), arrays, strict=True)))
    train, test = [(k, k) for k in range(5)], [(100 + k, 7 + k) for k in range(3)]
    assert values_in(tmp_path / "mnist.npz", "train") == train
    assert values_in(tmp_path / "mnist.npz", "validation") == test
    assert values_in(tmp_path / "mnist.npz", "all") == train + test


def test_keys_of_medmnist(tmp_path: Path) -> None:
    arrays = {}
    for start, (part, count) in enumerate({"train": 6, "val": 3, "test": 4}.items()):
        arrays[f"{part}_images"] = numbered(100 * start, count) if start < 2 else numbered(200, count)
        arrays[f"{part}_labels"] = np.arange(count, dtype=np.uint8)[:, None]
    np.savez_compressed(tmp_path / "pathmnist.npz", **arrays)
    assert values_in(tmp_path / "pathmnist.npz", "train") == [(k, k) for k in range(6)]
    assert values_in(tmp_path / "pathmnist.npz", "validation") == [(100 + k, k) for k in range(3)]
    assert len(values_in(tmp_path / "pathmnist.npz", "all")) == 13


def test_parts_have_one_scale(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x_train=SMOOTH / 1.0, x_test=np.full((3, 8, 8), 0.9))
    assert [value for value, _ in values_in(tmp_path / "a.npz", "validation")] == [1, 1, 1]


def test_arrays_that_are_not_used_are_named(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=GRAY, masks=GRAY, labels=np.arange(6), extra_images=GRAY)
    assert array_file(tmp_path / "a.npz").notes == ("Arrays of a.npz that are not used: masks, extra_images.",)


def test_parts_of_any_name_for_their_images(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", train=numbered(0, 5), test=numbered(100, 3), train_labels=np.arange(5))
    assert values_in(tmp_path / "a.npz", "train") == [(k, k) for k in range(5)]
    assert values_in(tmp_path / "a.npz", "validation") == [(100 + k, -1) for k in range(3)]


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
    assert "the shape (1000000000000,), which is too large" in array_file(tmp_path / "a.npz").notes[0]


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
