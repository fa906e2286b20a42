"""Labels of every kind, in tables and arrays: classes are read, and what is none is named while the images are read."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from explorer.data.arrays import array_file
from explorer.data.huggingface import saved_to_disk
from explorer.data.labels import labels_of_arrays, number_labels
from explorer.data.reading import ImageSet
from explorer.data.sources import open_dataset
from explorer.data.tables import parquet_files

SHAPE = (1, 8, 8)
NAN = float("nan")
Picture = Callable[..., bytes]

Seen = list[str | None]
COLUMNS: dict[str, tuple[pa.Array, Seen]] = {
    "whole numbers": (pa.array([3, 0, None, 3]), ["3", "0", None, "3"]),
    "dictionary": (pa.array(["b", "a", None, "b"]).dictionary_encode(), ["b", "a", None, "b"]),
    "dictionary of numbers": (
        pa.DictionaryArray.from_arrays(pa.array([1, 0, None, 1]), pa.array([5, 7])),
        ["7", "5", None, "7"],
    ),
    "floats with NaN": (pa.array([0.0, 1.0, NAN, None]), ["0", "1", None, None]),
    "half floats": (pa.array(np.array([2, 1, NAN, 2], np.float16)), ["2", "1", None, "2"]),
    "fractions": (pa.array([0.5, 1.5, 0.5, None]), ["0.5", "1.5", "0.5", None]),
    "booleans": (pa.array([True, False, None, True]), ["True", "False", None, "True"]),
    "large strings": (pa.array(["dog", "cat", "", None], pa.large_string()), ["dog", "cat", None, None]),
    "string views": (pa.array(["dog", "cat", "", None], pa.string_view()), ["dog", "cat", None, None]),
    "bytes of text": (pa.array([b"dog", b"cat", None, b"dog"]), ["dog", "cat", None, "dog"]),
    "whole decimals": (pa.array([Decimal("1.00"), Decimal("2.00"), None, Decimal("1.00")]), ["1", "2", None, "1"]),
    "decimals": (pa.array([Decimal("1.50"), Decimal("2.00"), None, Decimal("1.50")]), ["1.5", "2", None, "1.5"]),
    "dates": (pa.array([datetime.date(2020, 1, 1), None] * 2), ["2020-01-01", None] * 2),
    "lists of one": (pa.array([[3], [4], [], None]), ["3", "4", None, None]),
    "lists of one text": (pa.array([["a"], ["b"], None, ["a"]]), ["a", "b", None, "a"]),
    "one-hot": (pa.array([[0, 1, 0], [1, 0, 0], [0, 0, 0], None]), ["1", "0", None, None]),
    "one-hot of fixed size": (
        pa.array([[0, 1, 0], [1, 0, 0], None, [0, 0, 1]], pa.list_(pa.float32(), 3)),
        ["1", "0", None, "2"],
    ),
    "structs": (
        pa.array([{"label": 3, "text": "c"}, {"label": 4, "text": "d"}, None, {"label": None}]),
        ["3", "4", None, None],
    ),
    "structs of one field": (pa.array([{"of": "u"}, {"of": "v"}, None, {"of": "u"}]), ["u", "v", None, "u"]),
    "beyond 32 bits": (pa.array([2**31, 2**40, 5, -7]), [str(2**31), str(2**40), "5", "-7"]),
    "unsigned": (pa.array([2**63, 2**64 - 1, 5, 5], pa.uint64()), [str(2**63), str(2**64 - 1), "5", "5"]),
    "negative": (pa.array([-5, 0, 1, -1]), ["-5", "0", "1", "-1"]),
    "two classes of a machine": (pa.array([-1, 1, -1, 1]), ["-1", "1", "-1", "1"]),
    "minus one beside others": (pa.array([-1, 0, 1, 1]), [None, "0", "1", "1"]),
    "nothing": (pa.nulls(4), [None] * 4),
}
REFUSED: dict[str, tuple[pa.Array, str]] = {
    "several labels": (pa.array([[0, 1], [1], [2], [0]]), "several values for one image"),
    "several ones": (pa.array([[0, 1, 1], [1, 0, 0], [0, 0, 0], [0, 0, 1]]), "several values for one image"),
    "soft labels": (pa.array([[0.25, 0.75]] * 4), "several values for one image"),
    "structs": (pa.array([{"a": 1, "b": 2}] * 4), "has the fields a, b"),
    "maps": (pa.array([[("a", 1)]] * 4, pa.map_(pa.string(), pa.int64())), "values of type map"),
    "bytes of no text": (pa.array([b"\xff\xfe"] * 4), "bytes that are no text"),
    "measurements": (pa.array([0.1, 0.2, 0.3, 0.4]), "4 different values for 4 images, too many"),
}


def table(path: Path, picture: Picture, labels: pa.Array, name: str = "label") -> Path:
    images = pa.array([picture(number) for number in range(len(labels))], pa.binary())
    pq.write_table(pa.table({"image": images, name: labels}), path)
    return path


def seen(images: ImageSet) -> Seen:
    """The label that people see of each image; each image has pixels."""
    samples = list(images.read(range(images.count), SHAPE))
    assert all(sample.pixels is not None for sample in samples)
    names = images.label_names
    return [
        None if sample.label < 0 else names[sample.label] if sample.label < len(names) else str(sample.label)
        for sample in samples
    ]


@pytest.mark.parametrize("kind", COLUMNS)
def test_columns_of_classes(tmp_path: Path, picture: Picture, kind: str) -> None:
    column, expected = COLUMNS[kind]
    assert seen(parquet_files("Test", [table(tmp_path / "a.parquet", picture, column)], "all")) == expected


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_label_is_named_and_the_images_are_read(tmp_path: Path, picture: Picture, kind: str) -> None:
    column, reason = REFUSED[kind]
    images = parquet_files("Test", [table(tmp_path / "a.parquet", picture, column)], "all")
    assert seen(images) == [None] * 4
    (note,) = images.notes
    assert note.startswith("The column 'label' is not used for labels: it ")
    assert reason in note


@pytest.mark.parametrize("kind", ["dictionary", "booleans", "one-hot", "structs", "floats with NaN", "beyond 32 bits"])
def test_saved_data_sets(tmp_path: Path, picture: Picture, kind: str) -> None:
    import datasets

    column, expected = COLUMNS[kind]
    path = table(tmp_path / "a.parquet", picture, column)
    datasets.disable_progress_bars()
    datasets.Dataset(pq.read_table(path)).save_to_disk(tmp_path / "set")
    assert seen(saved_to_disk(tmp_path / "set", "all")) == expected


def test_saved_parts_whose_labels_differ(tmp_path: Path, picture: Picture) -> None:
    import datasets

    datasets.disable_progress_bars()
    parts = {}
    for name, labels in (("train", pa.array([1, 2])), ("test", pa.array(["a", "b"])), ("extra", pa.array([0.5, 0.5]))):
        parts[name] = datasets.Dataset(pq.read_table(table(tmp_path / "a.parquet", picture, labels)))
    datasets.DatasetDict(parts).save_to_disk(tmp_path / "set")
    assert seen(saved_to_disk(tmp_path / "set", "train")) == ["1", "2"]
    images = saved_to_disk(tmp_path / "set", "all")
    assert seen(images) == [None] * 6
    assert images.notes == ("Columns that are not of one kind in all parts are not used: label.",)


def test_a_category_of_pandas(tmp_path: Path, picture: Picture) -> None:
    frame = pd.DataFrame({"image": [picture(n) for n in range(4)], "category": pd.Categorical(["b", "a", None, "b"])})
    frame.to_parquet(tmp_path / "a.parquet")
    assert seen(parquet_files("Test", [tmp_path / "a.parquet"], "all")) == ["b", "a", None, "b"]


def test_files_whose_labels_have_other_types(tmp_path: Path, picture: Picture) -> None:
    """As pandas writes them where some labels are missing."""
    files = [
        table(tmp_path / "a.parquet", picture, pa.array([1, 2])),
        table(tmp_path / "b.parquet", picture, pa.array([2.0, NAN])),
        table(tmp_path / "c.parquet", picture, pa.array(["2"]).dictionary_encode()),
        table(tmp_path / "d.parquet", picture, pa.array([1]), "other"),
    ]
    images = parquet_files("Test", files, "all")
    assert seen(images) == ["1", "2", "2", None, "2", None]
    assert images.notes == ("The column 'label' is missing in 1 of 4 files.",)


def test_a_column_of_another_name_is_taken_and_said(tmp_path: Path, picture: Picture) -> None:
    columns = {
        "image": pa.array([picture(number) for number in range(4)], pa.binary()),
        "file": ["a", "b", "c", "d"],
        "width": [8, 8, 9, 9],
        "animal": pa.array(["cat", "dog", "cat", "dog"]).dictionary_encode(),
    }
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    images = parquet_files("Test", [tmp_path / "a.parquet"], "all")
    assert seen(images) == ["cat", "dog", "cat", "dog"]
    assert images.notes == ("The labels are taken from the column 'animal', which has 2 different values.",)
    pq.write_table(pa.table(columns).drop_columns("animal"), tmp_path / "a.parquet")
    images = parquet_files("Test", [tmp_path / "a.parquet"], "all")
    assert seen(images) == [None] * 4
    assert images.notes == ("No labels were found (file). If a column holds them, call it 'label'.",)


def test_the_next_column_is_read_where_the_first_is_refused(tmp_path: Path, picture: Picture) -> None:
    images = pa.array([picture(number) for number in range(2)], pa.binary())
    pq.write_table(pa.table({"image": images, "label": [[1, 2], [3, 4]], "Class": ["u", "v"]}), tmp_path / "a.parquet")
    found = parquet_files("Test", [tmp_path / "a.parquet"], "all")
    assert seen(found) == ["u", "v"]
    assert "The column 'label' is not used" in found.notes[0]


ARRAYS: dict[str, tuple[np.ndarray, Seen]] = {
    "floats with NaN": (np.array([0, 1, NAN, 1]), ["0", "1", None, "1"]),
    "long doubles": (np.array([3, 1, 1, 1], np.longdouble), ["3", "1", "1", "1"]),
    "text": (np.array(["b", "a", "", "b"]), ["b", "a", None, "b"]),
    "bytes": (np.array([b"b", b"a", b"", b"b"]), ["b", "a", None, "b"]),
    "text that does not exist": (np.array(["\ud800", "a"] * 2), ["?", "a"] * 2),
    "booleans": (np.array([True, False] * 2), ["True", "False"] * 2),
    "one-hot": (np.eye(4, dtype=np.float32), ["0", "1", "2", "3"]),
    "one-hot booleans in columns": (np.asfortranarray(np.eye(3, dtype=bool)[[2, 0, 1, 1]]), ["2", "0", "1", "1"]),
    "a column": (np.arange(4)[:, None], ["0", "1", "2", "3"]),
    "beyond 32 bits": (np.array([2**31, 0, 2**40, 1]), [str(2**31), "0", str(2**40), "1"]),
    "unsigned": (np.array([2**63] * 4, np.uint64), [str(2**63)] * 4),
    "minus and plus one": (np.array([-1, 1, 1, -1], np.int8), ["-1", "1", "1", "-1"]),
    "dates": (np.array(["2020-01-01", "NaT"] * 2, "M8[D]"), ["2020-01-01", None] * 2),
}
REFUSED_ARRAYS: dict[str, tuple[np.ndarray, str]] = {
    "too few": (np.arange(3), "has 3 labels for 4 images"),
    "a number": (np.array(3), "has 1 labels for 4 images"),
    "objects": (np.array([{}] * 4, dtype=object), "holds Python objects"),
    "complex": (np.ones(4, complex), "values of type complex"),
    "records": (np.zeros(4, [("a", "i4"), ("b", "i4")]), "values of type tuple"),
    "boxes": (np.ones((4, 4), int), "several values for one image"),
    "soft labels": (np.full((4, 3), 1 / 3), "several values for one image"),
    "measurements": (np.arange(4) / 8, "too many for classes"),
}


def archive(path: Path, labels: np.ndarray, key: str = "labels") -> ImageSet:
    pixels = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 1), dtype=np.uint8)
    np.savez(path, images=pixels, **{key: labels})
    return array_file(path)


@pytest.mark.parametrize("kind", ARRAYS)
def test_arrays_of_classes(tmp_path: Path, kind: str) -> None:
    labels, expected = ARRAYS[kind]
    assert seen(archive(tmp_path / "a.npz", labels)) == expected


@pytest.mark.parametrize("kind", REFUSED_ARRAYS)
def test_arrays_that_are_no_labels(tmp_path: Path, kind: str) -> None:
    labels, reason = REFUSED_ARRAYS[kind]
    images = archive(tmp_path / "a.npz", labels)
    assert seen(images) == [None] * 4
    (note,) = images.notes
    assert reason in note


@pytest.mark.parametrize("key", ["labels", "label", "y", "targets", "class"])
def test_names_of_arrays(tmp_path: Path, key: str) -> None:
    assert seen(archive(tmp_path / "a.npz", np.array(list("abab")), key)) == list("abab")


def test_parts_of_a_file_have_the_same_names(tmp_path: Path, home: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 1), dtype=np.uint8)
    labels = {"y_train": np.array(list("bbcb")), "y_test": np.array(list("abca"))}
    np.savez(tmp_path / "a.npz", x_train=pixels, x_test=pixels, **labels)
    assert seen(array_file(tmp_path / "a.npz", "train")) == list("bbcb")
    assert seen(array_file(tmp_path / "a.npz", "validation")) == list("abca")
    np.savez(tmp_path / "a.npz", x_train=pixels, x_test=pixels, **labels | {"y_test": np.ones((4, 2))})
    images = array_file(tmp_path / "a.npz", "all")
    assert seen(images) == [*"bbcb", None, None, None, None]
    assert images.notes[0].startswith("The array 'y_test' is not used for labels")


def test_the_label_is_in_the_store_and_what_was_guessed_too(tmp_path: Path, home: Path) -> None:
    archive(tmp_path / "a.npz", np.array([2**31, -1, -1, 2**31]))
    store = open_dataset(str(tmp_path / "a.npz"), SHAPE, "all")
    assert [store.label_name(index) for index in range(4)] == [str(2**31), "-1", "-1", str(2**31)]
    archive(tmp_path / "b.npz", np.array([-1, 0, 1, 1]))
    store = open_dataset(str(tmp_path / "b.npz"), SHAPE, "all")
    assert "The array 'labels' is -1 for 1 of 4 images: they are taken to have no label." in store.remarks


def test_values_as_json_has_them() -> None:
    assert number_labels([[0, 1], [1, 0], None], "X").numbers.tolist() == [1, 0, -1]
    assert number_labels([{"label": "a"}, {"label": "b"}, {}], "X").names == ("a", "b")
    for values in ([[0, 1], 1], [{"label": 1}, [2]], [object(), 1], [[[1]], [["a"]]], [[2**80]]):
        (note,) = number_labels(values, "X").notes
        assert note.startswith("X is not used for labels: it holds values of")


def test_classes_are_few() -> None:
    assert number_labels(range(1000), "X").different == 1000
    assert number_labels([*range(1500)] * 2, "X").different == 1500
    assert number_labels(range(1500), "X").different == 0
    assert number_labels([0.5, 1.5] * 100, "X").different == 2
    assert labels_of_arrays([(np.arange(2000) / 2, "X")], [2000]).notes == (
        "X is not used for labels: it has 2,000 different values for 2,000 images, too many for classes.",
    )
