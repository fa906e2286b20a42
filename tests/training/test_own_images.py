"""Which images a checkpoint was trained on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from explorer.data.sources import open_dataset
from explorer.models.checkpoints import CheckpointConfig, load_checkpoint
from explorer.training.own_images import TrainedOn, open_own

SHAPE = (1, 8, 8)


def config(dataset: str, **training: object) -> CheckpointConfig:
    shipped = load_checkpoint("digits", "cpu").config
    return shipped.model_copy(update={"dataset": dataset, "training": training})


def of(pixels: np.ndarray) -> set[bytes]:
    return set(map(bytes, pixels))


def test_digits_have_theirs_built_in(home: Path) -> None:
    found = open_own(load_checkpoint("digits", "cpu").config, "digits", SHAPE, most=100)
    assert found is not None
    assert found.own.shape == (100, *SHAPE)
    assert len(found.fresh) == 100
    assert of(found.own) <= of(open_dataset("digits", SHAPE, "train").pixels)
    assert of(found.fresh) <= of(open_dataset("digits", SHAPE, "validation").pixels)


def test_a_part_is_that_of_the_training(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "numbers"
    folder.mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (200, 40, 40), dtype=np.uint8)
    np.save(folder / "images.npy", pixels)
    spec = str(folder / "images.npy")
    settings = {"views": 3, "min_shrink": 2.0, "parts": 2, "pictures": 10}
    first, second = (open_own(config("images.npy", part=part, **settings), spec, SHAPE) for part in (0, 1))
    whole = open_own(config("images.npy", views=3, min_shrink=2.0), spec, SHAPE)
    assert first is not None and second is not None and whole is not None  # noqa: PT018
    assert len(first.own) == len(second.own) == 10
    assert not of(first.own) & of(second.own)
    assert (of(first.own) | of(second.own)) <= of(whole.own)
    assert len(whole.own) + len(whole.fresh) == 200
    assert of(first.fresh) == of(whole.fresh)
    assert not of(whole.own) & of(whole.fresh)


def test_where_they_are_not_known_there_are_none(home: Path) -> None:
    assert open_own(config("birds", views=1), "digits", SHAPE) is None
    assert open_own(config("digits"), "digits", SHAPE) is None
    assert open_own(config("digits", views="many"), "digits", SHAPE) is None
    assert TrainedOn.of(config("digits", part=-1)) is None


@pytest.mark.parametrize("pictures", [2, 49])
def test_a_set_that_is_not_divided_has_no_fresh_images(home: Path, tmp_path: Path, pictures: int) -> None:
    np.save(tmp_path / "few.npy", np.zeros((pictures, 8, 8), np.uint8))
    assert open_own(config("few.npy", views=1), str(tmp_path / "few.npy"), SHAPE) is None
