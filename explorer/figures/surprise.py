"""Figures of a map of surprise: bits over the image, and bits over noise scales."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from explorer.figures.pixels import DIVERGING
from explorer.figures.style import (
    BLUE,
    FONT_SIZE,
    SEQUENTIAL,
    mark_horizontal,
    style_figure,
    style_pixel_map,
    translucent,
)
from explorer.units import with_unit

__all__ = ["bits_by_scale_figure", "surprise_difference", "surprise_limits", "surprise_map"]

_QUANTILE = 0.995  # the strongest color, so that single pixels do not fade all others


def surprise_limits(*maps: np.ndarray) -> tuple[float, float]:
    """The range of the middle 99 % of the bits of some maps, for colors that they share."""
    bits = np.concatenate([each.ravel() for each in maps])
    return float(np.quantile(bits, 1 - _QUANTILE)), float(np.quantile(bits, _QUANTILE))


def surprise_map(
    bits: np.ndarray,
    *,
    limits: tuple[float, float] | None = None,
    what: str = "bits",
    height: int = 330,
    bar_below: bool = False,
) -> go.Figure:
    """Bits of each pixel as colors; hovering says them.

    Args:
        bits: shape ``(H, W)``.
        limits: values of the first and the last color; when None those of `surprise_limits`.
        what: the unit, for the color bar and for hovering.
        height: in screen pixels.
        bar_below: the color bar lies below the map, which is then as wide as its place, and not beside it.
    """
    low, high = limits or surprise_limits(bits)
    figure = _pixels(bits, low, high, list(SEQUENTIAL), what, "%{z:.2f}", height)
    if bar_below:
        figure.update_traces(
            colorbar={"orientation": "h", "title_side": "top", "y": 0, "yanchor": "top", "len": 1, "ypad": 4}
        )
    return figure


def surprise_difference(bits: np.ndarray, *, what: str = "bits more", height: int = 330) -> go.Figure:
    """Signed bits of each pixel, such as those that one model or image takes more than another; 0 is white.

    Args:
        bits: shape ``(H, W)``.
        what, height: as for `surprise_map`.
    """
    strongest = float(np.quantile(np.abs(bits), _QUANTILE))
    return _pixels(bits, -strongest, strongest, list(DIVERGING), what, "%{z:+.2f}", height)


def bits_by_scale_figure(
    psnr: Sequence[float],
    bits: Sequence[float],
    at: float | None = None,
    *,
    unit: str = "bits",
    most: float | None = None,
    height: int = 240,
) -> go.Figure:
    """Bits of an image, or of a pixel, that come from each noise level.

    Args:
        psnr: noise levels in dB, shape ``(K,)``.
        bits: shape ``(K,)``.
        at: the chosen noise level; the others are paler.
        unit: of `bits`.
        most: what a level costs when nothing is known of the image; a line.
        height: in screen pixels.
    """
    colors = [BLUE if at is None or level == at else translucent(BLUE, 0.45) for level in psnr]
    figure = go.Figure(
        go.Bar(
            x=list(psnr),
            y=list(bits),
            marker={"color": colors, "line_width": 0},
            hovertemplate=f"%{{y:,.3~f}} {unit}<br>from noise at %{{x:.1f}} dB<extra></extra>",
        )
    )
    x_title = with_unit("noise level (left: coarse, right: fine)", "dB PSNR")
    style_figure(figure, x_title=x_title, y_title=unit, height=height, legend=False)
    if most is not None:
        figure.update_layout(margin_t=24)
        mark_horizontal(figure, most, "nothing known")
    return figure


def _pixels(
    bits: np.ndarray, low: float, high: float, colors: list[str], what: str, number: str, height: int
) -> go.Figure:
    """A constant map has one color, in the middle of its scale."""
    middle, half = (low + high) / 2, max((high - low) / 2, 1e-6)
    figure = go.Figure(
        go.Heatmap(
            z=bits,
            zmin=middle - half,
            zmax=middle + half,
            colorscale=[[k / (len(colors) - 1), color] for k, color in enumerate(colors)],
            colorbar={
                "title": {"text": what, "side": "right", "font_size": FONT_SIZE},
                "thickness": 12,
                "outlinewidth": 0,
                "y": 1,
                "yanchor": "top",
                "len": 0.95,
            },
            hovertemplate=f"row %{{y}}, column %{{x}}: {number} {what}<extra></extra>",
        )
    )
    style_pixel_map(figure, height)
    return figure
