"""Which value of a file is black and which is white: from numbers of any type to 8-bit pixels.

    pixel = round(255 (value - black) / (white - black)),    clipped to 0..255

The type of the numbers decides, never one maximum:

- booleans and unsigned integers of up to 16 bits fill their type, or the bits that the file says it uses; where 16 bits
  are nearly all in the lowest quarter (12 bits in a 16-bit file? a dark picture?), both readings fit;
- floats, signed integers and those of 32 bits and more have white at 1, 255, 65535 or (integers) the greatest number of
  their type.

A white `w` fits where at most one value in a hundred is outside ``[-w/20, w + w/20]``, and the largest reaches a
quarter of it. If one fits, it is taken, and values outside are clipped; if none or several do, nobody can know: that is
an `UnknownScale`, and a person chooses a `Scale`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from explorer.errors import ExplorerError

__all__ = [
    "Extent",
    "Reading",
    "Scale",
    "UnknownScale",
    "extent_of",
    "find_scale",
    "in_words",
    "kind_name",
    "summarize",
    "to_eight_bits",
]

_MARGIN = 0.05
_OUTSIDE = 0.01  # of all values
_REACH = 0.25
_COMMON = (1, 255, 65535)
_OF_SIXTEEN_BITS = (255, 1023, 4095, 16383, 65535)
_BLOCK = 2**20  # values at a time: a conversion needs several floats for each


@dataclass(frozen=True)
class Scale:
    """Which values are black and white; black may be the greater one.

    Raises:
        ExplorerError: they are the same, or not finite.
    """

    black: float
    white: float

    def __post_init__(self) -> None:
        span = self.white - self.black
        if not math.isfinite(span) or span == 0:
            raise ExplorerError("Black and white must be two different numbers.")

    def __str__(self) -> str:
        return f"{in_words(self.black)} is taken for black and {in_words(self.white)} for white"


class UnknownScale(ExplorerError):
    """It is not clear which values are black and white.

    Attributes:
        kind: the type of the numbers: "32-bit floats".
        problem: what is not clear.
        whites: what white may be, from the least; empty where nothing fits.
    """

    def __init__(self, message: str, kind: str = "", problem: str = "", whites: tuple[float, ...] = ()) -> None:
        super().__init__(message)
        self.kind, self.problem, self.whites = kind, problem, whites


class Reading(NamedTuple):
    """What the values of an image were taken for.

    Attributes:
        kind: the type of its numbers: "32-bit floats".
        scale: which of them are black and white.
        clipped: share of the values that were outside, in [0, 1].
    """

    kind: str
    scale: Scale
    clipped: float

    def __str__(self) -> str:
        outside = f" {_percent(self.clipped)} of the values are outside and are clipped." if self.clipped else ""
        return f"It holds {self.kind}: {self.scale}.{outside}"


@dataclass(frozen=True)
class Extent:
    """Where the values of an image lie, or those of many images of one type.

    Attributes:
        dtype: of the values.
        count: how many there are.
        low, high: the least and the greatest.
        outside: how many are far outside of each of the whites that the type may have.
    """

    dtype: np.dtype[Any]
    count: int
    low: float
    high: float
    outside: tuple[int, ...]

    def __add__(self, other: Extent) -> Extent:
        outside = tuple(a + b for a, b in zip(self.outside, other.outside, strict=True))
        low, high = min(self.low, other.low), max(self.high, other.high)
        return Extent(self.dtype, self.count + other.count, low, high, outside)


def extent_of(values: np.ndarray, name: str) -> Extent:
    """Look at the values of an image, at least one, of booleans, integers or floats.

    Args:
        values: any shape.
        name: how the error calls the image.

    Raises:
        ExplorerError: some are not finite.
    """
    if not np.isfinite(values).all():
        raise ExplorerError(
            f"{name} holds values that are not finite (NaN or infinity). Replace them and save it again."
        )
    dtype = values.dtype
    if dtype == np.float16:  # which does not reach beyond the whites
        values = values.astype(np.float32)
    outside = tuple(
        int(np.count_nonzero((values < -_MARGIN * white) | (values > (1 + _MARGIN) * white)))
        for white in _whites(dtype)
    )
    return Extent(dtype, values.size, float(values.min()), float(values.max()), outside)


def find_scale(
    extent: Extent, name: str, bits: int | None = None, advice: str = "Choose the values of black and white."
) -> Scale:
    """The scale of an image, or of several that were saved together, as the module's docstring says.

    Args:
        extent: of the values.
        name: how the error calls them.
        bits: how many of its type the file says it uses.
        advice: what to do where it is not clear.

    Raises:
        UnknownScale: none fits, or several do.
    """
    whites = _whites(extent.dtype)
    if bits is not None or len(whites) == 1:
        return Scale(0, 2**bits - 1 if bits is not None else whites[-1])
    few = _OUTSIDE * extent.count
    is_black = extent.low == extent.high == 0
    fitting = tuple(
        white
        for white, outside in zip(whites, extent.outside, strict=True)
        if outside <= few and (white == whites[0] or extent.high >= _REACH * white or _fills(extent.dtype, white))
    )
    if is_black or len(fitting) == 1:
        return Scale(0, fitting[-1])
    which = " or ".join(in_words(white) for white in fitting)
    what = f"white may be {which}" if fitting else "which values are black and white is not known"
    kind = kind_name(extent.dtype)
    raise UnknownScale(
        f"{name} holds {kind} from {in_words(extent.low)} to {in_words(extent.high)}: {what}. {advice}",
        kind,
        what,
        fitting,
    )


def to_eight_bits(values: np.ndarray, scale: Scale) -> tuple[np.ndarray, int]:
    """Pixels of the same shape, uint8, and how many of the values were outside of the scale."""
    black, span = float(scale.black), float(scale.white) - float(scale.black)
    pixels = np.empty(values.shape, np.uint8)
    flat, into = values.reshape(-1), pixels.reshape(-1)
    clipped = 0
    for start in range(0, flat.size, _BLOCK):
        part = slice(start, start + _BLOCK)
        unit = (flat[part].astype(np.float64) - black) / span
        clipped += int(np.count_nonzero((unit < 0) | (unit > 1)))
        into[part] = np.floor(np.clip(unit, 0, 1) * 255 + 0.5)
    return pixels, clipped


def summarize(readings: Iterable[Reading]) -> list[str]:
    """A sentence for each type and scale of many images."""
    groups: dict[tuple[str, Scale], list[float]] = {}
    for reading in readings:
        groups.setdefault((reading.kind, reading.scale), []).append(reading.clipped)
    return [
        f"{len(shares):,} {'image holds' if len(shares) == 1 else 'images hold'} {kind}: {scale}."
        + (
            f" {_percent(max(shares))} of the values are outside and are clipped."
            if len(shares) == 1 and max(shares)
            else ""
        )
        + (
            f" In {sum(map(bool, shares)):,} of them up to {_percent(max(shares))} of the values are outside and are "
            "clipped."
            if len(shares) > 1 and max(shares)
            else ""
        )
        for (kind, scale), shares in groups.items()
    ]


def kind_name(dtype: np.dtype[Any], bits: int | None = None) -> str:
    """What a page calls numbers of a type: "32-bit floats"."""
    if dtype.kind == "b":
        return "booleans"
    sign, noun = ("signed ", "integers") if dtype.kind == "i" else ("", "floats" if dtype.kind == "f" else "integers")
    return f"{sign}{bits or 8 * dtype.itemsize}-bit {noun}"


def in_words(value: float) -> str:
    """A value as a page writes it: 65,535 or -0.004."""
    return f"{int(value):,}" if float(value).is_integer() and abs(value) < 1e12 else f"{value:.4g}"


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %"


def _whites(dtype: np.dtype[Any]) -> tuple[int, ...]:
    """What white may be for numbers of a type, from the least."""
    if dtype.kind == "b":
        return (1,)
    if dtype.kind == "f":
        return _COMMON
    most = int(np.iinfo(dtype).max)
    if dtype.kind == "u" and most <= 65535:
        return _OF_SIXTEEN_BITS if most == 65535 else (most,)
    return (*(white for white in _COMMON if white < most), most)


def _fills(dtype: np.dtype[Any], white: int) -> bool:
    """Whether a white is that of the type, however dark the image is."""
    return dtype.kind == "u" and dtype.itemsize == 2 and white == _OF_SIXTEEN_BITS[-1]
