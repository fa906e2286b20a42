"""Which photographs are set beside those of a model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from explorer.data.other import open_other
from explorer.errors import ExplorerError
from explorer.images import Values

SHAPE = (1, 32, 32)


@pytest.fixture
def array(tmp_path: Path) -> str:
    path = tmp_path / "noise.npy"
    np.save(path, np.random.default_rng(0).integers(0, 256, (700, 32, 32), dtype=np.uint8))
    return str(path)


def test_photographs_that_everybody_has_when_nobody_says(home: Path, array: str) -> None:
    images = open_other(SHAPE, Values(), ("tiny-imagenet", array))
    assert images is not None
    assert images.name == "Photos"
    assert 100 < len(images) <= 500
    assert len(set(images.labels.tolist())) > 1, "of more than one photograph"


def test_the_model_s_own_are_no_other_ones(home: Path, array: str) -> None:
    assert open_other(SHAPE, Values(), ("photos", array)) is None
    assert open_other(SHAPE, Values(), ("", "photos")) is None
    for own in (("photos", array), ("tiny-imagenet", "photos")):
        with pytest.raises(ExplorerError, match="photos is the data set that the model was trained on"):
            open_other(SHAPE, Values(), own, "photos")


def test_what_is_asked_for_is_opened_but_no_more_of_it_than_is_used(home: Path, array: str) -> None:
    images = open_other(SHAPE, Values(), ("photos", "photos"), array)
    assert images is not None
    assert len(images) == 500  # of all 700: they are new to the model
    with pytest.raises(ExplorerError, match="no data set"):
        open_other(SHAPE, Values(), (), str(Path(array).with_name("missing")))


def test_photographs_mean_nothing_to_a_model_of_few_gray_levels(home: Path) -> None:
    assert open_other((1, 8, 8), Values(levels=17), ()) is None
    assert not (home / "stores").exists(), "nothing was built"
