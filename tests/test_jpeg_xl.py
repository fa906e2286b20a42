"""JPEG XL files: gray, color, alpha, any depth, turned, in boxes, damaged, and hostile."""

from __future__ import annotations

import struct
from contextlib import suppress

import imagecodecs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from explorer.decoding import begins_as_image, decode_image, read_image
from explorer.errors import ExplorerError
from tests.image_files import COLOR, GRAY, RNG, encode


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
