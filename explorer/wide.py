"""Pictures that Pillow does not read, or only the upper 8 bits of: their values as they are in the file.

- PNG of 16 bits a value;
- TIFF of unsigned integers of more than 8 bits, signed integers or floats, in gray or color, whose planes lie together
  or apart, uncompressed or compressed without loss; and TIFF with further channels.

Sizes are compared with the file before anything is decoded.
"""

from __future__ import annotations

import io
import logging
import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from explorer.errors import ExplorerError

if TYPE_CHECKING:
    from tifffile import TiffPage

__all__ = ["WidePicture", "is_png_of_sixteen_bits", "is_tiff", "more_in_words", "read_png", "read_tiff"]

_PNG, _PNG_DEPTH = b"\x89PNG\r\n\x1a\n", 24
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_LOSSLESS = {1, 5, 8, 32773, 32946, 34925, 50000}  # none, LZW, Deflate, PackBits, Deflate, LZMA, Zstandard
_UNCOMPRESSED = 1
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB = 0, 1, 2
_UNSIGNED = 1
_UNKNOWN, _PREMULTIPLIED, _ALPHA = 0, 1, 2
_ORIENTATION = 274
_MOST_BYTES_A_PIXEL = 12

logging.getLogger("tifffile").addHandler(logging.NullHandler())  # it would print what is wrong with a file


class WidePicture(NamedTuple):
    """The first picture of a file.

    Attributes:
        values: ``(H, W)`` or ``(H, W, 3)``: booleans, integers or floats.
        alpha: ``(H, W)`` of the same type, or None.
        is_premultiplied: whether the values were multiplied by alpha.
        bits: how many bits of unsigned integers are used, where the file says so.
        is_inverted: whether white is zero.
        orientation: as in EXIF.
        left_out: what else is in the file, in words.
    """

    values: np.ndarray
    alpha: np.ndarray | None = None
    is_premultiplied: bool = False
    bits: int | None = None
    is_inverted: bool = False
    orientation: int = 1
    left_out: str = ""


def is_png_of_sixteen_bits(data: bytes) -> bool:
    """Whether the header says so."""
    return data.startswith(_PNG) and data[12:16] == b"IHDR" and data[_PNG_DEPTH : _PNG_DEPTH + 1] == b"\x10"


def read_png(data: bytes, orientation: int) -> WidePicture:
    """The picture of a PNG file of 16 bits, whose size was looked at before.

    Raises:
        Exception: of nearly every type, where the file is damaged.
    """
    import imagecodecs

    array = imagecodecs.png_decode(data)
    channels = 1 if array.ndim == 2 else array.shape[2]
    array = array.reshape(*array.shape[:2], channels)
    alpha = array[:, :, -1] if channels in (2, 4) else None
    return WidePicture(_colors(array, 3 if channels > 2 else 1), alpha, orientation=orientation)


def is_tiff(data: bytes) -> bool:
    """Whether the first bytes are those of TIFF."""
    return data.startswith(_TIFF)


def read_tiff(data: bytes, name: str, max_pixels: int) -> WidePicture | None:
    """The first picture of a TIFF file, or None where Pillow reads all of it, or nobody does.

    Raises:
        ExplorerError: it is too large, or its channels make no picture.
        Exception: of nearly every type, where the file is damaged.
    """
    import tifffile

    try:
        file = tifffile.TiffFile(io.BytesIO(data))
        page = file.pages.first
    except Exception:  # of nearly every type, where the header is damaged: Pillow has a word for it
        return None
    with file:
        if (
            page.photometric not in (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB)
            or page.compression not in _LOSSLESS
            or page.dtype is None
            or page.dtype.kind not in "buif"
            or page.imagedepth != 1
        ):
            return None
        samples, bits = page.samplesperpixel, page.bitspersample
        extra = tuple(int(kind) for kind in page.extrasamples)
        colors = samples - len(extra)
        is_gray = colors == 1 and _UNKNOWN not in extra
        if page.sampleformat == _UNSIGNED and (bits < 8 or (bits == 8 and (is_gray or colors == 3))):
            return None
        if samples == 3 and not any(extra):  # gray and two more without a meaning: how some programs write color
            colors, extra = 3, ()
        width, height = page.imagewidth, page.imagelength
        if width * height > max_pixels or page.nbytes > _MOST_BYTES_A_PIXEL * max_pixels:
            size = f"{width:,} x {height:,} pixels of {page.nbytes / max(1, width * height):.0f} bytes"
            raise ExplorerError(f"{name} has {size}, which is too large. Shrink or crop it.")
        if colors != 3 and not is_gray:
            raise ExplorerError(
                f"{name} has {samples} channels, and it is not known which to show. Save one (gray) or three (red, "
                "green, blue), with or without alpha."
            )
        _check_segments(page, len(data), max_pixels)
        array = page.asarray(maxworkers=1)
        if page.axes == "SYX":
            array = np.moveaxis(array, 0, -1)
        array = array.reshape(height, width, samples)
        alpha = next((number for number, kind in enumerate(extra) if kind in (_PREMULTIPLIED, _ALPHA)), None)
        orientation = page.tags.valueof(_ORIENTATION, 1)
        return WidePicture(
            _colors(array, colors),
            None if alpha is None else array[:, :, colors + alpha],
            is_premultiplied=alpha is not None and extra[alpha] == _PREMULTIPLIED,
            bits=bits if page.dtype.kind == "u" and bits < 8 * page.dtype.itemsize else None,
            is_inverted=page.photometric == _WHITE_IS_ZERO,
            orientation=orientation if isinstance(orientation, int) else 1,
            left_out=more_in_words(len(file.pages) - 1, len(extra) - (alpha is not None)),
        )


def more_in_words(pages: int, channels: int = 0) -> str:
    """What a file has beside its first picture, in words; empty where there is no more."""
    counts = ((pages, "page"), (channels, "channel"))
    return " and ".join(f"{count:,} more {what}{'s' * (count > 1)}" for count, what in counts if count > 0)


def _colors(array: np.ndarray, colors: int) -> np.ndarray:
    return array[:, :, 0] if colors == 1 else array[:, :, :3]


def _check_segments(page: TiffPage, size: int, max_pixels: int) -> None:
    """Compare what the page says of its strips or tiles with the size of the file, in bytes.

    Raises:
        ValueError: it cannot be: what is missing would be black, and what is too large would fill the memory.
    """
    segments = list(zip(page.dataoffsets, page.databytecounts, strict=True))
    values = page.imagewidth * page.imagelength * page.samplesperpixel
    if (
        values < 1
        or len(segments) != math.prod(page.chunked)
        or math.prod(page.chunks) > 3 * max_pixels
        or any(count < 1 or offset + count > size for offset, count in segments)
        or (page.compression == _UNCOMPRESSED and 8 * sum(page.databytecounts) < values * page.bitspersample)
    ):
        raise ValueError("strips or tiles do not fit into the file")
