"""The images that come with the libraries."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from sklearn.datasets import load_digits

from explorer.data.builtin import PHOTOGRAPHS, crop_boxes, digits, photograph_path, photos
from explorer.data.parts import Division
from explorer.decoding import read_image
from explorer.errors import ExplorerError
from explorer.images import Values, to_square


def test_digits_are_scikit_learns() -> None:
    images, bunch = digits(), load_digits()
    samples = list(images.read(range(images.count), (1, 8, 8)))
    assert images.count == len(bunch.images) == 1797
    assert images.label_names == tuple("0123456789")
    assert [sample.label for sample in samples] == bunch.target.tolist()
    pixels = np.stack([sample.pixels for sample in samples])
    assert (pixels[:, 0].astype(int) * Values(levels=17).levels // 256 == bunch.images).all()


def test_digits_at_other_sizes() -> None:
    (original,), (large,), (small,), (color,) = (
        list(digits().read([5], shape)) for shape in [(1, 8, 8), (1, 32, 32), (1, 4, 4), (3, 8, 8)]
    )
    assert (large.pixels[0] == original.pixels[0].repeat(4, 0).repeat(4, 1)).all()
    assert np.abs(small.pixels[0] - original.pixels[0].reshape(4, 2, 4, 2).mean((1, 3))).max() <= 1
    assert (color.pixels == original.pixels).all()


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_photographs_are_there_and_as_described(name: str) -> None:
    image = read_image(photograph_path(name).read_bytes())
    assert min(image.size) >= 300
    assert (image.mode == "L") == PHOTOGRAPHS[name].gray


def test_photographs_need_no_import_of_the_packages() -> None:
    """Both take seconds to import; the app shows a photograph at once."""
    loaded = {name for name in ("skimage", "sklearn") if name in sys.modules}
    photograph_path("astronaut")
    assert {name for name in ("skimage", "sklearn") if name in sys.modules} == loaded


def test_unknown_photograph() -> None:
    with pytest.raises(ExplorerError, match="There is no photograph 'lena'"):
        photograph_path("lena")


@pytest.mark.parametrize("shape", [(1, 8, 8), (1, 32, 32), (3, 32, 32), (1, 64, 64)])
def test_splits_share_no_photograph(shape: tuple[int, int, int]) -> None:
    train, validation, everything = (photos(split, shape) for split in ("train", "validation", "all"))
    assert not set(train.label_names) & set(validation.label_names)
    assert set(everything.label_names) == set(train.label_names) | set(validation.label_names)
    assert everything.count == train.count + validation.count
    assert validation.count > 100
    assert train.division == validation.division == Division(train=train.count, validation=validation.count)
    assert shape[0] == 1 or not any(PHOTOGRAPHS[name].gray for name in everything.label_names)


def test_enough_crops() -> None:
    counts = {shape: photos("all", shape).count for shape in ((1, 8, 8), (1, 32, 32), (1, 64, 64), (3, 64, 64))}
    assert counts == {(1, 8, 8): 2_800, (1, 32, 32): 2_021, (1, 64, 64): 681, (3, 64, 64): 392}


def test_the_first_crops_are_of_all_photographs_and_sizes() -> None:
    """Checks look at the first images of a data set."""
    images = photos("all", (1, 32, 32))
    first = list(images.read(range(100), (1, 32, 32)))
    assert {sample.label for sample in first} == set(range(len(PHOTOGRAPHS)))
    sizes = {int(sample.name.split()[1]) for sample in first}
    assert min(sizes) < 100
    assert max(sizes) > 400


def test_crops_are_to_square_of_the_photograph() -> None:
    images = photos("validation", (1, 32, 32))
    crops = [crop for crop in images.read(range(images.count), (1, 32, 32)) if crop.name.startswith("camera ")]
    image = read_image(photograph_path("camera").read_bytes())
    (whole,) = (crop for crop in crops if crop.name == "camera 512 px at 0, 0")
    assert (whole.pixels == to_square(image, (1, 32, 32))).all()
    for part in crops[::40]:
        side, left, top = (int(word) for word in part.name.replace(" px at", "").replace(",", "").split()[1:])
        expected = to_square(image.crop((left, top, left + side, top + side)), (1, 32, 32))
        assert (part.pixels == expected).all()


def test_crops_do_not_change_from_call_to_call() -> None:
    first, second = (
        np.stack([sample.pixels for sample in photos("validation", (3, 16, 16)).read(range(20), (3, 16, 16))])
        for _ in range(2)
    )
    assert first.shape == (20, 3, 16, 16)
    assert (first == second).all()


@pytest.mark.parametrize("size", [(640, 427), (300, 451), (512, 512)])
@pytest.mark.parametrize("side", [8, 32, 64])
def test_boxes_lie_inside_at_many_scales(size: tuple[int, int], side: int) -> None:
    boxes = np.array(crop_boxes(*size, side))
    sides = boxes[:, 2] - boxes[:, 0]
    assert (sides == boxes[:, 3] - boxes[:, 1]).all()
    assert (boxes[:, :2] >= 0).all()
    assert (boxes[:, 2:] <= size).all()
    assert sides.max() == min(size)
    assert sides.min() >= 2.5 * side
    assert len(boxes) <= 200
    assert len(np.unique(boxes, axis=0)) == len(boxes)
    scales = np.unique(sides)
    assert (scales[1:] / scales[:-1] < 1.35).all()


def test_a_model_larger_than_a_photograph_sees_it_enlarged() -> None:
    assert len(crop_boxes(640, 427, 600)) >= 1
    (sample,) = photos("validation", (1, 1024, 1024)).read([0], (1, 1024, 1024))
    assert sample.pixels.shape == (1, 1024, 1024)
