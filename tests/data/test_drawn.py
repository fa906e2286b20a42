"""Disks and C-alpha images as data sets."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from explorer.data.sources import open_dataset


def test_images_follow_from_their_number(home: Path) -> None:
    assert not home.exists()
    for spec in ("disks", "c-alpha"):
        some = open_dataset(spec, (1, 16, 16), "validation")
        assert (len(some), some.pixels.dtype, some.pixels.shape[1:]) == (1000, np.uint8, (1, 16, 16))
        assert len(np.unique(some.pixels.reshape(1000, -1), axis=0)) == 1000
        few = open_dataset(spec, (3, 16, 16), "validation", limit=4)
        np.testing.assert_array_equal(few.pixels[1, 2], some.pixels[int(few.names[1]), 0])
        assert few.division is not None
        assert (few.division.train, few.division.validation) == (20_000, 1_000)
        train = open_dataset(spec, (1, 16, 16), "train", limit=10)
        assert not (train.pixels[0] == some.pixels[0]).all()


def test_the_label_is_the_regularity(home: Path) -> None:
    images = open_dataset("c-alpha", (1, 16, 16), "validation")
    assert images.folder.is_relative_to(home)
    assert images.label_names == ["alpha = 1", "alpha = 2", "alpha = 3", "alpha = 4"]
    assert images.labels[:6].tolist() == [0, 1, 2, 3, 0, 1]
    rough, smooth = (np.abs(np.diff(images.pixels[images.labels == k].astype(int), axis=2)).mean() for k in (0, 3))
    assert rough > 1.2 * smooth
