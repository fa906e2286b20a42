"""Hostile, odd and plain image files: each gives the right picture or one sentence."""

from __future__ import annotations

import struct
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from explorer.decoding import FORMATS, MAX_PIXELS, MAX_UPLOAD_BYTES, begins_as_image, read_image
from explorer.errors import ExplorerError
from tests.image_files import COLOR, GRAY, RNG, encode, png_header


@pytest.mark.parametrize("file_format", FORMATS)
def test_every_format_is_read_and_lossless_ones_exactly(file_format: str) -> None:
    lossless = file_format in ("PNG", "TIFF", "BMP", "PPM")
    data = encode(Image.fromarray(COLOR), file_format)
    assert begins_as_image(data)
    image = read_image(data)
    assert (image.mode, image.size) == ("RGB", (9, 7))
    assert not lossless or (np.asarray(image) == COLOR).all()


def test_gray_stays_gray() -> None:
    image = read_image(encode(Image.fromarray(GRAY)))
    assert image.mode == "L"
    assert (np.asarray(image) == GRAY).all()


def test_contents_decide_not_the_name() -> None:
    assert read_image(encode(Image.fromarray(COLOR), "JPEG"), "photo.png").size == (9, 7)
    with pytest.raises(ExplorerError, match=r"page\.png is not an image that can be read\. Use PNG"):
        read_image(b"<!DOCTYPE html><html><body>Not found</body></html>", "page.png")


@pytest.mark.parametrize("file_format", ["ICO", "TGA", "PDF", "EPS"])
def test_other_formats_are_refused(file_format: str) -> None:
    data = encode(Image.fromarray(COLOR), file_format)
    assert not begins_as_image(data)
    with pytest.raises(ExplorerError, match="not an image that can be read"):
        read_image(data)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"BMW and other cars\n" * 9,
        b"P5: the fifth page\n",
        b"Pages\n",
        b"II. Methods",
        b"GIFts",
        b"RIFF0000WAVEfmt ",
    ],
)
def test_text_and_sounds_do_not_begin_as_images(text: bytes) -> None:
    assert not begins_as_image(text)
    assert not begins_as_image(b"\0\0\0\x14ftypqt  \0\0\2\0qt  " + text)  # a film


@pytest.mark.parametrize(
    ("header", "values", "expected"),
    [
        (b"P5 3 1 65535\n", np.array([0, 257, 65535], ">u2").tobytes(), [0, 1, 255]),
        (b"P5 3 1 4095\n", np.array([0, 16, 4095], ">u2").tobytes(), [0, 1, 255]),
        (b"P5 2 1 65535\n", np.array([0, 255], ">u2").tobytes(), [0, 1]),  # dark, and no 8-bit values
        (b"P5\n# by hand\n2 1\n255\n", bytes([7, 250]), [7, 250]),
        (b"P2 2 1 15\n", b"0 15\n", [0, 255]),
        (b"P1 2 1\n", b"0 1\n", [255, 0]),
    ],
)
def test_portable_gray_maps(header: bytes, values: bytes, expected: list[int]) -> None:
    assert begins_as_image(header + values)
    assert np.asarray(read_image(header + values)).tolist() == [expected]


def raw_photograph(kind: str) -> bytes:
    return encode(Image.fromarray(COLOR), "TIFF", tiffinfo={254: 1} if kind == "NEF" else {50706: b"\1\4\0\0"})


@pytest.mark.parametrize("kind", ["DNG", "NEF"])
def test_the_preview_in_a_raw_photograph_is_not_taken_for_it(kind: str) -> None:
    with pytest.raises(ExplorerError, match=r"IMG_1\.DNG is a raw photograph, in which only a preview"):
        read_image(raw_photograph(kind), "IMG_1.DNG")


def test_empty() -> None:
    with pytest.raises(ExplorerError, match=r"cat\.jpg is empty"):
        read_image(b"", "cat.jpg")


def test_too_many_bytes() -> None:
    with pytest.raises(ExplorerError, match="the limit is 20 MB"):
        read_image(bytes(MAX_UPLOAD_BYTES + 1))


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.8])
def test_truncated(file_format: str, share: float) -> None:
    image = Image.fromarray(RNG.integers(0, 256, (60, 60, 3), dtype=np.uint8))
    data = encode(image, file_format)
    with pytest.raises(ExplorerError, match=r"(is damaged or truncated|is not an image)"):
        read_image(data[: int(len(data) * share)])


@pytest.mark.parametrize(
    ("width", "height"), [(50_000, 50_000), (10_000, 10_000), (2**31 - 1, 2**31 - 1), (7100, 7100)]
)
def test_too_many_pixels_are_refused_by_the_header_alone(
    width: int, height: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image.Image, "load", pytest.fail)
    monkeypatch.setattr(PngImageFile, "load", pytest.fail)
    assert width * height > MAX_PIXELS
    with pytest.raises(ExplorerError, match="at most 50 million"):
        read_image(png_header(width, height))


def test_large_webp_canvas_is_refused() -> None:
    side = (16383 - 1).to_bytes(3, "little")
    chunk = b"VP8X" + struct.pack("<I", 10) + b"\0\0\0\0" + side + side
    with pytest.raises(ExplorerError):
        read_image(b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk)


def test_zero_size_is_refused() -> None:
    with pytest.raises(ExplorerError):
        read_image(png_header(0, 10))


def test_transparency_lies_over_white() -> None:
    rgba = np.dstack([COLOR, np.full((7, 9), 255, np.uint8)])
    rgba[0, 0, 3], rgba[0, 1] = 0, (0, 0, 0, 51)
    pixels = np.asarray(read_image(encode(Image.fromarray(rgba))))
    assert pixels[0, 0].tolist() == [255, 255, 255]
    assert pixels[0, 1].tolist() == [204, 204, 204]
    assert (pixels[1:] == COLOR[1:]).all()


def test_gray_with_transparency_stays_gray() -> None:
    alpha = np.full((7, 9), 255, np.uint8)
    alpha[0, 0] = 0
    image = read_image(encode(Image.merge("LA", [Image.fromarray(GRAY), Image.fromarray(alpha)])))
    assert image.mode == "L"
    assert np.asarray(image)[0, 0] == 255
    assert (np.asarray(image)[1:] == GRAY[1:]).all()


def test_transparent_color_and_transparent_palette_entry() -> None:
    keyed = read_image(encode(Image.new("RGB", (3, 3), (1, 2, 3)), transparency=(1, 2, 3)))
    assert np.asarray(keyed).min() == 255
    gray_keyed = read_image(encode(Image.new("L", (3, 3), 9), transparency=9))
    assert gray_keyed.mode == "L"
    assert np.asarray(gray_keyed).min() == 255
    palette = Image.new("P", (3, 3), 0)
    palette.putpalette([10, 20, 30, 40, 50, 60])
    palette.putpixel((1, 1), 1)
    pixels = np.asarray(read_image(encode(palette, transparency=bytes([0, 255]))))
    assert pixels[0, 0].tolist() == [255, 255, 255]
    assert pixels[1, 1].tolist() == [40, 50, 60]


def test_palette() -> None:
    palette = Image.fromarray(COLOR).quantize(16)
    pixels = np.asarray(read_image(encode(palette)))
    assert (pixels == np.asarray(palette.convert("RGB"))).all()


def test_black_and_white() -> None:
    image = read_image(encode(Image.fromarray(GRAY > 127)))
    assert image.mode == "L"
    assert set(np.unique(image)) == {0, 255}


def test_cmyk() -> None:
    image = read_image(encode(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "TIFF"))
    assert image.mode == "RGB"
    assert np.asarray(image)[0, 0].tolist() == [255, 0, 0]
    assert read_image(encode(Image.fromarray(COLOR).convert("CMYK"), "JPEG")).mode == "RGB"


@pytest.mark.parametrize("file_format", ["GIF", "WEBP", "PNG", "TIFF"])
def test_first_frame_of_an_animation(file_format: str) -> None:
    frames = [Image.new("RGB", (8, 8), color) for color in ("red", "blue", "lime")]
    options = {"lossless": True} if file_format == "WEBP" else {}
    data = encode(frames[0], file_format, save_all=True, append_images=frames[1:], **options)
    assert np.asarray(read_image(data))[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_exif_rotation(file_format: str) -> None:
    picture = np.zeros((32, 64), np.uint8)
    picture[:, :32] = 255  # left half white: turned a quarter clockwise, the upper half
    exif = Image.Exif()
    exif[274] = 6
    image = read_image(encode(Image.fromarray(picture).convert("RGB"), file_format, exif=exif))
    pixels = np.asarray(image.convert("L"))
    assert image.size == (32, 64)
    assert pixels[:28].min() > 200
    assert pixels[36:].max() < 50


def test_damaged_exif_is_ignored() -> None:
    data = encode(Image.fromarray(COLOR), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff garbage")
    assert read_image(data).size == (9, 7)


@pytest.mark.parametrize("size", [(1, 1), (5000, 3), (3, 5000)])
def test_extreme_sizes(size: tuple[int, int]) -> None:
    assert read_image(encode(Image.new("RGB", size))).size == size


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.sampled_from(FORMATS), st.data())
def test_damaged_bytes_give_an_image_or_a_sentence(file_format: str, data: st.DataObject) -> None:
    encoded = bytearray(encode(Image.fromarray(COLOR), file_format))
    for _ in range(data.draw(st.integers(1, 8))):
        encoded[data.draw(st.integers(0, len(encoded) - 1))] = data.draw(st.integers(0, 255))
    with suppress(ExplorerError):
        assert read_image(bytes(encoded)).mode in ("L", "RGB")


def test_a_tiff_whose_next_page_cannot_be_read_gives_a_sentence() -> None:
    encoded = bytearray(encode(Image.fromarray(COLOR), "TIFF"))
    encoded[130] = 1  # where the next page begins: there is none
    with pytest.raises(ExplorerError, match="damaged"):
        read_image(bytes(encoded))


@settings(max_examples=50, deadline=None, derandomize=True)
@given(
    st.sampled_from(
        [b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"GIF89a", b"II*\0", b"MM\0*", b"BM", b"RIFF", b"\xff\x0a"]
    ),
    st.binary(),
)
def test_random_bytes_give_a_sentence(magic: bytes, rest: bytes) -> None:
    with pytest.raises(ExplorerError):
        read_image(magic + rest)
