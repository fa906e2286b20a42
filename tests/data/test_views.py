"""Views of pictures: where they are cut, how much they are shrunk, what a store says of them."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from explorer.data.sources import open_dataset
from explorer.data.views import CENTRAL, Views
from explorer.errors import ExplorerError
from explorer.images import Crop, to_square

SIDE = 8
SHAPE = (1, SIDE, SIDE)


def picture(number: int, width: int, height: int) -> Image.Image:
    noise = np.random.default_rng(number).integers(0, 256, (height, width), dtype=np.uint8)
    return Image.fromarray(noise)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "pictures"
    for split, count in (("train", 6), ("validation", 3)):
        (root / split).mkdir(parents=True)
        for number in range(count):
            size = (15, 40) if number == 0 else (60, 40)  # the first one is too small to be shrunk by 2.5
            data = io.BytesIO()
            picture(number, *size).save(data, "PNG")
            (root / split / f"{number}.png").write_bytes(data.getvalue())
    return root


def test_one_view_is_the_middle_square() -> None:
    assert CENTRAL.crops(100, 70, SIDE, 5) == [Crop()]


def test_views_are_inside_shrunk_enough_and_of_many_sizes_and_places() -> None:
    boxes = np.array([crop.box(90, 60) for n in range(200) for crop in Views(4, 2.5).crops(90, 60, SIDE, n)])
    sides = boxes[:, 2] - boxes[:, 0]
    assert (sides == boxes[:, 3] - boxes[:, 1]).all()
    assert boxes.min() >= 0
    assert boxes[:, [0, 2]].max() <= 90
    assert boxes[:, [1, 3]].max() <= 60
    assert sides.min() == 2.5 * SIDE
    assert sides.max() == 60
    # log c is uniform between log 20 and log 60: a mean of log 34.6, with an error of 0.32 / sqrt(800)
    assert np.log(sides).mean() == pytest.approx(np.log(np.sqrt(20 * 60)), abs=0.04)
    left = boxes[:, 0] / (90 - sides)
    assert left.mean() == pytest.approx(0.5, abs=0.04)
    assert left.std() == pytest.approx(np.sqrt(1 / 12), abs=0.03)


def test_views_depend_on_the_number_alone() -> None:
    views = Views(3, 2.0)
    assert views.crops(90, 60, SIDE, 7) == views.crops(90, 60, SIDE, 7)
    assert views.crops(90, 60, SIDE, 7) != views.crops(90, 60, SIDE, 8)
    assert views.crops(90, 60, SIDE, 7)[:2] == Views(2, 2.0).crops(90, 60, SIDE, 7)


def test_a_small_picture_is_used_as_far_as_it_reaches() -> None:
    views = Views(4, 2.5)
    assert views.is_too_small(19, 100, SIDE)
    assert not views.is_too_small(20, 100, SIDE)
    assert {crop.size for crop in views.crops(19, 100, SIDE, 0)} == {1.0}


@pytest.mark.parametrize(("count", "min_shrink"), [(0, 2.0), (1001, 2.0), (4, 0.5), (4, float("nan"))])
def test_numbers_out_of_range_are_refused(count: int, min_shrink: float) -> None:
    with pytest.raises(ExplorerError, match="Choose"):
        Views(count, min_shrink)


def test_a_store_holds_the_views_of_each_picture_together(folder: Path) -> None:
    store = open_dataset(str(folder), SHAPE, "train", views=Views(4, 2.5))
    assert (len(store), store.views, store.min_shrink, store.small) == (24, 4, 2.5, 1)
    assert "1 of 6 pictures are smaller than 20 pixels" in store.shrink_note
    for first in range(0, 24, 4):
        file = store.names[first].partition(",")[0]
        assert [store.names[first + k] for k in range(4)] == [f"{file}, view {k + 1}" for k in range(4)]
        number = first // 4
        with Image.open(folder / file) as image:
            crops = Views(4, 2.5).crops(*image.size, SIDE, number)
            expected = [to_square(image, SHAPE, crop) for crop in crops]
        assert (store.pixels[first : first + 4] == np.stack(expected)).all()


def test_validation_has_the_middle_squares_and_no_picture_of_the_training_part(folder: Path) -> None:
    training = open_dataset(str(folder), SHAPE, "train", views=Views(4, 2.5))
    validation = open_dataset(str(folder), SHAPE)
    assert (len(validation), validation.views, validation.shrink_note) == (3, 1, "")
    assert not {name.partition(",")[0] for name in training.names} & set(validation.names)


def test_a_build_that_was_stopped_between_two_views_goes_on(folder: Path) -> None:
    class Stopped(Exception): ...

    views = Views(100, 2.5)  # progress is told every 64 images: in the middle of a picture's views

    def stop(done: int, _total: int | None) -> None:
        if done == 320:
            raise Stopped

    with pytest.raises(Stopped):
        open_dataset(str(folder), SHAPE, "train", progress=stop, views=views)
    resumed = open_dataset(str(folder), SHAPE, "train", views=views)
    fresh = open_dataset(str(folder.rename(folder.with_name("moved"))), SHAPE, "train", views=views)
    assert resumed.fingerprint == fresh.fingerprint
    assert len(resumed) == 600


def test_unreadable_pictures_are_named_once(folder: Path) -> None:
    (folder / "train" / "0.png").write_bytes(b"no picture")
    store = open_dataset(str(folder), SHAPE, "train", views=Views(4, 2.5))
    assert (len(store), store.skipped, store.small) == (20, ("train/0.png",), 0)


def test_built_in_sets_have_one_view() -> None:
    assert open_dataset("digits", SHAPE, "train", views=Views(4, 2.5)).views == 1
