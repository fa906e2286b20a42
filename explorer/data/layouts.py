"""Which axis of an array holds images, which rows and columns, and which channels: found by its shape.

    (H, W), (H, W, C), (C, H, W)          one image
    (N, H, W), (N, H, W, C), (N, C, H, W) N images

`C` is 1 (gray), 3 (color) or 4 (color and alpha), `H` and `W` at least `SMALLEST_SIDE`. A shape that fits two of them
is refused, unless both give the same images: ``(4, 32, 32)`` may be an image with alpha or four gray ones. Three planes
by themselves are one color image: few people have a data set of three.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from explorer.decoding import MAX_PIXELS
from explorer.errors import ExplorerError

__all__ = ["LAYOUTS", "SMALLEST_SIDE", "Layout", "find_layout"]

SMALLEST_SIDE = 5
_LONGEST_RATIO = 8  # of a single gray image; what is longer has a flat image in each row
_CHANNELS = {1: "gray", 3: "color", 4: "RGBA"}
LAYOUTS = ("HW", "HWC", "CHW", "NHW", "NHWC", "NCHW")


@dataclass(frozen=True)
class Layout:
    """How an array holds images.

    Attributes:
        axes: the letters of its axes.
        count: number of images.
        height, width, channels: of each image.
    """

    axes: str
    count: int
    height: int
    width: int
    channels: int

    @property
    def is_single(self) -> bool:
        """Whether the array is one image."""
        return "N" not in self.axes

    def image(self, row: np.ndarray) -> np.ndarray:
        """One image of the array, as it is there, as ``(H, W)`` or ``(H, W, C)`` with ``C`` 3 or 4."""
        if "C" in self.axes:
            row = np.moveaxis(row, self.axes.replace("N", "").index("C"), -1)
        return row.reshape(self.height, self.width) if self.channels == 1 else row

    def __str__(self) -> str:
        kind = _CHANNELS[self.channels]
        images = f"one {kind} image" if self.count == 1 else f"{self.count:,} {kind} images"
        return f"{images} of {self.height} x {self.width} pixels ({', '.join(self.axes)})"

    @property
    def with_four_axes(self) -> tuple[int, int, int, int]:
        """A shape that can be read in no other way."""
        if "CH" in self.axes:
            return self.count, self.channels, self.height, self.width
        return self.count, self.height, self.width, self.channels


def find_layout(
    shape: tuple[int, ...],
    name: str,
    labels: int | None = None,
    among: Sequence[str] = LAYOUTS,
    is_alone: bool = False,
) -> Layout:
    """How an array of this shape holds images.

    Args:
        shape: of the array.
        name: how the error calls it.
        labels: how many labels come with it, if any.
        among: the axes that are possible.
        is_alone: whether no other array holds images of the same set.

    Raises:
        ExplorerError: no layout fits, or several do.
    """
    fitting = [layout for axes in among if (layout := _fit(shape, axes)) is not None]
    fitting = [layout for layout in fitting if layout.count == labels] or fitting
    is_flat = len(shape) == 2 and min(shape) > 0 and (not fitting or (labels or 1) == shape[0] > 1)
    if is_flat:
        raise ExplorerError(
            f"{name} has shape {shape}. If each row is an image, give it the shape (N, H, W) or (N, H, W, C), with "
            "numpy.reshape."
        )
    if not fitting:
        raise ExplorerError(
            f"{name} has shape {shape}. Use (N, H, W), (N, H, W, C) or (N, C, H, W), or (H, W) or (H, W, C) for one "
            f"image, with C 1, 3 or 4, and at least {SMALLEST_SIDE} pixels a side."
        )
    if is_alone and shape[0] == 3 and {layout.axes for layout in fitting} == {"CHW", "NHW"}:
        fitting = [layout for layout in fitting if layout.is_single]
    if len(fitting) > 1:
        shapes = " or ".join(str(layout.with_four_axes) for layout in fitting)
        raise ExplorerError(
            f"{name} has shape {shape}, which may be {' or '.join(map(str, fitting))}. Give it the shape {shapes}."
        )
    (layout,) = fitting
    if layout.height * layout.width > MAX_PIXELS:
        raise ExplorerError(f"{name} has images of {layout.height:,} x {layout.width:,} pixels, which is too large.")
    return layout


def _fit(shape: tuple[int, ...], axes: str) -> Layout | None:
    """A layout of these axes, or None where it does not fit."""
    if len(shape) != len(axes):
        return None
    size = dict(zip(axes, shape, strict=True))
    layout = Layout(axes, size.get("N", 1), size["H"], size["W"], size.get("C", 1))
    shorter, longer = sorted((layout.height, layout.width))
    if layout.count < 1 or shorter < SMALLEST_SIDE or layout.channels not in _CHANNELS:
        return None
    if axes == "CHW" and layout.channels == 1:  # the same as (N, H, W)
        return None
    return None if axes == "HW" and longer > _LONGEST_RATIO * shorter else layout
