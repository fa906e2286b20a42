"""Numbers to pixels: images whose colors mean something. Arrays in, 8-bit color out."""

from __future__ import annotations

import numpy as np

from explorer.figures.style import BLUE, VERMILLION
from explorer.images import ROUNDING

__all__ = ["DIVERGING", "diverging_pixels", "mark_out_of_range", "signed_pixels"]

DIVERGING = (BLUE, "#FFFFFF", VERMILLION)
"""Colors of the smallest value, of 0 and of the largest value in `diverging_pixels`."""

_TINT = 0.75


def mark_out_of_range(pixels: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Color the pixels that have a value outside [0, 1], by more than 8 bits round away: blue below, vermillion above.

    Args:
        pixels: what to show, uint8 ``(C, H, W)``, ``C`` 1 or 3.
        x: the values, ``(C, H, W)``.

    Returns:
        uint8 ``(3, H, W)``, or `pixels` itself when no value is outside.
    """
    above, below = (x > 1 + ROUNDING).any(0), (x < -ROUNDING).any(0)
    if not (above.any() or below.any()):
        return pixels
    marked = np.broadcast_to(pixels, (3, *pixels.shape[1:])).astype(float)
    for where, color in ((above, VERMILLION), (below, BLUE)):
        marked[:, where] = (1 - _TINT) * marked[:, where] + _TINT * _rgb(color)[:, None]
    colored: np.ndarray = np.rint(marked).astype(np.uint8)
    return colored


def diverging_pixels(values: np.ndarray) -> tuple[np.ndarray, float]:
    """Signed values as colors, symmetric about 0, which is white.

    Args:
        values: ``(C, H, W)``; channels are averaged.

    Returns:
        uint8 ``(3, H, W)``, and the absolute value that the strongest colors stand for: the 99.5th percentile, so that
        a single pixel does not fade all others.
    """
    plane = values.mean(0)
    scale = float(np.quantile(np.abs(plane), 0.995))
    share = np.clip(plane / scale, -1, 1) if scale > 0 else np.zeros_like(plane)
    low, middle, high = (_rgb(color) for color in DIVERGING)
    end = np.where(share[..., None] < 0, low, high)
    colors = middle + np.abs(share)[..., None] * (end - middle)
    return np.rint(colors).astype(np.uint8).transpose(2, 0, 1).copy(), scale


def signed_pixels(values: np.ndarray) -> np.ndarray:
    """Signed values as an image: as `diverging_pixels` where there is one channel; three are added to a middle gray.

    Args:
        values: ``(C, H, W)``, ``C`` 1 or 3.

    Returns:
        uint8 ``(3, H, W)``.
    """
    if len(values) == 1:
        return diverging_pixels(values)[0]
    scale = float(np.quantile(np.abs(values), 0.995)) or 1.0
    colors: np.ndarray = np.rint(255 * np.clip(0.5 + 0.5 * values / scale, 0, 1)).astype(np.uint8)
    return colors


def _rgb(color: str) -> np.ndarray:
    """``"#RRGGBB"`` as floats in [0, 255], shape ``(3,)``."""
    return np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)], dtype=float)
