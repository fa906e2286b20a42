"""Which part of a data set is shown to a model, and what it is called."""

from __future__ import annotations

import numpy as np
import pytest

from explorer.data.parts import Division
from explorer.data.store import Store
from explorer.data.unseen import part_in_words, unseen_split


@pytest.mark.parametrize(
    ("dataset", "trained_on", "split"),
    [
        ("photos", ["photographs"], "all"),
        ("photos", [""], "all"),
        ("photos", ["photos"], "validation"),
        ("photos", ["digits", "leaves"], "all"),
        ("photos", ["digits", "photos"], "validation"),
        ("digits", ["photos"], "all"),
        ("digits", ["digits"], "validation"),
        ("/data/birds", ["digits"], "all"),
        ("/data/birds", ["birds"], "validation"),
        ("/data/birds", ["digits", "birds"], "validation"),
        ("hf:a/birds", ["hf:a/birds"], "validation"),
        ("hf:a/birds", ["hf:b/birds"], "all"),
        ("leaves", ["digits"], "validation"),  # drawn from a distribution: more of them tell nothing new
        ("c-alpha", ["digits"], "validation"),
    ],
)
def test_all_is_shown_to_strangers(dataset: str, trained_on: list[str], split: str) -> None:
    assert unseen_split(dataset, *trained_on) == split


@pytest.mark.parametrize(
    ("source", "count", "split", "division", "words"),
    [
        ("/birds", 160, "all", Division(train=144, validation=16, how="tenth"), "160 images"),
        ("/birds", 16, "validation", Division(train=144, validation=16), "16 of 160 images: the validation part"),
        ("/birds", 1000, "train", Division(train=1000, validation=9), "1,000 of 1,009 images: the training part"),
        (
            "/birds",
            16,
            "validation",
            Division(train=9, validation=16, neither=5),
            "16 of 30 images: the validation part",
        ),
        ("/birds", 30, "validation", Division(train=30, validation=30, how="shared"), "30 images"),
        ("/birds", 30, "validation", None, "30 images"),
        ("photos", 7, "all", Division(train=5, validation=2), "7 crops of 3 photographs"),
        ("photos", 5, "train", Division(train=5, validation=2), "5 of 7 crops of photographs: the training part"),
    ],
)
def test_a_part_in_words(tmp_path, source: str, count: int, split: str, division: Division | None, words: str) -> None:
    pixels, labels = np.zeros((count, 1, 1, 1), np.uint8), np.zeros(count, np.int32)
    images = Store("Birds", tmp_path, pixels, labels, ["a", "b", "c"], [], "", source, division=division)
    assert part_in_words(images, split) == words
