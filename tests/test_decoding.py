"""Hostile, odd and plain image files: each gives the right picture or one sentence."""

from __future__ import annotations

import io
import struct
import zlib
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from explorer.decoding import FORMATS, MAX_PIXELS, MAX_UPLOAD_BYTES, begins_as_image, read_image
from explorer.errors import ExplorerError
from tests.heic import HEIC

RNG = np.random.default_rng(0)
GRAY = RNG.integers(0, 256, (7, 9), dtype=np.uint8)
COLOR = RNG.integers(0, 256, (7, 9, 3), dtype=np.uint8)


def encode(image: Image.Image, file_format: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


def png_header(width: int, height: int) -> bytes:
    """A PNG file that promises a size and holds next to nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


def tiff(
    values: np.ndarray, bits: int, photometric: int = 1, sample_format: int = 1, data: bytes | None = None
) -> bytes:
    """A little-endian gray TIFF file with one strip."""
    height, width = values.shape
    data = values.tobytes() if data is None else data
    short, long = 3, 4
    entries = [
        (256, short, width),
        (257, short, height),
        (258, short, bits),
        (259, short, 1),
        (262, short, photometric),
    ]
    entries += [
        (273, long, 134),
        (277, short, 1),
        (278, short, height),
        (279, long, len(data)),
        (339, short, sample_format),
    ]
    directory = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries)
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + directory + struct.pack("<I", 0) + data


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


def test_a_phone_s_heic_file_is_turned_once() -> None:
    assert begins_as_image(HEIC)
    image = read_image(HEIC)
    pixels = np.asarray(image.convert("L"))
    assert image.size == (128, 64)
    assert pixels[:, :60].max() < 10
    assert pixels[:, 68:].min() > 245


@pytest.mark.parametrize("share", [0.05, 0.3, 0.7, 0.9, 0.99])
def test_a_truncated_heic_file(share: float) -> None:
    with pytest.raises(ExplorerError, match=r"(is damaged or truncated|is not an image)"):
        read_image(HEIC[: int(len(HEIC) * share)])


def test_a_heic_file_of_too_many_pixels() -> None:
    side = (10_000).to_bytes(4, "big")
    place = HEIC.index(b"ispe") + 8
    with pytest.raises(ExplorerError):
        read_image(HEIC[:place] + side + side + HEIC[place + 8 :])


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.data())
def test_a_damaged_heic_file_gives_an_image_or_a_sentence(data: st.DataObject) -> None:
    damaged = bytearray(HEIC)
    for _ in range(data.draw(st.integers(1, 8))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    with suppress(ExplorerError):
        assert read_image(bytes(damaged)).mode in ("L", "RGB")


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


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 0.5, 1.0], [0, 128, 255]),
        ([0.0, 10.0, 255.0], [0, 10, 255]),
        ([0.0, 257.0, 65535.0], [0, 1, 255]),
        ([-2.0, 0.0, 2.0], [0, 128, 255]),
        ([1e6, 1e6, 1e6], [0, 0, 0]),
        ([0.0, 1e30, 3e38], [0, 0, 255]),
    ],
)
def test_floats_are_brought_to_their_scale(values: list[float], expected: list[int]) -> None:
    data = tiff(np.array([values], "<f4"), 32, sample_format=3)
    assert np.asarray(read_image(data)).tolist() == [expected]


def test_signed_integers_are_brought_to_their_scale() -> None:
    assert np.asarray(read_image(tiff(np.array([[0, 128, 255]], "<i2"), 16, sample_format=2))).tolist() == [
        [0, 128, 255]
    ]
    assert np.asarray(read_image(tiff(np.array([[-100, 0, 100]], "<i2"), 16, sample_format=2))).tolist() == [
        [0, 128, 255]
    ]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_floats_that_are_not_finite_are_refused(bad: float) -> None:
    with pytest.raises(ExplorerError, match="not finite"):
        read_image(tiff(np.array([[0.5, bad]], "<f4"), 32, sample_format=3))


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


@settings(max_examples=50, deadline=None, derandomize=True)
@given(
    st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"GIF89a", b"II*\0", b"MM\0*", b"BM", b"RIFF"]),
    st.binary(),
)
def test_random_bytes_give_a_sentence(magic: bytes, rest: bytes) -> None:
    with pytest.raises(ExplorerError):
        read_image(magic + rest)
