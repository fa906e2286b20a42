"""Photographs without a grid, and the same ones as JPEG leaves them."""

from __future__ import annotations

import io
from functools import lru_cache

import numpy as np
from PIL import Image

from explorer.data.builtin import photos
from explorer.images import to_pil

__all__ = ["as_jpeg", "photographs", "resized"]


@lru_cache(maxsize=8)
def photographs(side: int, channels: int = 1, count: int = 48) -> np.ndarray:
    """Shrunk crops of the built-in photographs, uint8 ``(count, channels, side, side)``."""
    shape = (channels, side, side)
    images = photos("train", shape)
    numbers = (np.arange(count) * images.count // count).tolist()
    pixels = np.stack([sample.pixels for sample in images.read(numbers, shape)])
    pixels.setflags(write=False)
    return pixels


def as_jpeg(pixels: np.ndarray, quality: int, chroma: str = "4:2:0") -> np.ndarray:
    """Each image through a JPEG file."""
    return np.stack([_through_file(image, quality, chroma) for image in pixels])


def resized(pixels: np.ndarray, side: int, method: Image.Resampling) -> np.ndarray:
    """Each image at another size."""
    return np.stack([_array(to_pil(image).resize((side, side), method)) for image in pixels])


def _through_file(image: np.ndarray, quality: int, chroma: str) -> np.ndarray:
    file = io.BytesIO()
    to_pil(image).save(file, "JPEG", quality=quality, subsampling=chroma)
    with Image.open(file) as opened:
        return _array(opened)


def _array(image: Image.Image) -> np.ndarray:
    pixels = np.array(image)
    return pixels[None] if pixels.ndim == 2 else np.ascontiguousarray(pixels.transpose(2, 0, 1))
