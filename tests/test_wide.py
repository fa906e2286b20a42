"""Pictures of more than 8 bits: every depth, layout and compression gives the same picture."""

from __future__ import annotations

import struct

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from explorer.decoding import decode_image, read_image
from explorer.errors import ExplorerError
from tests.image_files import PICTURE, RNG, encode, tiff, written


def test_sixteen_bits_are_scaled_not_clipped() -> None:
    values = np.array([[0, 257, 32768, 65535]], np.uint16)
    for file_format in ("PNG", "TIFF"):
        assert np.asarray(read_image(encode(Image.fromarray(values), file_format))).tolist() == [[0, 1, 128, 255]]


def test_twelve_bits_are_scaled_by_their_depth() -> None:
    data = bytes([0xFF, 0xF0, 0x00, 0x80, 0x01, 0x00])  # 4095, 0, 2048, 256
    image = read_image(tiff(np.zeros((1, 4)), 12, data=data))
    assert np.asarray(image).tolist() == [[255, 0, 128, 16]]


def test_white_is_zero() -> None:
    image = read_image(tiff(np.array([[0, 65535]], "<u2"), 16, photometric=0))
    assert np.asarray(image).tolist() == [[255, 0]]


@pytest.mark.parametrize("kind", ["<u2", ">u2", "<u4", "<f2", "<f4", ">f4", "<f8"])
@pytest.mark.parametrize("planar", [False, True])
@pytest.mark.parametrize("compression", [None, "zlib", "lzw", "packbits"])
def test_wide_color_is_the_same_picture(kind: str, planar: bool, compression: str | None) -> None:
    dtype = np.dtype(kind)
    white = 1.0 if dtype.kind == "f" else np.iinfo(dtype).max
    values = (PICTURE / 255 * white).round(0 if dtype.kind == "u" else 6).astype(dtype)
    options = {"photometric": "rgb", "planarconfig": "separate" if planar else "contig", "compression": compression}
    values = np.ascontiguousarray(np.moveaxis(values, 2, 0)) if planar else values
    pixels = np.asarray(read_image(written(values, byteorder=kind[0], **options)))
    assert np.abs(pixels.astype(int) - PICTURE).max() <= (1 if kind == "<f2" else 0)


def test_predictors_in_every_byte_order() -> None:
    for order in "<>":
        data = written(
            (PICTURE / 255).astype("f4"), photometric="rgb", compression="zlib", predictor=True, byteorder=order
        )
        assert (np.asarray(read_image(data)) == PICTURE).all()


def test_planes_of_sixteen_bits_in_png() -> None:
    data = imagecodecs.png_encode(PICTURE.astype(np.uint16) * 257)
    found = decode_image(data)
    assert (np.asarray(found.image) == PICTURE).all()
    assert str(found.reading) == "It holds 16-bit integers: 0 is taken for black and 65,535 for white."


@pytest.mark.parametrize("kind", ["unassalpha", "assocalpha"])
def test_wide_pictures_lie_over_white(kind: str) -> None:
    alpha = np.full((30, 40, 1), 65535, np.uint16)
    alpha[:10] = 0
    alpha[10:20] = 65535 // 5
    values = np.concatenate([PICTURE.astype(np.uint16) * 257, alpha], 2)
    if kind == "assocalpha":
        values[..., :3] = values[..., :3] * (alpha / 65535)
    pixels = np.asarray(read_image(written(values, photometric="rgb", extrasamples=[kind]))).astype(int)
    assert (pixels[:10] == 255).all()
    assert np.abs(pixels[10:20] - (204 + PICTURE[10:20] / 5)).max() <= 1
    assert (pixels[20:] == PICTURE[20:]).all()


@pytest.mark.parametrize("white", [1.0, 255.0])
def test_floats_with_alpha_on_their_scale(white: float) -> None:
    alpha = np.full((30, 40, 1), 1.0)
    alpha[:10] = 0.2
    values = (np.concatenate([PICTURE / 255, alpha], 2) * white).astype(np.float32)
    pixels = np.asarray(read_image(written(values, photometric="rgb", extrasamples=["unassalpha"]))).astype(int)
    assert np.abs(pixels[:10] - (204 + PICTURE[:10] / 5)).max() <= 1
    assert (pixels[10:] == PICTURE[10:]).all()


def test_sixteen_bits_with_transparency_in_png() -> None:
    values = np.dstack([PICTURE.astype(np.uint16) * 257, np.full((30, 40), 65535, np.uint16)])
    values[0, 0, 3] = 0
    pixels = np.asarray(read_image(imagecodecs.png_encode(values)))
    assert pixels[0, 0].tolist() == [255, 255, 255]
    assert (pixels[1:] == PICTURE[1:]).all()


def test_more_pages_and_channels_are_counted() -> None:
    channels = np.concatenate([PICTURE, PICTURE[..., :2]], 2).astype(np.uint16) * 257
    found = decode_image(written(channels, photometric="rgb", extrasamples=["unspecified", "unspecified"]))
    assert (np.asarray(found.image) == PICTURE).all()
    assert found.left_out == "2 more channels"
    for kind in ("u1", "f4"):
        pages = (np.moveaxis(PICTURE, 2, 0) / (255 if kind == "f4" else 1)).astype(kind)
        found = decode_image(written(pages, photometric="minisblack"))
        assert (np.asarray(found.image) == PICTURE[..., 0]).all()
        assert found.left_out == "2 more pages"


@pytest.mark.parametrize("kind", ["u1", "u2"])
def test_channels_that_are_no_picture_are_refused(kind: str) -> None:
    channels = np.concatenate([PICTURE, PICTURE[..., :2]], 2).astype(kind)
    with pytest.raises(ExplorerError, match=r"a\.tif has 5 channels, and it is not known which to show"):
        read_image(written(channels, photometric="minisblack", planarconfig="contig"), "a.tif")


def test_wide_pictures_are_turned_upright() -> None:
    data = written((PICTURE / 255).astype("f4"), photometric="rgb", extratags=[(274, 3, 1, 6, True)])
    assert (np.asarray(read_image(data)) == np.rot90(PICTURE, -1)).all()


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_truncated_wide_pictures(share: float, compression: str | None) -> None:
    data = written(RNG.random((60, 60, 3), np.float32), photometric="rgb", compression=compression)
    with pytest.raises(ExplorerError, match="is damaged or truncated"):
        read_image(data[: int(len(data) * share)])


@pytest.mark.parametrize(("width", "height"), [(50_000, 50_000), (7100, 7100), (2**31 - 1, 2**31 - 1)])
def test_wide_pictures_of_absurd_size(width: int, height: int) -> None:
    data = bytearray(tiff(np.zeros((2, 2), "<f4"), 32, sample_format=3))
    data[18:22], data[30:34] = struct.pack("<I", width), struct.pack("<I", height)
    data[12:14] = data[24:26] = struct.pack("<H", 4)
    with pytest.raises(ExplorerError, match=r"(too large|damaged or truncated)"):
        read_image(bytes(data))
