"""Lossless sizes: real files that decode to the same pixels, as small as promised."""

from __future__ import annotations

import imagecodecs
import numpy as np
import pytest

from explorer.measures.image.codecs import CODECS, lossless_bits, mosaic, mosaic_bits_per_pixel

RNG = np.random.default_rng(0)
NOISE = RNG.integers(0, 256, (1, 32, 32), dtype=np.uint8)
CONSTANT = np.full((1, 32, 32), 77, np.uint8)


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[bytes]]:
    """Every file that is encoded while a test runs."""
    files: dict[str, list[bytes]] = {}
    for name in ("png", "webp", "jpegxl"):
        encode = getattr(imagecodecs, f"{name}_encode")

        def keep(*args: object, _encode: object = encode, _name: str = name, **options: object) -> bytes:
            data = _encode(*args, **options)
            files.setdefault(_name, []).append(data)
            return data

        monkeypatch.setattr(imagecodecs, f"{name}_encode", keep)
    return files


@pytest.mark.parametrize("shape", [(1, 32, 32), (3, 16, 16), (1, 8, 8), (1, 1, 1)])
def test_every_file_is_lossless_and_the_smallest_counts(
    shape: tuple[int, int, int], written: dict[str, list[bytes]]
) -> None:
    pixels = RNG.integers(0, 256, shape, dtype=np.uint8)
    bits = lossless_bits(pixels)
    assert tuple(bits) == CODECS
    for name, codec in zip(("png", "webp", "jpegxl"), CODECS, strict=True):
        assert bits[codec] == 8 * min(len(data) for data in written[name])
        for data in written[name]:
            decoded = np.asarray(getattr(imagecodecs, f"{name}_decode")(data)).reshape(*shape[1:], -1)
            assert (decoded == pixels.transpose(1, 2, 0)).all()


def test_order_of_compressibility() -> None:
    gradient = np.broadcast_to(np.arange(32, dtype=np.uint8) * 8, (1, 32, 32))
    noise, smooth, flat = (lossless_bits(pixels) for pixels in (NOISE, gradient, CONSTANT))
    for codec in CODECS:
        assert flat[codec] <= smooth[codec] < noise[codec]
        assert noise[codec] >= 8 * NOISE.size
        assert flat[codec] < 1000


def test_deterministic() -> None:
    assert lossless_bits(NOISE) == lossless_bits(NOISE.copy())


def test_read_only_and_strided_pixels_are_fine() -> None:
    pixels = RNG.integers(0, 256, (5, 16, 16, 3), dtype=np.uint8).transpose(0, 3, 1, 2)
    pixels.flags.writeable = False
    assert lossless_bits(pixels[2]) == lossless_bits(pixels[2].copy())


def test_mosaic_places_images_row_after_row() -> None:
    pixels = np.arange(6, dtype=np.uint8)[:, None, None, None] * np.ones((1, 1, 2, 3), np.uint8)
    image = mosaic(pixels, 2, 3)
    assert image.shape == (1, 4, 9)
    assert image[0, ::2, ::3].tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize("channels", [1, 3])
def test_mosaics_amortize_headers(channels: int) -> None:
    smooth = np.cumsum(RNG.integers(-2, 3, (18, channels, 8, 8)), -1) + 128
    pixels = smooth.astype(np.uint8)
    amortized = mosaic_bits_per_pixel(pixels)
    single = np.mean([lossless_bits(image)["PNG"] for image in pixels]) / pixels[0].size
    assert tuple(amortized) == CODECS
    assert 0 < amortized["PNG"] < single
    assert mosaic_bits_per_pixel(pixels[:1])["PNG"] * pixels[0].size == lossless_bits(pixels[0])["PNG"]
