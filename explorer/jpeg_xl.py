"""JPEG XL: what its header says, read before anything is decoded, and its picture (ISO/IEC 18181, parts 1 and 2).

A file is a codestream, or a container of boxes with the codestream in one or several of them. The header is a run of
bits, the lowest of each byte first. What follows from it is the array that `imagecodecs` decodes into: a decoder that
reads the header otherwise stops before it decodes.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

import numpy as np

from explorer.errors import ExplorerError
from explorer.wide import WidePicture, more_in_words

__all__ = ["JpegXlHeader", "is_jpeg_xl", "read_header", "read_jpeg_xl"]

_CODESTREAM = b"\xff\x0a"
_CONTAINER = b"\0\0\0\x0cJXL \r\n\x87\n"
_WHOLE, _PART = b"jxlc", b"jxlp"
_LONGEST_HEADER = 2**16
_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
_ALPHA, _SPOT_COLOR, _BLACK, _COLOR_FILTER = 0, 2, 4, 5
_GRAY = 1

# A number has one of four forms: how many bits it takes, and what is added to them.
_SIDE = ((9, 1), (13, 1), (18, 1), (30, 1))
_PREVIEW_SIDE = ((6, 1), (8, 65), (10, 321), (12, 1345))
_PREVIEW_BLOCKS = ((0, 16), (0, 32), (5, 1), (9, 33))
_KIND = ((0, 0), (0, 1), (4, 2), (6, 18))
_Forms = tuple[tuple[int, int], ...]


class JpegXlHeader(NamedTuple):
    """What the header says.

    Attributes:
        width, height: in pixels, as they are stored.
        is_turned: whether the upright picture has the sides exchanged.
        bits: of a value.
        is_float: whether values are floats, with 1 for white.
        colors: 1 (gray) or 3.
        extra: kinds of the further channels, as the standard numbers them.
        is_premultiplied: whether colors were multiplied by alpha.
    """

    width: int
    height: int
    is_turned: bool
    bits: int
    is_float: bool
    colors: int
    extra: tuple[int, ...]
    is_premultiplied: bool

    @property
    def values(self) -> int:
        """How many numbers are decoded."""
        return self.width * self.height * (self.colors + len(self.extra))


def is_jpeg_xl(data: bytes) -> bool:
    """Whether the first bytes are those of JPEG XL."""
    return data.startswith((_CODESTREAM, _CONTAINER))


def read_header(data: bytes) -> JpegXlHeader:
    """Read the header of a JPEG XL file.

    Raises:
        ValueError: it is damaged or truncated.
    """
    bits = _Bits(_codestream(data))
    width, height = bits.sides()
    orientation, depth, is_float, colors = 0, 8, False, 3
    extra: list[int] = []
    is_premultiplied = False
    if not bits.flag():  # not all as usual
        if bits.flag():
            orientation = bits.read(3)
            bits.skip_more_sizes()
        depth, is_float = bits.depth()
        bits.flag()  # whether buffers of 16 bits are enough
        for _ in range(bits.number(((0, 0), (0, 1), (4, 2), (12, 1)))):
            kind, multiplied = bits.channel()
            is_premultiplied |= multiplied and _ALPHA not in extra
            extra.append(kind)
        bits.flag()  # whether colors are stored as those of the eye
        if not bits.flag():
            bits.flag()  # whether a color profile follows
            colors = 1 if bits.number(_KIND) == _GRAY else 3
    return JpegXlHeader(width, height, orientation >= 4, depth, is_float, colors, tuple(extra), is_premultiplied)


def read_jpeg_xl(data: bytes, header: JpegXlHeader, name: str) -> WidePicture:
    """The picture of a JPEG XL file, or the first of an animation, upright.

    Args:
        data: the bytes of the file.
        header: what `read_header` says; its size was looked at before.
        name: how error messages call the file.

    Raises:
        ExplorerError: its black is in a channel of its own.
        Exception: of nearly every type, where the file is damaged.
    """
    import imagecodecs

    if _BLACK in header.extra:
        raise ExplorerError(f"{name} is in CMYK, the colors of print, which is not read. Save it as RGB.")
    has_alpha = _ALPHA in header.extra
    sides = (header.width, header.height) if header.is_turned else (header.height, header.width)
    lies_apart = header.colors == 1 and bool(header.extra) and not has_alpha  # gray with other channels: imagecodecs
    samples = 1 + len(header.extra) if lies_apart else header.colors + has_alpha
    shape = sides if samples == 1 else (samples, *sides) if lies_apart else (*sides, samples)
    if header.is_float:
        dtype = np.dtype(f"f{header.bits // 8}")
    else:
        dtype = np.dtype(np.uint8 if header.bits <= 8 else np.uint16 if header.bits <= 16 else np.float32)
    array = imagecodecs.jpegxl_decode(data, index=0, numthreads=1, out=np.zeros(shape, dtype))
    planes = np.moveaxis(array, 0, 2) if lies_apart else array.reshape(*sides, samples)
    values = planes[:, :, 0] if header.colors == 1 else planes[:, :, :3]
    alpha = planes[:, :, header.colors] if has_alpha else None
    is_partial = dtype.kind == "u" and header.bits < 8 * dtype.itemsize
    if alpha is not None and is_partial:  # alpha fills its type
        alpha = (alpha.astype(np.uint32) * np.iinfo(dtype).max // (2**header.bits - 1)).astype(dtype)
    return WidePicture(
        values,
        alpha,
        is_premultiplied=header.is_premultiplied,
        bits=header.bits if is_partial else None,
        left_out=more_in_words(0, len(header.extra) - has_alpha),
    )


def _codestream(data: bytes) -> bytes:
    """The beginning of the codestream, after its signature."""
    if data.startswith(_CODESTREAM):
        return data[2:_LONGEST_HEADER]
    found, place = b"", 0
    while place + 8 <= len(data) and len(found) < _LONGEST_HEADER:
        size, kind = struct.unpack_from(">I4s", data, place)
        start = place + 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, start)
            start += 8
        end = len(data) if size == 0 else place + size
        if end < start:
            raise ValueError("a box ends before it begins")
        if kind in (_WHOLE, _PART):
            found += data[start + 4 * (kind == _PART) : min(end, start + _LONGEST_HEADER)]
        place = end
    if not found.startswith(_CODESTREAM):
        raise ValueError("there is no codestream")
    return found[2:]


class _Bits:
    """Bits of a header, one after the other."""

    def __init__(self, data: bytes) -> None:
        self._bits = int.from_bytes(data, "little")
        self._left = 8 * len(data)

    def read(self, count: int) -> int:
        self._left -= count
        if self._left < 0:
            raise ValueError("the header is truncated")
        value = self._bits & ((1 << count) - 1)
        self._bits >>= count
        return value

    def flag(self) -> bool:
        return bool(self.read(1))

    def number(self, forms: _Forms) -> int:
        count, offset = forms[self.read(2)]
        return offset + self.read(count)

    def sides(self) -> tuple[int, int]:
        """Width and height of the picture."""
        is_small = self.flag()

        def side() -> int:
            return 8 * (1 + self.read(5)) if is_small else self.number(_SIDE)

        height = side()
        ratio = self.read(3)
        if ratio == 0:
            return side(), height
        across, down = _RATIOS[ratio - 1]
        return height * across // down, height

    def skip_more_sizes(self) -> None:
        """Pass over the size to be shown at, that of a preview, and the times of an animation."""
        if self.flag():
            self.sides()
        if self.flag():
            forms = _PREVIEW_BLOCKS if self.flag() else _PREVIEW_SIDE
            self.number(forms)
            if self.read(3) == 0:
                self.number(forms)
        if self.flag():
            self.number(((0, 100), (0, 1000), (10, 1), (30, 1)))
            self.number(((0, 1), (0, 1001), (8, 1), (10, 1)))
            self.number(((0, 0), (3, 0), (16, 0), (32, 0)))
            self.flag()

    def depth(self) -> tuple[int, bool]:
        """Bits of a value, and whether it is a float."""
        is_float = self.flag()
        bits = self.number(((0, 32), (0, 16), (0, 24), (6, 1)) if is_float else ((0, 8), (0, 10), (0, 12), (6, 1)))
        if is_float:
            self.read(4)
        return bits, is_float

    def channel(self) -> tuple[int, bool]:
        """Kind of a further channel, and whether colors were multiplied by it."""
        if self.flag():
            return _ALPHA, False
        kind = self.number(_KIND)
        self.depth()
        self.number(((0, 0), (0, 3), (0, 4), (3, 1)))
        self.read(8 * self.number(((0, 0), (4, 0), (5, 16), (10, 48))))
        if kind == _ALPHA:
            return kind, self.flag()
        if kind == _SPOT_COLOR:
            self.read(4 * 16)
        elif kind == _COLOR_FILTER:
            self.number(((0, 1), (2, 0), (4, 3), (8, 19)))
        return kind, False
