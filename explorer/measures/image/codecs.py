"""What real lossless codecs need for the same pixels: PNG, WebP and JPEG XL, by `imagecodecs`.

Sizes are those of whole files, headers included, of which small images have a large share. Each codec gets the least
size of a few settings (decoders read them all, so that the choice costs nothing):

- PNG: level 9, without filter, with the Paeth filter, and with a filter chosen for each row;
- WebP: lossless, methods 4 and 5. WebP has no gray: gray images are written as color with equal channels;
- JPEG XL: lossless, efforts 5, 7 and 9, bare codestream. (Higher effort often gives larger files at 32 x 32.)

One 32 x 32 gray image takes about 4 ms on one core. The *quick* setting of each codec (WebP method 4, JPEG XL effort 5)
takes a seventh of that, and its files are about 1 % larger: for whole data sets.
"""

from __future__ import annotations

import math

import imagecodecs
import numpy as np

__all__ = ["CODECS", "lossless_bits", "mosaic", "mosaic_bits_per_pixel"]

CODECS = ("PNG", "WebP", "JPEG XL")

_PNG_FILTERS = (imagecodecs.PNG.FILTER.NONE, imagecodecs.PNG.FILTER.PAETH, imagecodecs.PNG.FILTER.ALL)
_WEBP_METHODS = (4, 5)
_JPEGXL_EFFORTS = (5, 7, 9)
_QUICK_WEBP_METHODS = (4,)
_QUICK_JPEGXL_EFFORTS = (5,)
_LARGEST_MOSAIC = 32  # images a side: a few seconds at 32 x 32, and headers no longer count


def lossless_bits(pixels: np.ndarray, quick: bool = False) -> dict[str, int]:
    """Size of one image as a file of each of the `CODECS`, in bits.

    Args:
        pixels: uint8, shape ``(C, H, W)``, ``C`` 1 or 3.
        quick: take the quick settings alone; see the module's docstring.
    """
    image = _interleaved(pixels)
    color = image if image.ndim == 3 else np.repeat(image[..., None], 3, axis=2)
    sizes = {
        "PNG": [len(imagecodecs.png_encode(image, level=9, filter=row_filter)) for row_filter in _PNG_FILTERS],
        "WebP": [
            len(imagecodecs.webp_encode(color, lossless=True, level=75, method=method, numthreads=1))
            for method in (_QUICK_WEBP_METHODS if quick else _WEBP_METHODS)
        ],
        "JPEG XL": [
            len(imagecodecs.jpegxl_encode(image, lossless=True, effort=effort, usecontainer=False, numthreads=1))
            for effort in (_QUICK_JPEGXL_EFFORTS if quick else _JPEGXL_EFFORTS)
        ],
    }
    return {codec: 8 * min(sizes[codec]) for codec in CODECS}


def mosaic_bits_per_pixel(pixels: np.ndarray) -> dict[str, float]:
    """Bits a pixel value that each of the `CODECS` needs when many images share one file.

    The images, at most 32 x 32 of them, evenly spaced over the set, stand in one square mosaic. So headers are shared,
    and what a codec learns from one image it can use for the others. For gray images this is bits/pixel; for color it
    is per channel, to compare with bits/dimension.

    Args:
        pixels: uint8, shape ``(N, C, H, W)`` with ``N >= 1``; it may be a memory map.
    """
    side = min(math.isqrt(len(pixels)), _LARGEST_MOSAIC)
    chosen = np.arange(side * side) * len(pixels) // (side * side)
    image = mosaic(pixels[chosen], side, side)
    return {codec: bits / image.size for codec, bits in lossless_bits(image).items()}


def mosaic(pixels: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """The first ``rows * columns`` images side by side, row after row.

    Args:
        pixels: shape ``(N, C, H, W)`` with ``N >= rows * columns``.

    Returns:
        Shape ``(C, rows * H, columns * W)``.
    """
    _, channels, height, width = pixels.shape
    grid = np.asarray(pixels[: rows * columns]).reshape(rows, columns, channels, height, width)
    return np.ascontiguousarray(grid.transpose(2, 0, 3, 1, 4)).reshape(channels, rows * height, columns * width)


def _interleaved(pixels: np.ndarray) -> np.ndarray:
    """``(H, W)`` for gray, ``(H, W, 3)`` for color, contiguous."""
    return np.ascontiguousarray(pixels[0] if pixels.shape[0] == 1 else np.moveaxis(pixels, 0, -1))
