"""Images that form out of noise, as an animation."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence

import numpy as np
from PIL import Image

from explorer.images import to_pil

__all__ = ["animation", "contact_sheet", "enlarged"]

_SIDE = 640  # of an animation, in pixels, about
_SECONDS = 4.0  # of the way
_LAST_SECONDS = 2.0  # that the result stands still
_GAP = 1  # pixel between images


def contact_sheet(images: np.ndarray) -> np.ndarray:
    """Images side by side in a grid that is as square as can be, white between them.

    Args:
        images: uint8, shape ``(n, C, H, W)``, n at least 1.

    Returns:
        uint8, shape ``(C, rows * H + rows - 1, columns * W + columns - 1)``.
    """
    count, channels, height, width = images.shape
    columns = math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    sheet = np.full((channels, rows * (height + _GAP), columns * (width + _GAP)), 255, dtype=np.uint8)
    for place, image in enumerate(images):
        top, left = (place // columns) * (height + _GAP), (place % columns) * (width + _GAP)
        sheet[:, top : top + height, left : left + width] = image
    return sheet[:, :-_GAP, :-_GAP]


def enlarged(pixels: np.ndarray, side: int) -> Image.Image:
    """uint8 ``(C, H, W)`` as an image about `side` pixels wide or high, every pixel a sharp square."""
    picture = to_pil(pixels)
    factor = max(1, side // max(picture.size))
    return picture.resize((picture.width * factor, picture.height * factor), Image.Resampling.NEAREST)


def animation(frames: Sequence[np.ndarray]) -> bytes:
    """A GIF file that repeats: the frames one after the other, the last one longer.

    Args:
        frames: each uint8 ``(n, C, H, W)``, at least one.
    """
    pictures = [enlarged(contact_sheet(frame), _SIDE) for frame in frames]
    each = max(20, round(1000 * _SECONDS / len(pictures)))  # milliseconds; browsers slow down what is below 20
    durations = [each] * (len(pictures) - 1) + [round(1000 * _LAST_SECONDS)]
    file = io.BytesIO()
    pictures[0].save(file, "GIF", save_all=True, append_images=pictures[1:], duration=durations, loop=0)
    return file.getvalue()
