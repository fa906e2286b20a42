"""Image files, as programs write them and as nobody should."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import tifffile
from PIL import Image

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


PICTURE = np.asarray(Image.fromarray(RNG.integers(0, 256, (4, 5, 3), dtype=np.uint8)).resize((40, 30)))
"""A color picture as real ones are: smooth, from nearly black to nearly white."""


def written(values: np.ndarray, **options: object) -> bytes:
    """A TIFF file by tifffile."""
    file = io.BytesIO()
    tifffile.imwrite(file, values, **options)
    return file.getvalue()
