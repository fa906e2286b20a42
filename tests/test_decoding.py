"""Hostile, odd and plain image files: each gives the right picture or one sentence."""

from __future__ import annotations

import io
import struct
import zlib
from contextlib import suppress

import imagecodecs
import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from explorer.decoding import FORMATS, MAX_PIXELS, MAX_UPLOAD_BYTES, begins_as_image, decode_image, read_image
from explorer.errors import ExplorerError
from explorer.scales import Scale, UnknownScale
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


def jxl(values: np.ndarray, **options: object) -> bytes:
    """A JPEG XL file without loss."""
    return bytes(imagecodecs.jpegxl_encode(values, lossless=True, **options))


def jxl_header(
    width: int, height: int, orientation: int = 1, is_premultiplied: bool = False, channels: int = 1
) -> bytes:
    """The header of a codestream of 8-bit color with further channels, all of them alpha, bit by bit."""

    def side(value: int) -> list[tuple[int, int]]:
        return [(3, 2), (value - 1, 30)]

    alpha = [(0, 1), (0, 2), (0, 3), (0, 2), (0, 2), (is_premultiplied, 1)]
    fields = [(0, 1), *side(height), (0, 3), *side(width), (0, 1), (1, 1), (orientation - 1, 3), (0, 3), (0, 3), (1, 1)]
    fields += [(1, 2)] if channels == 1 else [(3, 2), (channels - 1, 12)]
    fields += [*(alpha * channels), (0, 1), (1, 1), (1, 1), (0, 2), (1, 1)]
    bits = place = 0
    for value, count in fields:
        bits |= int(value) << place
        place += count
    return b"\xff\x0a" + bits.to_bytes((place + 7) // 8, "little")


RGBA = np.dstack([COLOR, np.full((7, 9), 255, np.uint8)])
JXL_FRAME = jxl(RGBA)[6:]
"""What follows the header, which ends with the fourth byte after the signature."""


def box(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", 8 + len(data)) + kind + data


JXL_BOXES = b"\0\0\0\x0cJXL \r\n\x87\n" + box(b"ftyp", b"jxl \0\0\0\0jxl ")


@pytest.mark.parametrize("container", [False, True])
@pytest.mark.parametrize("values", [GRAY, COLOR, np.tile(COLOR, (99, 33, 1))])
def test_jpeg_xl_is_read_exactly(values: np.ndarray, container: bool) -> None:
    data = jxl(values, usecontainer=container)
    assert begins_as_image(data)
    found = decode_image(data)
    assert found.image.mode == ("L" if values.ndim == 2 else "RGB")
    assert (np.asarray(found.image) == values).all()
    assert found.reading is None


@pytest.mark.parametrize("bits", [1, 4, 10, 12, 14])
@pytest.mark.parametrize("shape", [(7, 9), (3, 3, 3), (8, 8, 4)])
def test_jpeg_xl_of_any_depth_is_scaled_by_its_depth(bits: int, shape: tuple[int, ...]) -> None:
    white = 2**bits - 1
    values = RNG.integers(0, white + 1, shape).astype(np.uint8 if bits < 8 else np.uint16)
    if shape[-1] == 4:
        values[..., 3] = white
    found = decode_image(jxl(values, bitspersample=bits))
    expected = (
        np.floor(values[..., :3] / white * 255 + 0.5) if len(shape) == 3 else np.floor(values / white * 255 + 0.5)
    )
    assert (np.asarray(found.image) == expected).all()
    assert f"It holds {bits}-bit integers: 0 is taken for black and {white:,} for white." == str(found.reading)


def test_jpeg_xl_of_sixteen_bits_and_of_floats() -> None:
    assert (np.asarray(read_image(jxl(COLOR.astype(np.uint16) * 257))) == COLOR).all()
    for kind in (np.float32, np.float16):
        found = decode_image(jxl((COLOR / 255).astype(kind)))
        assert (np.asarray(found.image) == COLOR).all()
        assert "floats: 0 is taken for black and 1 for white" in str(found.reading)


def test_jpeg_xl_lies_over_white() -> None:
    values = RGBA.copy()
    values[0, 0, 3], values[0, 1] = 0, (0, 0, 0, 51)
    for white in (1, 257):
        pixels = np.asarray(read_image(jxl(values.astype(np.uint16 if white > 1 else np.uint8) * white)))
        assert pixels[0, :2].tolist() == [[255, 255, 255], [204, 204, 204]]
        assert (pixels[1:] == COLOR[1:]).all()
    gray = np.dstack([GRAY, np.full((7, 9), 255, np.uint8)])
    assert (np.asarray(read_image(jxl(gray))) == GRAY).all()


@pytest.mark.parametrize("is_premultiplied", [False, True])
def test_jpeg_xl_whose_colors_are_multiplied_by_alpha(is_premultiplied: bool) -> None:
    frame = jxl(np.full((7, 9, 4), (20, 20, 20, 51), np.uint8))[6:]
    pixels = np.asarray(read_image(jxl_header(9, 7, is_premultiplied=is_premultiplied) + frame))
    assert np.unique(pixels).tolist() == [20 + 204] if is_premultiplied else [round(20 / 5) + 204]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_jpeg_xl_is_turned_upright(orientation: int) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    expected = read_image(encode(Image.fromarray(COLOR), exif=exif))
    image = read_image(jxl_header(9, 7, orientation) + JXL_FRAME)
    assert image.size == expected.size
    assert (np.asarray(image) == np.asarray(expected)).all()


def test_jpeg_xl_in_several_boxes() -> None:
    data = jxl(COLOR)
    parts = [data[:1], data[1:5], data[5:]]
    boxes = [box(b"jxlp", struct.pack(">I", n | (n == 2) << 31) + part) for n, part in enumerate(parts)]
    assert (np.asarray(read_image(JXL_BOXES + box(b"xml ", b"<x/>") + b"".join(boxes))) == COLOR).all()
    last = b"\0\0\0\0jxlc" + data  # to the end of the file
    assert (np.asarray(read_image(JXL_BOXES + last)) == COLOR).all()


def test_first_frame_and_first_channel_of_jpeg_xl() -> None:
    assert (np.asarray(read_image(jxl(np.stack([GRAY, 255 - GRAY])))) == GRAY).all()
    found = decode_image(jxl(np.stack([GRAY, GRAY, 255 - GRAY]), planar=True, photometric="gray"))
    assert (np.asarray(found.image) == GRAY).all()
    assert found.left_out == "2 more channels"


@pytest.mark.parametrize(("width", "height"), [(50_000, 50_000), (7100, 7100), (2**30, 2**30)])
@pytest.mark.parametrize("container", [False, True])
def test_jpeg_xl_of_too_many_pixels_is_refused_by_its_header_alone(
    width: int, height: int, container: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imagecodecs, "jpegxl_decode", pytest.fail)
    data = jxl_header(width, height) + JXL_FRAME
    with pytest.raises(ExplorerError, match="at most 50 million"):
        read_image(JXL_BOXES + box(b"jxlc", data) if container else data)


def test_jpeg_xl_of_too_many_channels_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imagecodecs, "jpegxl_decode", pytest.fail)
    with pytest.raises(ExplorerError, match="3,000 x 3,000 pixels of 103 channels; at most 50 million"):
        read_image(jxl_header(3000, 3000, channels=100))


def test_a_header_that_says_another_size_than_the_decoder_reads_is_no_way_around_the_limit() -> None:
    """Two codestreams in one file: whichever is decoded, it has to have the size that was looked at."""
    small, large = jxl(GRAY), jxl(np.zeros((70, 90), np.uint8))
    for first, second in ((small, large), (large, small)):
        with suppress(ExplorerError):
            image = read_image(JXL_BOXES + box(b"jxlc", first) + box(b"jxlc", second))
            assert image.size == ((9, 7) if first is small else (90, 70))


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5, 0.8, 0.99])
@pytest.mark.parametrize("container", [False, True])
def test_truncated_jpeg_xl(share: float, container: bool) -> None:
    data = jxl(RNG.integers(0, 256, (60, 60, 3), dtype=np.uint8), usecontainer=container)
    with pytest.raises(ExplorerError, match=r"(is damaged or truncated|is not an image)"):
        read_image(data[: int(len(data) * share)])


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.booleans(), st.data())
def test_damaged_jpeg_xl_gives_an_image_or_a_sentence(container: bool, data: st.DataObject) -> None:
    damaged = bytearray(jxl(COLOR, usecontainer=container))
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


PICTURE = np.asarray(Image.fromarray(RNG.integers(0, 256, (4, 5, 3), dtype=np.uint8)).resize((40, 30)))
"""A color picture as real ones are: smooth, from nearly black to nearly white."""


def written(values: np.ndarray, **options: object) -> bytes:
    """A TIFF file by tifffile."""
    file = io.BytesIO()
    tifffile.imwrite(file, values, **options)
    return file.getvalue()


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
    st.sampled_from(
        [b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"GIF89a", b"II*\0", b"MM\0*", b"BM", b"RIFF", b"\xff\x0a"]
    ),
    st.binary(),
)
def test_random_bytes_give_a_sentence(magic: bytes, rest: bytes) -> None:
    with pytest.raises(ExplorerError):
        read_image(magic + rest)
