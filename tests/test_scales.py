"""Which values are black and white: what is taken, what is asked, what is chosen."""

from __future__ import annotations

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from explorer.decoding import decode_image, read_image
from explorer.errors import ExplorerError
from explorer.scales import Scale, UnknownScale
from tests.image_files import GRAY, PICTURE, encode, tiff, written


@pytest.mark.parametrize("white", [1.0, 255.0, 65535.0])
@pytest.mark.parametrize("kind", ["<f2", "<f4", "<f8"])
def test_floats_are_brought_to_their_scale(white: float, kind: str) -> None:
    values = (np.array([[0.0, 0.2, 0.5, 0.8]]) * white).astype(kind)
    data = tiff(values, 8 * values.itemsize, sample_format=3)
    assert np.asarray(read_image(data)).tolist() == [[0, 51, 128, 204]]


def test_a_float_far_outside_is_no_scale() -> None:
    with pytest.raises(UnknownScale, match=r"from -2 to 2: which values are black and white is not known"):
        read_image(tiff(np.array([[-2.0, 0.0, 2.0]], "<f4"), 32, sample_format=3))


def test_signed_integers() -> None:
    assert np.asarray(read_image(tiff(np.array([[0, 128, 255]], "<i2"), 16, sample_format=2))).tolist() == [
        [0, 128, 255]
    ]
    with pytest.raises(UnknownScale, match="signed 16-bit integers from -100 to 100"):
        read_image(tiff(np.array([[-100, 0, 100]], "<i2"), 16, sample_format=2))


def test_the_scale_that_is_chosen_is_used() -> None:
    data = tiff(np.array([[-100, 0, 100]], "<i2"), 16, sample_format=2)
    found = decode_image(data, "a.tif", Scale(-100, 100))
    assert np.asarray(found.image).tolist() == [[0, 128, 255]]
    assert str(found.reading) == "It holds signed 16-bit integers: -100 is taken for black and 100 for white."


def test_eight_bits_have_one_scale() -> None:
    found = decode_image(encode(Image.fromarray(GRAY)), "a.png", Scale(0, 4095))
    assert (np.asarray(found.image) == GRAY).all()
    assert found.reading is None


@pytest.mark.parametrize("scale", [1.0, 255.0, 65535.0])
@pytest.mark.parametrize("overshoot", [1.0001, 1.004, 1.02, 1.3])
def test_a_few_values_beyond_white_do_not_change_the_scale(scale: float, overshoot: float) -> None:
    values = (PICTURE / 255 * scale).astype("f4")
    values[3, 4], values[5, 6] = overshoot * scale, -0.01 * scale
    found = decode_image(written(values, photometric="rgb"))
    assert (
        np.delete(np.asarray(found.image).reshape(-1, 3), [124, 206], 0)
        == np.delete(PICTURE.reshape(-1, 3), [124, 206], 0)
    ).all()
    assert found.reading is not None
    assert found.reading.clipped == 6 / PICTURE.size
    assert str(found.reading).endswith("0.17 % of the values are outside and are clipped.")


def test_many_values_just_beyond_white_do_not_change_the_scale() -> None:
    values = (PICTURE[:, :, 0] / 255).astype("f4")
    values[values > 0.6] = 1.004
    assert np.asarray(read_image(written(values))).max() == 255
    assert np.asarray(read_image(written(values)))[values < 0.6].tolist() == PICTURE[:, :, 0][values < 0.6].tolist()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (PICTURE / 255 * 2.0, "which values are black and white is not known"),
        (PICTURE / 255 * 4.0 - 2, "which values are black and white is not known"),
        (PICTURE / 255 * 2.0 - 1, "which values are black and white is not known"),
        (PICTURE / 255 * 30.0, "which values are black and white is not known"),
        (PICTURE / 255 * 4095.0, "which values are black and white is not known"),
        (np.where(np.arange(PICTURE.size).reshape(PICTURE.shape) == 7, 200, PICTURE / 255), "white may be 1 or 255"),
    ],
)
def test_floats_that_fit_no_scale_or_two_are_refused(values: np.ndarray, message: str) -> None:
    with pytest.raises(UnknownScale, match=message):
        read_image(written(values.astype("f4"), photometric="rgb"), "a.tif")


@pytest.mark.parametrize("bits", [8, 10, 12, 14])
@pytest.mark.parametrize("hot", [False, True])
@pytest.mark.parametrize("color", [False, True])
def test_fewer_bits_in_a_file_of_sixteen_are_a_choice(bits: int, hot: bool, color: bool) -> None:
    picture = PICTURE if color else PICTURE[:, :, 1]
    values = (picture / 255 * (2**bits - 1)).round().astype(np.uint16)
    if hot:
        values[0, 0] = 65535
    files = (written(values, photometric="rgb" if color else "minisblack"), imagecodecs.png_encode(values))
    for data in files:
        with pytest.raises(
            UnknownScale, match=f"white may be {2**bits - 1:,} or .*65,535. Choose the values"
        ) as caught:
            read_image(data, "a.tif")
        assert caught.value.whites[-1] == 65535
        found = np.asarray(read_image(data, "a.tif", Scale(0, 2**bits - 1)))
        assert (found[1:] == picture[1:]).all()


def test_a_dark_picture_of_sixteen_bits_is_no_question_where_a_part_is_bright() -> None:
    values = PICTURE.astype(np.uint16) * 257
    values[:25] //= 20
    assert np.asarray(read_image(written(values, photometric="rgb"))).max() > 200


def test_black_is_black_on_every_scale() -> None:
    for kind in ("u2", "i4", "f4"):
        assert np.asarray(read_image(written(np.zeros((9, 8), kind)))).max() == 0


@pytest.mark.parametrize("top", [1, 255, 65535, 2**31 - 1])
def test_integers_of_32_bits(top: int) -> None:
    values = (PICTURE[:, :, 0].astype(np.int64) * top // 255).astype("<i4")
    expected = np.rint(values / top * 255) if top > 1 else 255 * values
    assert np.abs(np.asarray(read_image(written(values))).astype(int) - expected).max() <= 1


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_floats_that_are_not_finite_are_refused(bad: float) -> None:
    with pytest.raises(ExplorerError, match="not finite"):
        read_image(tiff(np.array([[0.5, bad]], "<f4"), 32, sample_format=3))
