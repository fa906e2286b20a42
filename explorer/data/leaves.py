"""Dead leaves: opaque shapes of all sizes that hide each other, the classical stand-in for photographs.

Leaves fall one after another, and one looks at them from where they fall to: the first leaf that covers a point is the
one that is seen there. Leaves are laid front to back until every point is covered; those behind would not be seen, so
the image is an exact draw of the stationary model (Lee, Mumford, Huang 2001, "Occlusion models for natural images").

    centers    Poisson, uniform over the plane: every leaf that can reach the image is drawn
    radius r   density proportional to r^-3 between r_min and r_max, by inversion of its distribution,
               r = (r_min^-2 - u (r_min^-2 - r_max^-2))^(-1/2), u ~ Uniform[0, 1). This is the exponent that makes the
               model invariant to scale: a power spectrum near 1/f^2 between the frequencies of r_max and r_min
    shape      a disk of radius r, or an ellipse or a rectangle inside that disk: its shorter axis is the longer one
               times Uniform[1/3, 1), its direction one of 256, all with the same probability
    intensity  gray: v ~ Uniform[0, 1), anew for each leaf
    color      3/4 v + 1/4 v_c, with v and the three v_c independent and Uniform[0, 1): every two channels have the
               correlation (9/16) / (9/16 + 1/16) = 0.9, near that of photographs

For disks, two points at distance h lie in the same leaf with probability ``g(h) / (2 g(0) - g(h))``, where ``g(h)`` is
the mean area that a disk shares with itself shifted by h; times 1/12, the variance of an intensity, this is the
covariance of the image.

An image is drawn with 4 x 4 points per pixel and shrunk by an area average, so that edges have no stairs. It depends on
the seed and its number alone. Nothing but sums, products, quotients and square roots is computed, which IEEE 754
rounds in one way: the pixels are the same on every machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Literal

import numpy as np

from explorer.data.parts import Division
from explorer.data.reading import ImageSet
from explorer.data.store import Sample
from explorer.data.views import CENTRAL, Views
from explorer.images import ImageShape

__all__ = ["SHAPES", "TRAIN_IMAGES", "VALIDATION_IMAGES", "Shape", "dead_leaves", "draw_radii", "leaves"]

Shape = Literal["disk", "ellipse", "rectangle"]

SHAPES: tuple[Shape, ...] = ("disk", "ellipse", "rectangle")
TRAIN_IMAGES = 20_000
VALIDATION_IMAGES = 1_000

_TRAIN_SEED, _VALIDATION_SEED = 1, 2
_DRAWN_TOGETHER = 8_192
_LEAST_ASPECT = 1 / 3
_CHROMA = 1 / 4  # weight of what the channels do not share
# Rounded: cosines of different machines differ in their last digits.
_DIRECTIONS = np.round(np.exp(2j * np.pi * np.arange(256) / 256), 9)


def leaves(split: str) -> ImageSet:
    """20,000 images for training and 1,000 for validation, from different seeds; ``"all"`` is one after the other."""
    parts = {
        "train": [(_TRAIN_SEED, TRAIN_IMAGES)],
        "validation": [(_VALIDATION_SEED, VALIDATION_IMAGES)],
        "all": [(_TRAIN_SEED, TRAIN_IMAGES), (_VALIDATION_SEED, VALIDATION_IMAGES)],
    }[split]
    identities = [(seed, number) for seed, count in parts for number in range(count)]

    def read(numbers: Sequence[int], image_shape: ImageShape, _views: Views = CENTRAL) -> Iterator[Sample]:
        for index in numbers:
            seed, number = identities[index]
            yield Sample(dead_leaves(number, image_shape, seed), -1, str(index))

    division = Division(train=TRAIN_IMAGES, validation=VALIDATION_IMAGES)
    return ImageSet("Dead leaves", len(identities), read, division=division)


def dead_leaves(
    number: int,
    image_shape: ImageShape,
    seed: int = _TRAIN_SEED,
    *,
    shapes: Sequence[Shape] = SHAPES,
    r_min: float = 1.0,
    r_max: float | None = None,
    points: int = 4,
) -> np.ndarray:
    """One image of the model in the module's docstring, uint8 ``(C, H, W)``.

    Args:
        number: which image of the seed, from 0 on, without end.
        image_shape: ``(C, H, W)``, a square; C is 1 or 3.
        seed: of the sequence of images.
        shapes: of the leaves, each as likely as the others.
        r_min, r_max: least and largest radius in pixels; the largest is the side of the image when None.
        points: number of points sampled across a pixel, in each direction.
    """
    channels, _, side = image_shape
    across = points * side
    smallest, largest = float(points * r_min), float(points * (r_max or side))
    rng = np.random.default_rng([seed, number])
    owner = np.full((across, across), -1, np.int32)  # which leaf is seen at each point
    open_points = np.full(across, across)  # in each row
    levels: list[np.ndarray] = []
    first = 0
    while open_points.any():
        radius, x, y = _reaching(rng, across, smallest, largest)
        outline = _outlines(rng, radius, shapes)
        _painter()(owner, open_points, first, x, y, radius, outline)
        levels.append(_levels(rng, len(radius), channels))
        first += len(radius)
    seen: np.ndarray = (
        np.concatenate(levels, 1)[:, owner].reshape(channels, side, points, side, points).sum((2, 4), np.int32)
    )
    return ((seen + points**2 // 2) // points**2).astype(np.uint8)


def draw_radii(uniform: np.ndarray, r_min: float, r_max: float) -> np.ndarray:
    """Radii with density proportional to r^-3 between `r_min` and `r_max`, from uniform numbers of the same shape."""
    low, high = 1 / (r_min * r_min), 1 / (r_max * r_max)
    radii: np.ndarray = 1 / np.sqrt(low - uniform * (low - high))
    return radii


def _reaching(
    rng: np.random.Generator, across: int, r_min: float, r_max: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Radius and center (in points) of those of the next leaves that can reach the image, front first.

    Centers lie as far outside as the largest radius, so that the border of the image is like its middle.
    """
    uniform = rng.random((3, _DRAWN_TOGETHER))
    radius = draw_radii(uniform[0], r_min, r_max)
    x, y = (across + 2 * r_max) * uniform[1:] - r_max
    here = (x + radius > 0) & (x - radius < across) & (y + radius > 0) & (y - radius < across)
    return radius[here], x[here], y[here]


def _outlines(rng: np.random.Generator, radius: np.ndarray, shapes: Sequence[Shape]) -> np.ndarray:
    """``(N, 5)``: cosine and sine of the direction, one over both half axes, and 1 for rectangles, else 0."""
    uniform = rng.random((3, len(radius)))
    direction = _DIRECTIONS[(256 * uniform[0]).astype(int)]
    kind = np.array([SHAPES.index(shape) for shape in shapes])[(len(shapes) * uniform[1]).astype(int)]
    aspect = np.where(kind == SHAPES.index("disk"), 1.0, _LEAST_ASPECT + (1 - _LEAST_ASPECT) * uniform[2])
    is_rectangle = kind == SHAPES.index("rectangle")
    longer = np.where(is_rectangle, radius / np.sqrt(1 + aspect * aspect), radius)  # its corners are at the radius
    return np.stack([direction.real, direction.imag, 1 / longer, 1 / (aspect * longer), is_rectangle], 1)


def _levels(rng: np.random.Generator, count: int, channels: int) -> np.ndarray:
    """8-bit intensities of leaves, ``(channels, count)``."""
    shared = rng.random((1, count))
    value = shared if channels == 1 else (1 - _CHROMA) * shared + _CHROMA * rng.random((channels, count))
    return (256 * value).astype(np.int32)


@cache
def _painter() -> Callable[..., None]:
    """`_paint`, compiled on first use in a process, which takes a second or two; then it is some 100 times faster."""
    from numba import njit

    return njit(nogil=True)(_paint)


def _paint(
    owner: np.ndarray,
    open_points: np.ndarray,
    first: int,
    x: np.ndarray,
    y: np.ndarray,
    radius: np.ndarray,
    outline: np.ndarray,
) -> None:
    """Lay leaves, front first, on the points that no leaf covers yet; written for numba, without whole-array steps.

    Args:
        owner: the leaf seen at each point, -1 for none; int32 ``(P, P)``, written to.
        open_points: number of points without a leaf in each row, ``(P,)``, written to.
        first: number of the first leaf.
        x, y, radius: of each leaf, in points, ``(N,)``.
        outline: see `_outlines`.
    """
    across = len(owner)
    for leaf in range(len(radius)):
        cosine, sine, per_longer, per_shorter, is_rectangle = outline[leaf]
        left, right = max(0, int(x[leaf] - radius[leaf])), min(across, int(x[leaf] + radius[leaf]) + 1)
        top, bottom = max(0, int(y[leaf] - radius[leaf])), min(across, int(y[leaf] + radius[leaf]) + 1)
        for row in range(top, bottom):
            if open_points[row] == 0:
                continue
            down = row + 0.5 - y[leaf]
            for column in range(left, right):
                if owner[row, column] < 0:
                    over = column + 0.5 - x[leaf]
                    along = abs(cosine * over + sine * down) * per_longer
                    aside = abs(cosine * down - sine * over) * per_shorter
                    if (max(along, aside) if is_rectangle else along * along + aside * aside) <= 1:
                        owner[row, column] = first + leaf
                        open_points[row] -= 1
