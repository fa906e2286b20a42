"""The grid of JPEG in a set of images: is it there, with which period, and how strong?

JPEG quantizes the DCT coefficients of 8 x 8 blocks, and most of those of high frequency become zero. Where an image
still lies on the grid of its blocks, a model learns the grid: its log p changes when the image is shifted by a few
pixels. So each set of images is measured when it is stored.

**Share.** Of a block of k x k pixels with values 0..255 take the orthonormal DCT, and of its coefficients those of high
frequency, ``row + column >= k``. The *share* is the fraction of them with a magnitude below 0.75 gray levels, a number
in [0, 1]. *Aligned* blocks lie on the grid; *shifted* ones lie half a period beside it, in rows and in columns. With a
grid, more coefficients vanish in aligned than in shifted blocks. This is measured by the odds ratio

    R = [aligned / (1 - aligned)] / [shifted / (1 - shifted)].

A structure with half the period, such as an enlargement by 2 leaves, is the same after half a period; and shifts to
all four corners cancel what changes slowly over the image, such as subjects that are sharper than their surroundings.

**Periods**, in pixels, and the blocks that show them:

    8    JPEG at its own size: blocks of 8 x 8
    4    JPEG shrunk by 2, or 4:2:0 color shrunk by 4: blocks of 4 x 4
    16   4:2:0 color, which JPEG stores at half the size, or JPEG enlarged by 2: blocks of 8 x 8 after shrinking by 2

Color is measured as JPEG stores it, in luma Y and chroma Cb, Cr (BT.601, full range).

**Phase.** Images may be cropped, so it is not known where the grid lies. The phase (row, column) with the largest
difference of shares is searched on the black blocks of a checkerboard and its shares are measured on the white ones,
then the other way round: thus the search favors no difference, and images without a grid have an R of about 1. It is
searched for all images together; if that finds nothing, for each image on its own (crops at random places).

**Threshold.** R must be at least 1.75, and the difference of the shares at least 0.03 and five standard errors over
images. Measured on Tiny ImageNet and on photographs, gray and color, of 32 to 128 pixels, coded by JPEG of quality 50
to 98 at that size, or 50 to 95 at half or double of it: the strongest R of a set is 2.0 to 49, but for what is named
below. Photographs shrunk 1.75 to 7 times have none above 1.52, but for a factor of exactly 4, where their 4:2:0 color
has 5.9.

**What it does not see**: luma of a JPEG of quality 90 or more shrunk by 2 (R is at most 1.2); JPEG of quality 98
enlarged by 2 (1.2); and JPEG shrunk by factors that give other periods, such as 1.6 (1.2).

Nothing is measured of fewer than eight images, nor for a period of images with a side below four periods. Rows that
equal the next one in all images are taken once, and columns too: repeated pixels (images enlarged by nearest neighbor)
are not a grid of JPEG, and constant images have one pixel.

Source: the number of zeros among the DCT coefficients as the mark of JPEG and of its phase, Nikoukhah et al. 2021
(Image Processing On Line 11, 396-433).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import reduce
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from scipy.fft import dct

__all__ = ["Grid", "GridShare", "measure_grid"]

Channel = Literal["gray", "Y", "Cb", "Cr"]

PERIODS = (4, 8, 16)
ODDS_RATIO = 1.75
DIFFERENCE = 0.03
STANDARD_ERRORS = 5.0

_VANISHING = 0.75  # gray levels
_FEWEST_IMAGES = 8
_MOST_IMAGES = 512
_MOST_VALUES = 2**20  # of all channels of all images that are measured: half a second
_LARGEST_SIDE = 128  # of larger images the middle is measured
_PART_VALUES = 2**16  # read and transformed at once: measuring takes two megabytes, however large the images are
_BATCH_POSITIONS = 2**11  # blocks at once: half a megabyte, which a processor holds in its cache
_ADVICE = (
    "A model trained on them learns the grid; use pictures that were shrunk at least 2.5 times, "
    "and not all by the same factor."
)
_MEANINGS = {4: "JPEG shrunk by 2", 8: "JPEG", 16: "JPEG enlarged by 2"}


class GridShare(BaseModel):
    """What was measured for one channel and one period.

    Attributes:
        channel: ``"gray"``, or of color ``"Y"``, ``"Cb"`` or ``"Cr"``.
        period: of the grid, in pixels.
        aligned: share of the high-frequency coefficients that vanish in aligned blocks.
        shifted: the same in blocks half a period beside them.
        standard_errors: the difference of both, in units of its standard error over images.
        phase: row and column, in pixels, where a block of the grid begins; None when it was searched in each image.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    channel: Channel
    period: Literal[4, 8, 16]
    aligned: float = Field(ge=0, le=1)
    shifted: float = Field(ge=0, le=1)
    standard_errors: float = Field(allow_inf_nan=False)
    phase: tuple[int, int] | None

    @property
    def odds_ratio(self) -> float:
        """R of the module's docstring; 1 where there is no difference, infinite where all aligned ones vanish."""
        if self.aligned == self.shifted:
            return 1.0
        below = self.shifted * (1 - self.aligned)
        return self.aligned * (1 - self.shifted) / below if below else math.inf

    @property
    def found(self) -> bool:
        """Whether the images carry this grid."""
        return (
            self.odds_ratio >= ODDS_RATIO
            and _difference(self) >= DIFFERENCE
            and self.standard_errors >= STANDARD_ERRORS
        )


class Grid(BaseModel):
    """What was measured of a set of images.

    Attributes:
        images: how many were measured, evenly spaced over the set; 0 when they are too few, too small or too plain.
        shares: one for each channel and each period that the size of the images allows.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    images: int = Field(ge=0)
    shares: tuple[GridShare, ...]

    @property
    def strongest(self) -> GridShare | None:
        """The grid that the images carry, the one with the largest difference of shares; None when they carry none."""
        return max((share for share in self.shares if share.found), key=_difference, default=None)

    @property
    def sentence(self) -> str:
        """What the grid is, what it does and what to do about it, for people; empty when there is none."""
        share = self.strongest
        if share is None:
            return ""
        size = f"{share.period} × {share.period}"
        if share.channel in ("Cb", "Cr"):
            what = f"a {size} grid of JPEG in their color ({share.channel})"
        elif share.period == 8:
            what = f"the {size} grid of JPEG"
        else:
            what = f"a {size} grid ({_MEANINGS[share.period]})"
        where = "" if share.phase is not None else ", at another place in each image"
        return (
            f"These images carry {what}{where}: {100 * share.aligned:.0f} % of the high-frequency coefficients vanish "
            f"in aligned blocks, {100 * share.shifted:.0f} % in shifted ones. {_ADVICE}"
        )

    @property
    def summary(self) -> str:
        """The outcome in a few words where there is no grid, with the strongest trace of one; else the sentence."""
        if self.sentence:
            return self.sentence
        if not self.shares:
            return "The JPEG grid was not measured: the images are too few, too small or too plain."
        share = max(self.shares, key=_difference)
        return (
            f"No JPEG grid ({100 * share.aligned:.0f} % of the high-frequency coefficients vanish in aligned blocks, "
            f"{100 * share.shifted:.0f} % in shifted ones)."
        )


def measure_grid(pixels: np.ndarray) -> Grid:
    """Measure the grid of a set of images, on at most 512 of them, evenly spaced; deterministic.

    Args:
        pixels: uint8, shape ``(N, C, H, W)`` with C = 1 or 3; may be mapped from disk.
    """
    numbers, window = _chosen(pixels.shape)
    if len(numbers) < _FEWEST_IMAGES:
        return Grid(images=0, shares=())
    rows, columns = _distinct(_parts(pixels, numbers, window))
    found: dict[tuple[Channel, int], list[tuple[np.ndarray, np.ndarray]]] = {}
    for part in _parts(pixels, numbers, window):
        for channel, plane in _planes(part[:, :, rows][..., columns]).items():
            for period in PERIODS:
                if min(plane.shape[1:]) >= 4 * period:
                    shares = _by_phase(_share_map(plane, period), period)
                    found.setdefault((channel, period), []).append(shares)
    origin = (window[0].start + int(rows[0]), window[1].start + int(columns[0]))
    measured = []
    for (channel, period), parts in found.items():
        aligned, shifted = (np.concatenate(part, axis=1) for part in zip(*parts, strict=True))
        measured.append(_share(aligned, shifted, channel, period, origin))
    return Grid(images=len(numbers) if measured else 0, shares=tuple(measured))


def _difference(share: GridShare) -> float:
    return share.aligned - share.shifted


def _chosen(shape: tuple[int, ...]) -> tuple[np.ndarray, tuple[slice, slice]]:
    """The numbers of the images to measure, and the window in them: all of a small image, the middle of a large one."""
    count, channels, height, width = shape
    top, left = (max(0, side - _LARGEST_SIDE) // 2 for side in (height, width))
    values = channels * min(height, _LARGEST_SIDE) * min(width, _LARGEST_SIDE)
    most = min(count, _MOST_IMAGES, max(_FEWEST_IMAGES, _MOST_VALUES // values))
    window = slice(top, top + _LARGEST_SIDE), slice(left, left + _LARGEST_SIDE)
    return np.arange(most) * count // most, window


def _parts(pixels: np.ndarray, numbers: np.ndarray, window: tuple[slice, slice]) -> Iterator[np.ndarray]:
    """The windows of the chosen images, some at a time."""
    values = pixels[:1, :, *window].size
    size = max(1, _PART_VALUES // values)
    for start in range(0, len(numbers), size):
        yield pixels[numbers[start : start + size]][:, :, *window]


def _distinct(parts: Iterator[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The numbers of the rows that differ from the next one in some image, and of such columns; the last ones too."""
    rows = columns = np.zeros((), bool)
    for part in parts:
        rows = rows | (part[:, :, 1:] != part[:, :, :-1]).any(axis=(0, 1, 3))
        columns = columns | (part[..., 1:] != part[..., :-1]).any(axis=(0, 1, 2))
    return np.flatnonzero(np.append(rows, True)), np.flatnonzero(np.append(columns, True))


def _planes(pixels: np.ndarray) -> dict[Channel, np.ndarray]:
    """The channels as JPEG stores them, up to a constant: float32 ``(N, H, W)`` each, in gray levels."""
    if pixels.shape[1] == 1:
        return {"gray": pixels[:, 0].astype(np.float32)}
    red, green, blue = pixels.transpose(1, 0, 2, 3).astype(np.float32)
    return {
        "Y": 0.299 * red + 0.587 * green + 0.114 * blue,
        "Cb": -0.168736 * red - 0.331264 * green + 0.5 * blue,
        "Cr": 0.5 * red - 0.418688 * green - 0.081312 * blue,
    }


def _share(
    aligned: np.ndarray, shifted: np.ndarray, channel: Channel, period: int, origin: tuple[int, int]
) -> GridShare:
    """The shares at the best phase of all images; if that is no grid, but the best phases of each image are, at those.

    Args:
        aligned: shares by half of a checkerboard, image and phase, shape ``(2, N, period * period)``.
        shifted: the same for blocks half a period beside them.
        channel: for the record.
        period: in pixels.
        origin: row and column where the measured part of the images begins.
    """
    differences = (aligned - shifted).mean(axis=1)
    row, column = divmod(int(differences.mean(axis=0).argmax()), period)
    phase = ((row + origin[0]) % period, (column + origin[1]) % period)
    everywhere = np.broadcast_to(differences.argmax(axis=-1)[:, None], aligned.shape[:2])
    together = _share_at(everywhere, aligned, shifted, channel=channel, period=period, phase=phase)
    if together.found:
        return together
    own = (aligned - shifted).argmax(axis=-1)
    each = _share_at(own, aligned, shifted, channel=channel, period=period, phase=None)
    return each if each.found else together


def _share_at(phases: np.ndarray, aligned: np.ndarray, shifted: np.ndarray, **about: Any) -> GridShare:
    """The shares at phases ``(2, N)``, each found on one half of the blocks of an image and used on the other."""
    other = phases[::-1, :, None]
    ours, beside = (np.take_along_axis(part, other, axis=2)[..., 0].mean(axis=0) for part in (aligned, shifted))
    difference = (ours - beside).astype(np.float64)
    error = difference.std(ddof=1) / math.sqrt(len(difference))
    return GridShare(
        aligned=float(ours.mean()),
        shifted=float(beside.mean()),
        standard_errors=float(difference.mean() / max(error, 1e-6)),  # equal images have no error
        **about,
    )


def _by_phase(shares: np.ndarray, period: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean shares of aligned and of shifted blocks, by half of a checkerboard of blocks, image and phase.

    Args:
        shares: of the block that begins at each pixel, shape ``(N, H', W')``.
        period: in pixels.

    Returns:
        Two arrays of shape ``(2, N, period * period)``.
    """
    half = period // 2
    middle = shares[:, half:-half, half:-half]
    sides = (slice(0, -period), slice(period, None))
    around = reduce(np.add, (shares[:, rows, columns] for rows in sides for columns in sides)) / 4
    count = _folded(np.ones((1, *middle.shape[1:]), np.float32), period)
    aligned, shifted = (_folded(part, period) / count for part in (middle, around))
    return aligned.clip(0, 1), shifted.clip(0, 1)


def _folded(values: np.ndarray, period: int) -> np.ndarray:
    """Sums by half of a checkerboard and by phase.

    ``(N, H', W')``, whose first pixel has the phase (period / 2, period / 2), becomes ``(2, N, period * period)``.
    """
    before = period // 2
    after = (-(side + before) % (2 * period) for side in values.shape[1:])
    padded = np.pad(values, ((0, 0), *((before, more) for more in after)))
    count, height, width = padded.shape
    cells = padded.reshape(count, height // (2 * period), 2, period, width // (2 * period), 2, period).sum(axis=(1, 4))
    black = cells[:, 0, :, 0] + cells[:, 1, :, 1]
    white = cells[:, 0, :, 1] + cells[:, 1, :, 0]
    return np.stack([black, white]).reshape(2, count, period * period)


def _share_map(plane: np.ndarray, period: int) -> np.ndarray:
    """The share of vanishing coefficients of the block that begins at each pixel, float32 ``(N, H', W')``."""
    if period < 16:
        return _block_shares(plane, period)
    count, height, width = plane.shape
    found = np.empty((count, 2 * (height // 2 - 8), 2 * (width // 2 - 8)), np.float32)
    for top in (0, 1):
        for left in (0, 1):
            small = plane[:, top : height - (height - top) % 2, left : width - (width - left) % 2]
            small = small.reshape(count, small.shape[1] // 2, 2, small.shape[2] // 2, 2).mean(axis=(2, 4))
            target = found[:, top::2, left::2]
            target[:] = _block_shares(small, 8)[:, : target.shape[1], : target.shape[2]]
    return found


def _block_shares(plane: np.ndarray, size: int) -> np.ndarray:
    """The share of a block of `size` x `size` pixels that begins at each pixel, ``(N, H - size + 1, W - size + 1)``."""
    waves = dct(np.eye(size), axis=0, norm="ortho")
    high = [(row, column) for row in range(size) for column in range(size) if row + column >= size]
    basis = np.stack([np.outer(waves[row], waves[column]).ravel() for row, column in high], 1).astype(np.float32)
    blocks = np.lib.stride_tricks.sliding_window_view(plane, (size, size), axis=(1, 2))
    batch = max(1, _BATCH_POSITIONS // (blocks.shape[1] * blocks.shape[2]))
    shares = np.empty(blocks.shape[:3], np.float32)
    for start in range(0, len(blocks), batch):
        part = blocks[start : start + batch]
        coefficients = part.reshape(-1, size * size) @ basis
        vanishing = np.count_nonzero(np.abs(coefficients, out=coefficients) < _VANISHING, axis=1)
        shares[start : start + batch] = vanishing.reshape(part.shape[:3]) / np.float32(len(high))
    return shares
