"""Figures of what each scale of a photograph says. A scale has the same color in all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from explorer.escaping import in_plotly
from explorer.figures.style import (
    GRAY,
    QUALITATIVE,
    VERMILLION,
    mark_horizontal,
    mark_vertical,
    style_figure,
    translucent,
)
from explorer.units import with_unit

__all__ = [
    "Scale",
    "bits_bars",
    "change_bars",
    "curvature_figure",
    "dimensionality_figure",
    "scale_name",
    "sweep_figure",
]

_BASE = QUALITATIVE[7]
_DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
_MARKERS = ("circle", "square", "diamond", "triangle-up", "cross", "x")
_ROOM = 0.08  # right of the longest bar, for its number
_NARROW_SHARE = 0.1  # of the longest bar: below, a number does not fit

Scale = tuple[int, bool]
"""Level of the details, 0 for the finest, and whether it is the base."""


def scale_name(scale: Scale) -> str:
    """In words: the details of level ``l`` tell neighbors of ``2^l`` pixels a side from each other.

    Examples:
        >>> scale_name((0, False)), scale_name((2, False)), scale_name((4, True))
        ('1 pixel', '4 pixels', 'coarse image')
    """
    level, is_base = scale
    if is_base:
        return "coarse image"
    return "1 pixel" if level == 0 else f"{2**level} pixels"


def bits_bars(
    bits: Mapping[Scale, float], codecs: Mapping[str, float], pixels: int, unit: str, height: int = 230
) -> go.Figure:
    """The code length under a model, stacked from the coarse image to the finest details, above those of codecs.

    Args:
        bits: of each scale.
        codecs: name -> bits.
        pixels: number of pixel values, by which all are divided.
        unit: of what comes out, ``"bits/pixel"`` or ``"bits/dimension"``.
        height: in screen pixels.
    """
    mine = "This model"
    figure = go.Figure()
    longest = max(sum(bits.values()), *codecs.values()) if codecs else sum(bits.values())
    for scale in sorted(bits, reverse=True):
        share = bits[scale] / pixels
        figure.add_bar(
            x=[share],
            y=[mine],
            orientation="h",
            name=scale_name(scale),
            marker={"color": _color(scale), "line": {"width": 0}},
            text=[f"{share:.2f}" if bits[scale] > _NARROW_SHARE * longest else ""],
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            insidetextfont_size=11,
            constraintext="none",
            hovertemplate=f"{scale_name(scale)}: %{{x:.3f}} {unit}, {bits[scale]:,.0f} bits<extra></extra>",
        )
    figure.add_bar(
        x=[each / pixels for each in codecs.values()],
        y=list(codecs),
        text=[f"{each / pixels:.2f}" for each in codecs.values()],
        textposition="outside",
        cliponaxis=False,
        orientation="h",
        name="lossless codec",
        marker={"color": translucent(GRAY, 0.6)},
        customdata=list(codecs.values()),
        hovertemplate=f"%{{y}}: %{{x:.3f}} {unit}, %{{customdata:,.0f}} bits<extra></extra>",
        showlegend=False,
    )
    style_figure(figure, x_title=with_unit("code length", unit), y_title="", height=height)
    total = sum(bits.values()) / pixels
    figure.add_annotation(x=total, y=mine, text=f"{total:.2f}", xanchor="left", xshift=2, showarrow=False)
    figure.update_layout(barmode="stack", bargap=0.3, legend_traceorder="normal")
    figure.update_yaxes(autorange="reversed", showgrid=False, ticks="")
    return figure.update_xaxes(range=[0, (1 + _ROOM) * longest / pixels])


def change_bars(change: Mapping[Scale, float], pixels: int, unit: str, height: int = 300) -> go.Figure:
    """How many bits each scale has more, or less, than before.

    Args:
        change: of each scale, in bits.
        pixels: number of pixel values, by which all are divided.
        unit: of what comes out, ``"bits/pixel"`` or ``"bits/dimension"``.
        height: in screen pixels.
    """
    scales = sorted(change, reverse=True)
    values = [change[scale] / pixels for scale in scales]
    bars = go.Bar(
        x=[scale_name(scale) for scale in scales],
        y=values,
        marker={"color": [_color(scale) for scale in scales]},
        customdata=[change[scale] for scale in scales],
        text=[f"{value:+.2f}".replace("-", "\u2212") for value in values],
        textposition="outside",
        cliponaxis=False,
        hovertemplate=f"%{{x}}: %{{y:+.3f}} {unit}, %{{customdata:+,.0f}} bits<extra></extra>",
    )
    title = with_unit("change", unit)
    figure = style_figure(go.Figure(bars), x_title="scale", y_title=title, height=height, legend=False)
    span = max(map(abs, values), default=0.0) or 1.0
    figure.update_yaxes(range=[min(0.0, *values) - 0.18 * span, max(0.0, *values) + 0.18 * span])
    figure.add_hline(y=0, line={"color": GRAY, "width": 1})
    return figure


def sweep_figure(
    scales: Sequence[Scale],
    values: Sequence[float],
    bits: np.ndarray,
    pixels: int,
    at: float | None,
    x_title: str,
    unit: str,
    height: int = 300,
) -> go.Figure:
    """Bits of each scale against a parameter of a perturbation.

    Args:
        scales: in the order of the columns of `bits`.
        values: of the parameter, shape ``(K,)``.
        bits: shape ``(K, J + 1)``.
        pixels: number of pixel values, by which all are divided.
        unit: of what comes out, ``"bits/pixel"`` or ``"bits/dimension"``.
        at: the value that the image has now, marked; None for none.
        x_title: name of the parameter with its unit.
        height: in screen pixels.
    """
    figure = go.Figure()
    for place, scale in sorted(enumerate(scales), key=lambda each: each[1], reverse=True):
        _add_line(figure, scale, values, bits[:, place] / pixels, f"%{{y:.3f}} {unit}")
    style_figure(figure, x_title=x_title, y_title=with_unit("bits by scale", unit), height=height)
    if at is not None:
        mark_vertical(figure, at, "", VERMILLION, "dot")
    return figure


def dimensionality_figure(
    scales: Sequence[Scale], psnr: Sequence[float], denoising: np.ndarray, energy: np.ndarray, height: int = 320
) -> go.Figure:
    """Local dimensionality of each scale, as a share of its coefficients, against the noise on the pixels.

    Args:
        scales: of the details and the base, in the order of the columns.
        psnr: noise levels in dB, shape ``(T,)``.
        denoising, energy: the two estimates as shares in [0, 1], shape ``(T, J + 1)``.
        height: in screen pixels.
    """
    figure = go.Figure()
    for place, scale in sorted(enumerate(scales), key=lambda each: each[1], reverse=True):
        says = "%{y:.1f} % of its coefficients"
        _add_line(figure, scale, psnr, 100 * denoising[:, place], f"{says}, by denoising error")
        figure.add_scatter(
            x=list(psnr),
            y=100 * energy[:, place],
            mode="markers",
            name=scale_name(scale),
            meta=f"{scale_name(scale)}, energy",
            marker={"symbol": "circle-open", "size": 9, "color": _color(scale)},
            hovertemplate=f"{scale_name(scale)}: {says}, by the energy<extra></extra>",
            showlegend=False,
        )
    x_title = with_unit("noise on the pixels", "dB PSNR")
    style_figure(figure, x_title=x_title, y_title=with_unit("local dimensionality", "% of coefficients"), height=height)
    return figure


def curvature_figure(
    psnr: Sequence[float],
    by_scale: Mapping[Scale, Sequence[float]],
    whole: Sequence[float],
    whole_name: str,
    height: int = 320,
) -> go.Figure:
    """The smallest eigenvalue of ``t hess U``: of each scale's details given the coarser image, and of a whole image.

    Args:
        psnr: noise levels in dB, shape ``(T,)``.
        by_scale: of each scale of details, shape ``(T,)``.
        whole: of the energy of whole images, shape ``(T,)``; may be empty.
        whole_name: what that is, for the legend.
        height: in screen pixels.
    """
    figure = go.Figure()
    for scale in sorted(by_scale, reverse=True):
        _add_line(figure, scale, psnr, by_scale[scale], "%{y:.3f}")
    if len(whole):
        figure.add_scatter(
            x=list(psnr),
            y=list(whole),
            mode="lines+markers",
            name=in_plotly(whole_name),
            line={"color": GRAY, "width": 2.5},
            marker={"symbol": "star", "size": 9},
            hovertemplate="the whole image: %{y:.3f}<extra></extra>",
        )
    y_title = "smallest eigenvalue of t\u2207\u00b2U"
    style_figure(figure, x_title=with_unit("noise on the pixels", "dB PSNR"), y_title=y_title, height=height)
    mark_horizontal(figure, 0.0, "log-concave above")
    return figure


def _add_line(figure: go.Figure, scale: Scale, x: Sequence[float], y: Sequence[float] | np.ndarray, says: str) -> None:
    level, _ = scale
    figure.add_scatter(
        x=list(x),
        y=list(y),
        mode="lines+markers",
        name=scale_name(scale),
        line={"color": _color(scale), "dash": _DASHES[level % len(_DASHES)]},
        marker={"symbol": _MARKERS[level % len(_MARKERS)], "size": 7},
        hovertemplate=f"{scale_name(scale)}: {says}<extra></extra>",
    )


def _color(scale: Scale) -> str:
    level, is_base = scale
    return _BASE if is_base else QUALITATIVE[level % len(QUALITATIVE)]
