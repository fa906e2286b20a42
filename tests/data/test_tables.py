"""Parquet files: columns, labels, parts, damage, and paths that must not be followed."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from explorer.data.store import Sample
from explorer.data.tables import parquet_files
from explorer.errors import ExplorerError
from explorer.images import read_image, to_square
from tests.heic import HEIC

SHAPE = (1, 8, 8)
Picture = Callable[..., bytes]


def struct_column(files: list[bytes | None], paths: list[str | None]) -> pa.Array:
    rows = [{"bytes": file, "path": path} for file, path in zip(files, paths, strict=True)]
    return pa.array(rows, pa.struct([("bytes", pa.binary()), ("path", pa.string())]))


def huggingface(names: list[str]) -> dict[bytes, bytes]:
    features = {"image": {"_type": "Image"}, "label": {"names": names, "_type": "ClassLabel"}}
    return {b"huggingface": json.dumps({"info": {"features": features}}).encode()}


def write(
    path: Path, images: pa.Array, labels: pa.Array | None = None, metadata: dict | None = None, **options
) -> Path:
    columns = {"image": images} | ({} if labels is None else {"label": labels})
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns).replace_schema_metadata(metadata), path, **options)
    return path


def read_all(files: list[Path], split: str = "all") -> list[Sample]:
    images = parquet_files("Test", files, split)
    return list(images.read(range(images.count), SHAPE))


def test_huggingface_layout(tmp_path: Path, picture: Picture) -> None:
    files = [picture(number) for number in range(5)]
    column = struct_column(files, [f"folder/{number}.png" for number in range(4)] + [None])
    path = write(tmp_path / "a.parquet", column, pa.array([0, 1, 0, None, 1]), huggingface(["cat", "dog"]))
    samples = read_all([path])
    assert parquet_files("Test", [path], "all").label_names == ("cat", "dog")
    assert [sample.label for sample in samples] == [0, 1, 0, -1, 1]
    assert [sample.name for sample in samples] == ["0.png", "1.png", "2.png", "3.png", "4"]
    assert (samples[2].pixels == to_square(read_image(files[2]), SHAPE)).all()


def test_plain_binary_and_strings(tmp_path: Path, picture: Picture) -> None:
    path = write(
        tmp_path / "a.parquet", pa.array([picture(0), picture(1)], pa.large_binary()), pa.array(["dog", "cat"])
    )
    images = parquet_files("Test", [path], "all")
    assert images.label_names == ("cat", "dog")
    assert [sample.label for sample in read_all([path])] == [1, 0]


def test_files_of_several_formats_in_one_column(tmp_path: Path, picture: Picture) -> None:
    files = [picture(0)]
    for form in ("JPEG", "WebP", "AVIF"):
        encoded = io.BytesIO()
        read_image(picture(0)).save(encoded, form)
        files.append(encoded.getvalue())
    drawing = imagecodecs.jpegxl_encode(np.zeros((9, 8), np.uint8))
    path = write(tmp_path / "a.parquet", pa.array([*files, HEIC, drawing, b"text"], pa.binary()))
    assert [sample.pixels is not None for sample in read_all([path])] == [True] * 6 + [False]


def test_without_labels(tmp_path: Path, picture: Picture) -> None:
    path = write(tmp_path / "a.parquet", pa.array([picture()], pa.binary()))
    assert read_all([path])[0].label == -1


@pytest.mark.parametrize("labels", [[-5, 7, 2**40], [2**31, 0, 1]])
def test_labels_that_are_no_indices_are_numbered(tmp_path: Path, picture: Picture, labels: list[int]) -> None:
    path = write(tmp_path / "a.parquet", pa.array([picture()] * 3, pa.binary()), pa.array(labels))
    images = parquet_files("Test", [path], "all")
    assert [int(images.label_names[sample.label]) for sample in read_all([path])] == labels


def test_several_files_and_row_groups_read_as_one(tmp_path: Path, picture: Picture) -> None:
    files = [picture(number) for number in range(30)]
    paths = [
        write(tmp_path / f"{part}.parquet", pa.array(files[10 * part : 10 * part + 10], pa.binary()), row_group_size=3)
        for part in range(3)
    ]
    images = parquet_files("Test", paths, "all")
    numbers = [0, 4, 9, 10, 11, 25, 29]
    samples = list(images.read(numbers, SHAPE))
    assert [sample.name for sample in samples] == [str(number) for number in numbers]
    for number, sample in zip(numbers, samples, strict=True):
        assert (sample.pixels == to_square(read_image(files[number]), SHAPE)).all()


@pytest.mark.parametrize(
    "names",
    [
        ("train-00000-of-00001.parquet", "validation-00000-of-00001.parquet"),
        ("train.parquet", "test.parquet"),
        ("train/0.parquet", "val/0.parquet"),
        ("cifar10_train.parquet", "cifar10_test.parquet"),
        ("Training/0.parquet", "Testing/0.parquet"),
        ("train/0.parquet", "test.parquet"),
    ],
)
def test_parts_by_file_name(tmp_path: Path, picture: Picture, names: tuple[str, str]) -> None:
    paths = [
        write(tmp_path / name, pa.array([picture()] * count, pa.binary()))
        for name, count in zip(names, (3, 2), strict=True)
    ]
    assert [parquet_files("Test", paths, split).count for split in ("train", "validation", "all")] == [3, 2, 5]
    division = parquet_files("Test", paths, "train").division
    assert division is not None
    assert (division.train, division.validation, division.how) == (3, 2, "names")


@pytest.mark.parametrize("text", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())])
def test_parts_by_a_column(tmp_path: Path, picture: Picture, text: pa.DataType) -> None:
    words = ["Train", "Test", "Train", None, "extra", "Test", "Train"]
    pictures, labels = [picture(number) for number in range(7)], [f"label {number}" for number in range(7)]
    table = {"image": pa.array(pictures, pa.binary()), "label": labels, "Split": pa.array(words).cast(text)}
    pq.write_table(pa.table(table), tmp_path / "a.parquet")
    images = parquet_files("Test", [tmp_path / "a.parquet"], "train")
    samples = list(images.read([0, 2], SHAPE))
    assert [images.label_names[sample.label] for sample in samples] == ["label 0", "label 6"]
    assert (samples[1].pixels == to_square(read_image(pictures[6]), SHAPE)).all()
    assert images.division is not None
    assert images.division.sentence == (
        "3 images for training, 2 for validation, from Train and Test; 2 in neither (extra)."
    )
    assert parquet_files("Test", [tmp_path / "a.parquet"], "all").count == 7


def test_a_column_that_names_no_parts(tmp_path: Path, picture: Picture) -> None:
    table = {"image": pa.array([picture()] * 3, pa.binary()), "set": ["a", "train", "b"]}
    pq.write_table(pa.table(table), tmp_path / "a.parquet")
    images = parquet_files("Test", [tmp_path / "a.parquet"], "train")
    assert (images.count, images.division) == (3, None)


def test_one_part_alone_is_not_a_split(tmp_path: Path, picture: Picture) -> None:
    path = write(tmp_path / "train.parquet", pa.array([picture()] * 3, pa.binary()))
    images = parquet_files("Test", [path], "validation")
    assert (images.count, images.division) == (3, None)


def test_bad_images_have_no_pixels_and_paths_are_not_followed(tmp_path: Path, picture: Picture) -> None:
    (tmp_path / "private.png").write_bytes(picture())
    column = struct_column([picture(), b"no image", None, b""], ["a.png", "b.png", str(tmp_path / "private.png"), None])
    samples = read_all([write(tmp_path / "a.parquet", column)])
    assert [sample.pixels is not None for sample in samples] == [True, False, False, False]


def test_no_column_of_images(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": ["a"], "label": [1]}), tmp_path / "a.parquet")
    with pytest.raises(ExplorerError, match=r"no column of image files \(it has text, label\)"):
        parquet_files("Test", [tmp_path / "a.parquet"], "all")


def test_customary_names_come_first(tmp_path: Path, picture: Picture) -> None:
    table = pa.table(
        {"mask": pa.array([b"no"], pa.binary()), "img": pa.array([picture()], pa.binary()), "fine_label": [3]}
    )
    pq.write_table(table, tmp_path / "a.parquet")
    (sample,) = read_all([tmp_path / "a.parquet"])
    assert sample.pixels is not None
    assert sample.label == 3


@pytest.mark.parametrize("metadata", [b"not json", b"[]", b'{"info": {"features": {"label": 3}}}', b'{"info": null}'])
def test_odd_metadata_is_ignored(tmp_path: Path, picture: Picture, metadata: bytes) -> None:
    path = write(tmp_path / "a.parquet", pa.array([picture()], pa.binary()), pa.array([1]), {b"huggingface": metadata})
    assert parquet_files("Test", [path], "all").label_names == ()


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_truncated(tmp_path: Path, picture: Picture, share: float) -> None:
    path = write(tmp_path / "a.parquet", pa.array([picture()] * 20, pa.binary()))
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(ExplorerError, match="damaged or not a Parquet file"):
        parquet_files("Test", [path], "all")


def test_damaged_pages(tmp_path: Path) -> None:
    noise = [np.random.default_rng(number).bytes(500) for number in range(50)]
    path = write(tmp_path / "a.parquet", pa.array(noise, pa.binary()), compression="zstd", use_dictionary=False)
    data = bytearray(path.read_bytes())
    data[4:200] = bytes(196)
    path.write_bytes(data)
    with pytest.raises(ExplorerError, match="damaged"):
        read_all([path])


def test_files_whose_columns_differ(tmp_path: Path, picture: Picture) -> None:
    first = write(tmp_path / "a.parquet", pa.array([picture()], pa.binary()), pa.array([1]))
    second = write(tmp_path / "b.parquet", pa.array([picture()], pa.binary()), pa.array(["cat"]))
    images = parquet_files("Test", [first, second], "all")
    assert [images.label_names[sample.label] for sample in read_all([first, second])] == ["1", "cat"]


def test_a_file_without_the_images(tmp_path: Path, picture: Picture) -> None:
    first = write(tmp_path / "a.parquet", pa.array([picture()], pa.binary()))
    pq.write_table(pa.table({"text": ["a"]}), tmp_path / "b.parquet")
    with pytest.raises(ExplorerError, match="Test is damaged"):
        read_all([first, tmp_path / "b.parquet"])


def varint(number: int) -> bytes:
    """A count in the footer of a Parquet file."""
    number, out = 2 * number, b""
    while number > 127:
        out, number = out + bytes([number % 128 + 128]), number // 128
    return out + bytes([number])


@pytest.mark.parametrize("everywhere", [True, False])
def test_a_file_that_only_claims_its_rows(tmp_path: Path, picture: Picture, everywhere: bool) -> None:
    path = write(tmp_path / "a.parquet", pa.array([picture(0)] * 1234, pa.binary()))
    data = path.read_bytes()
    start = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    footer = data[start:-8].replace(varint(1234), varint(2**40), -1 if everywhere else 1)
    path.write_bytes(data[:start] + footer + len(footer).to_bytes(4, "little") + b"PAR1")
    with pytest.raises(ExplorerError, match="rows"):
        parquet_files("Test", [path], "all")
