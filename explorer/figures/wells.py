"""Figures of wells: energies on a line and a plane, where they lie by noise level, and what samples make of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go
from plotly.colors import sample_colorscale

from explorer.escaping import in_plotly
from explorer.figures.style import (
    BLUE,
    FONT_SIZE,
    GRAY,
    GREEN,
    QUALITATIVE,
    SEQUENTIAL,
    VERMILLION,
    mark_horizontal,
    mark_vertical,
    style_figure,
    translucent,
)
from explorer.measures.consistency.chart import NOISE_AXIS
from explorer.units import format_number

__all__ = [
    "Mark",
    "Compared",
    "compared_figure",
    "decided_figure",
    "line_figure",
    "paths_figure",
    "plane_figure",
    "wells_figure",
]

_PLACE = "place on the line through images 1 and 2"
_ENERGY = "t/h² (U − lowest U)"
_TOPS = (1.0, 0.92, 0.84, 0.76)  # of marks that would hide each other


class Mark(NamedTuple):
    """A noise level with a name: where it is, in dB, and how it is drawn."""

    psnr: float
    name: str
    color: str = GRAY


def line_figure(
    z: np.ndarray,
    curves: Mapping[float, np.ndarray],
    at: tuple[float, np.ndarray] | None,
    images: Sequence[str] = ("1", "2"),
    height: int = 340,
) -> go.Figure:
    """Reduced energy on the line through two images, a curve for each noise level.

    Args:
        z: places, shape ``(P,)``; the images are at -1 and 1.
        curves: noise level in dB -> reduced energy, shape ``(P,)``.
        at: the chosen noise level and its curve, which stands out.
        images: names of the two.
        height: in screen pixels.
    """
    figure = go.Figure()
    levels = sorted(curves)
    shares = np.linspace(0, 1, max(2, len(levels)))
    for level, share in zip(levels, shares, strict=False):
        (color,) = sample_colorscale(list(SEQUENTIAL), [float(share)])
        _add_curve(figure, z, curves[level], level, color, 1.8)
    if at is not None:
        _add_curve(figure, z, at[1], at[0], VERMILLION, 3.5)
    style_figure(figure, x_title=_PLACE, y_title=_ENERGY, height=height)
    figure.update_layout(legend={"orientation": "v", "x": 1.02, "y": 1, "yanchor": "top", "title": "noise"})
    figure.update_layout(margin_t=24)
    for place, name in zip((-1, 1), images, strict=True):
        mark_vertical(figure, place, in_plotly(name), GRAY, "dot")
    return figure


def _add_curve(figure: go.Figure, z: np.ndarray, values: np.ndarray, psnr: float, color: str, width: float) -> None:
    name = f"{format_number(psnr, 'g')} dB"
    figure.add_scatter(
        x=z,
        y=values,
        mode="lines",
        name=name,
        legendrank=1000 + psnr,
        line={"color": color, "width": width},
        hovertemplate=f"%{{y:.3f}} at %{{x:.2f}}<extra>{name}</extra>",
    )


def wells_figure(
    found: Mapping[str, tuple[Sequence[float], Sequence[np.ndarray]]],
    marks: Sequence[Mark] = (),
    height: int = 340,
) -> go.Figure:
    """Where the wells on the line lie, by noise level: one curve that splits.

    Args:
        found: name of a density -> noise levels in dB, and the places of its wells at each.
        marks: noise levels to mark.
        height: in screen pixels.
    """
    figure = go.Figure()
    styles = ((BLUE, "circle"), (VERMILLION, "x"))
    for (name, (psnr, places)), (color, symbol) in zip(found.items(), styles, strict=False):
        points = [(level, place) for level, here in zip(psnr, places, strict=True) for place in here]
        x, y = zip(*points, strict=True) if points else ((), ())
        figure.add_scatter(
            x=x,
            y=y,
            mode="markers",
            name=in_plotly(name),
            marker={"color": color, "symbol": symbol, "size": 6},
            hovertemplate="a well at %{y:.2f}, %{x:.1f} dB<extra>" + in_plotly(name) + "</extra>",
        )
    style_figure(figure, x_title=NOISE_AXIS.title, y_title=_PLACE.replace(" through", "<br>through"), height=height)
    for place, name in ((-1, "image 1"), (1, "image 2")):
        mark_horizontal(figure, place, name, GRAY, "dot")
    _mark(figure, marks)
    return figure


def plane_figure(
    x: np.ndarray, y: np.ndarray, values: np.ndarray, places: np.ndarray, names: Sequence[str], height: int = 380
) -> go.Figure:
    """Reduced energy on the plane through three images, as a surface.

    Args:
        x, y: coordinates of the grid, shapes ``(X,)`` and ``(Y,)``.
        values: shape ``(Y, X)``.
        places: of the images, shape ``(3, 2)``.
        names: of the images.
        height: in screen pixels.
    """
    rise = 0.03 * float(np.nanmax(values) - np.nanmin(values))  # markers lie on the surface, not in it
    heights = [float(values[np.abs(y - row).argmin(), np.abs(x - column).argmin()]) + rise for column, row in places]
    figure = go.Figure(
        go.Surface(
            x=x,
            y=y,
            z=values,
            colorscale=[[k / (len(SEQUENTIAL) - 1), color] for k, color in enumerate(SEQUENTIAL)],
            showscale=False,
            contours_z={"show": True, "usecolormap": False, "color": "rgba(255, 255, 255, 0.5)", "width": 1},
            hovertemplate="%{z:.3f} at (%{x:.2f}, %{y:.2f})<extra></extra>",
        )
    )
    figure.add_scatter3d(
        x=places[:, 0],
        y=places[:, 1],
        z=heights,
        mode="markers+text",
        text=list(map(in_plotly, names)),
        textposition="top center",
        textfont={"color": "white", "size": FONT_SIZE + 2},
        marker={"color": VERMILLION, "size": 5},
        hoverinfo="skip",
        showlegend=False,
    )
    axis = {"color": GRAY, "gridcolor": translucent(GRAY, 0.3), "showbackground": False, "zeroline": False}
    figure.update_layout(
        height=height,
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        paper_bgcolor="rgba(0, 0, 0, 0)",
        font_size=FONT_SIZE,
        scene={
            "xaxis": {**axis, "title": "along 1 to 2 [h]"},
            "yaxis": {**axis, "title": "across [h]"},
            "zaxis": {**axis, "title": _ENERGY},
            "aspectmode": "manual",
            "aspectratio": {"x": 1.2, "y": 1.2, "z": 0.7},
            "camera": {"eye": {"x": 1.5, "y": -2.05, "z": 1.5}, "center": {"x": 0, "y": 0, "z": -0.15}},
        },
    )
    return figure


def paths_figure(
    psnr: Sequence[float],
    places: np.ndarray,
    groups: np.ndarray,
    names: Sequence[str],
    y_title: str,
    marks: Sequence[Mark] = (),
    height: int = 340,
) -> go.Figure:
    """Samples on their way: where what the density makes of each lies on a line, by noise level.

    Args:
        psnr: noise levels in dB, increasing, shape ``(K,)``.
        places: shape ``(K, n)``.
        groups: of each sample, an index of `names`, shape ``(n,)``.
        names: of the groups, for the legend.
        y_title: what the line is.
        marks: noise levels to mark.
        height: in screen pixels.
    """
    figure = go.Figure()
    for group, name in enumerate(names):
        members = places[:, groups == group]
        if not members.shape[1]:
            continue
        # One trace for all of a group, with gaps between: a page draws few traces faster than many.
        gap = np.full((1, members.shape[1]), np.nan)
        x = np.tile([*psnr, np.nan], members.shape[1])
        figure.add_scatter(
            x=x,
            y=np.concatenate((members, gap)).T.ravel(),
            mode="lines",
            name=in_plotly(f"{name} ({members.shape[1]})"),
            line={"color": translucent(QUALITATIVE[group % len(QUALITATIVE)], 0.7), "width": 1.3},
            hovertemplate=f"%{{y:.2f}} at %{{x:.1f}} dB<extra>{in_plotly(name)}</extra>",
        )
    style_figure(figure, x_title=NOISE_AXIS.title, y_title=y_title, height=height)
    _mark(figure, marks)
    return figure


def decided_figure(
    psnr: Sequence[float], share: np.ndarray, gaussian: np.ndarray, marks: Sequence[Mark] = (), height: int = 340
) -> go.Figure:
    """The share of samples whose side is decided, by noise level, beside that of a Gaussian with the data's covariance.

    Args:
        psnr: noise levels in dB, shape ``(K,)``.
        share, gaussian: in [0, 1], shape ``(K,)``.
        marks: noise levels to mark.
        height: in screen pixels.
    """
    figure = go.Figure()
    for name, values, color, dash in (("Gaussian", gaussian, GRAY, "dash"), ("samples", share, BLUE, "solid")):
        figure.add_scatter(
            x=list(psnr),
            y=100 * values,
            mode="lines",
            name=name,
            line={"color": color, "width": 2.2, "dash": dash},
            hovertemplate=f"%{{y:.0f}} % at %{{x:.1f}} dB<extra>{name}</extra>",
        )
    style_figure(figure, x_title=NOISE_AXIS.title, y_title="side decided [% of samples]", height=height)
    figure.update_yaxes(range=[min(40.0, 100 * float(share.min()) - 4), 112])
    mark_horizontal(figure, 75, "half way", GRAY, "dot")
    _mark(figure, marks)
    return figure


class Compared(NamedTuple):
    """One quantity of a kind of images, by noise level.

    Attributes:
        name: for the legend.
        psnr: noise levels in dB.
        values: at each.
        errors: half lengths of the error bars; none when empty.
    """

    name: str
    psnr: Sequence[float]
    values: Sequence[float]
    errors: Sequence[float] = ()


def compared_figure(
    curves: Sequence[Compared], y_title: str, form: str = ".3f", zero: bool = False, height: int = 300
) -> go.Figure:
    """Own images beside fresh ones, by noise level.

    Args:
        curves: at most three.
        y_title: what is compared, with its unit.
        form: of the numbers.
        zero: draw the line of no difference.
        height: in screen pixels.
    """
    figure = go.Figure()
    styles = ((BLUE, "solid", "circle"), (VERMILLION, "dot", "x"), (GREEN, "dash", "square"))
    for curve, (color, dash, symbol) in zip(curves, styles, strict=False):
        figure.add_scatter(
            x=list(curve.psnr),
            y=list(curve.values),
            mode="lines+markers",
            name=in_plotly(curve.name),
            line={"color": color, "width": 2, "dash": dash},
            marker={"color": color, "symbol": symbol, "size": 7},
            error_y={"array": list(curve.errors), "color": GRAY, "thickness": 1} if curve.errors else None,
            hovertemplate=f"%{{y:{form}}} at %{{x:.1f}} dB<extra>{in_plotly(curve.name)}</extra>",
        )
    style_figure(figure, x_title=NOISE_AXIS.title, y_title=y_title, height=height, legend=len(curves) > 1)
    if zero:
        figure.add_hline(0.0, line={"color": GRAY, "width": 1})
    return figure


def _mark(figure: go.Figure, marks: Sequence[Mark]) -> None:
    """Lines at noise levels; names of neighbors are at different heights, below the legend."""
    if marks:
        figure.update_layout(margin_t=64, legend_y=1.13)
    for place, mark in enumerate(sorted(marks, key=lambda each: each.psnr)):
        mark_vertical(figure, mark.psnr, in_plotly(mark.name), mark.color, "dash", _TOPS[place % len(_TOPS)], "left")
