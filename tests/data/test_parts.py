"""The one rule for names of parts, and what is said of the parts."""

from __future__ import annotations

import pytest

from explorer.data.parts import Division, file_paths, named_parts

TRAIN, VALIDATION, NEITHER = "train", "validation", "neither"


def parts_of(*paths: str) -> list[str] | None:
    """The parts of paths that are written with slashes."""
    found = named_parts([tuple(path.split("/")) for path in paths])
    return None if found is None else list(found.parts)


@pytest.mark.parametrize(
    ("train", "held_out"),
    [
        ("train", "validation"),
        ("Train", "Test"),
        ("TRAIN", "VAL"),
        ("Training", "Testing"),
        ("train", "eval"),
        ("train", "dev"),
        ("train", "evaluation"),
        ("train2017", "val2017"),
        ("train_2", "test1"),
        ("01_train", "02_valid"),
        ("cifar10_train", "cifar10_test"),
        ("mnist-train", "mnist-test"),
        ("ILSVRC2012_img_train", "ILSVRC2012_img_val"),
        ("DIV2K_train_HR", "DIV2K_valid_HR"),
        ("training_set", "test_set"),
        ("trainset", "testset"),
        ("TrainData", "TestData"),
        ("trainImages", "valImages"),
        ("seg_train", "seg_test"),
        ("train-00000-of-00040", "validation-00000-of-00002"),
        ("train_data_batch_1", "val_data"),
        ("train (1)", "test (2)"),
        ("x_train", "x_test"),
        ("trainval", "test"),
        ("train+val", "test-dev2017"),
        ("train", "holdout"),
    ],
)
def test_names_of_parts(train: str, held_out: str) -> None:
    assert parts_of(train, held_out) == [TRAIN, VALIDATION]
    assert parts_of(f"{train}/cats", f"{train}/dogs", f"{held_out}/cats") == [TRAIN, TRAIN, VALIDATION]
    assert parts_of(f"images/{held_out}", f"images/{train}/cats") == [VALIDATION, TRAIN]
    assert parts_of(f"cats/{train}", f"cats/{held_out}", f"dogs/{train}") == [TRAIN, VALIDATION, TRAIN]


@pytest.mark.parametrize(
    "names",
    [
        ["train"],
        ["test"],
        ["cats", "dogs", "test"],
        ["train", "bus", "car"],  # a vehicle
        ["train", "test", "bus", "car"],
        ["val", "test"],
        ["contest", "restrain", "pretrain", "latest"],
        ["train_station", "test_tube", "valley"],
        ["bullet_train", "eye_test"],
        ["valid", "invalid"],
        ["train_test"],
        ["developer", "trainer", "tester"],
        ["0", "1", "2"],
        [""],
        [],
    ],
)
def test_false_friends(names: list[str]) -> None:
    assert parts_of(*names) is None


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["train", "val", "test"], [TRAIN, VALIDATION, NEITHER]),
        (["train", "dev", "eval"], [TRAIN, VALIDATION, VALIDATION]),
        (["train", "test", "extra"], [TRAIN, VALIDATION, NEITHER]),
        (["train", "test_seen", "test_unseen"], [TRAIN, VALIDATION, VALIDATION]),
        (["train", "val", "trainval", "test"], [TRAIN, VALIDATION, NEITHER, NEITHER]),
        (["train-0", "train-1", "test-0", "extra-0", "extra-1"], [TRAIN, TRAIN, VALIDATION, NEITHER, NEITHER]),
        (["train/cats", "train/test", "val/cats", "val/test"], [TRAIN, TRAIN, VALIDATION, VALIDATION]),  # a class
        (["train/val", "train/train", "test/val", "test/train"], [TRAIN, TRAIN, VALIDATION, VALIDATION]),
        (["", "train", "test"], [NEITHER, TRAIN, VALIDATION]),
        (["train/0", "test"], [TRAIN, VALIDATION]),
        (["bottle/train/good", "bottle/test/crack", "bottle/truth/crack"], [TRAIN, VALIDATION, NEITHER]),
    ],
)
def test_other_names_beside_them(paths: list[str], expected: list[str]) -> None:
    assert parts_of(*paths) == expected


def test_files_are_named_by_their_folders_first(tmp_path) -> None:
    files = [tmp_path / "data" / part / "test-0.parquet" for part in ("Train", "Eval")]
    assert file_paths(files) == [("Train", "test-0"), ("Eval", "test-0")]
    assert file_paths([tmp_path / "cifar10_train.parquet"]) == [("cifar10_train",)]


def test_sentences() -> None:
    found = named_parts([("Train",), ("Test",)])
    assert found is not None
    assert found.division([2000, 400]).sentence == (
        "2,000 images for training, 400 for validation, from Train and Test."
    )
    found = named_parts([("train-0",), ("train-1",), ("val",), ("test",), ()])
    assert found is not None
    division = found.division([1000, 1, 50, 70, 3])
    assert division.total == 1124
    assert division.sentence == (
        "1,001 images for training, 50 for validation, from train-0 (and 1 more) and val; 73 in neither (test)."
    )
    assert Division(train=1, validation=2, neither=3).sentence == (
        "1 image for training, 2 for validation; 3 in neither."
    )
    assert Division(train=90, validation=10, how="tenth").sentence == (
        "90 images for training, 10 for validation: a random tenth, since the data set does not say which."
    )
    shared = Division(train=30, validation=30, how="shared")
    assert shared.total == 30
    assert shared.sentence == "30 images, for training and validation alike: so few are not divided."
