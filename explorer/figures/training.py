"""Figures of a training run: its losses, its likelihood, and what it denoises.

All take entries of `metrics.jsonl` as `explorer.training.run.Run.metrics` gives them.
"""

from __future__ import annotations

import base64
import io
import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from PIL import Image

from explorer.figures.style import BLUE, FONT_SIZE, GRAY, GREEN, VERMILLION, style_figure, translucent
from explorer.units import with_unit

__all__ = ["denoised_images", "denoising_psnr", "likelihood", "space_loss", "time_loss"]

Metrics = Sequence[dict[str, Any]]

_MAX_POINTS = 600
_HEIGHT = 280
_LOWEST_PSNR, _HIGHEST_PSNR = -10.0, 50.0
_CELL_PIXELS = 96  # at least, of an enlarged image
_ROW_HEIGHT = 48  # on the screen
_NARROW_GAP, _WIDE_GAP = 0.04, 0.2  # in image sides


def space_loss(metrics: Metrics, steps: int) -> go.Figure:
    """Denoising error over the noise variance, averaged over all noise levels, against the step.

    Args:
        metrics: entries of a run.
        steps: length of the run, the end of the axis.
    """
    return _curve(metrics, steps, "space_loss", BLUE, "denoising error / noise variance")


def time_loss(metrics: Metrics, steps: int) -> go.Figure:
    """Time loss over its irreducible part at small noise, against the step.

    Args:
        metrics: entries of a run.
        steps: length of the run, the end of the axis.
    """
    return _curve(metrics, steps, "time_loss", VERMILLION, "time loss / irreducible part")


def likelihood(metrics: Metrics, steps: int) -> go.Figure:
    """Negative log-likelihood of the validation images from the energy and from I-MMSE, the gap shaded.

    Args:
        metrics: entries of a run.
        steps: length of the run, the end of the axis.
    """
    entries = [entry for entry in metrics if entry["kind"] == "validation"]
    x = [entry["step"] for entry in entries]
    figure = go.Figure()
    for key, name, color, fill in (
        ("i_mmse", "from denoising (I-MMSE)", GREEN, None),
        ("energy", "from the energy", BLUE, "tonexty"),
    ):
        y = [entry["bits_per_dimension"][key] for entry in entries]
        figure.add_scatter(
            x=x,
            y=y,
            name=name,
            mode="lines+markers",
            line={"color": color, "width": 2},
            marker={"size": 6},
            fill=fill,
            fillcolor=translucent(GRAY, 0.25),
            customdata=[entry["bits_per_dimension"]["gap"] for entry in entries],
            hovertemplate="step %{x:,}: %{y:.3f} bits/dimension<br>gap %{customdata:+.3f}<extra>" + name + "</extra>",
        )
    style_figure(figure, x_title="step", y_title=with_unit("NLL", "bits/dimension"), height=_HEIGHT)
    figure.update_xaxes(range=[0, steps])
    return figure


def denoising_psnr(metrics: Metrics) -> go.Figure:
    """PSNR after denoising against PSNR before, at the first and the latest validation.

    Args:
        metrics: entries of a run.
    """
    entries = [entry for entry in metrics if entry["kind"] == "validation"]
    figure = go.Figure()
    shown = [(entries[0], "first", GRAY, "dot")] if len(entries) > 1 else []
    shown += [(entries[-1], "latest", BLUE, "solid")] if entries else []
    for entry, name, color, dash in shown:
        levels = [level for level in entry["levels"] if _LOWEST_PSNR <= level["psnr"] <= _HIGHEST_PSNR]
        figure.add_scatter(
            x=[level["psnr"] for level in levels],
            y=[level["denoised_psnr"] for level in levels],
            name=f"{name} (step {entry['step']:,})",
            mode="lines+markers",
            line={"color": color, "width": 2, "dash": dash},
            marker={"size": 5},
            hovertemplate="noisy %{x:.1f} dB → denoised %{y:.1f} dB<extra>" + name + "</extra>",
        )
    if shown:
        figure.add_scatter(
            x=[_LOWEST_PSNR, _HIGHEST_PSNR],
            y=[_LOWEST_PSNR, _HIGHEST_PSNR],
            name="not denoised",
            mode="lines",
            line={"color": GRAY, "width": 1.5, "dash": "dash"},
            hoverinfo="skip",
        )
    return style_figure(figure, x_title="noisy [dB PSNR]", y_title="denoised [dB PSNR]", height=_HEIGHT)


def denoised_images(png: bytes, side: int) -> go.Figure:
    """The validation images that the trainer denoised, pixel-sharp, with a label for each row.

    Args:
        png: a grid of square images: a clean row, then for each noise level a noisy row and a denoised one.
        side: height and width of one image in the grid, in pixels.
    """
    grid = Image.open(io.BytesIO(png)).convert("RGB")
    columns, rows = grid.width // side, grid.height // side
    # A gap belongs to the row above it: wide after what belongs together.
    tops = np.cumsum([0, *(1 + _NARROW_GAP if row % 2 else 1 + _WIDE_GAP for row in range(rows - 1))])
    lefts = np.arange(columns) * (1 + _NARROW_GAP)
    cell = side * math.ceil(_CELL_PIXELS / side)
    width, height = float(lefts[-1] + 1), float(tops[-1] + 1)
    sheet = Image.new("RGBA", (round(width * cell), round(height * cell)), (0, 0, 0, 0))
    for row, column in itertools.product(range(rows), range(columns)):
        box = (column * side, row * side, (column + 1) * side, (row + 1) * side)
        image = grid.crop(box).resize((cell, cell), Image.Resampling.NEAREST)
        sheet.paste(image, (round(lefts[column] * cell), round(tops[row] * cell)))
    buffer = io.BytesIO()
    sheet.save(buffer, format="PNG")
    figure = go.Figure()
    figure.add_layout_image(
        source="data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode(),
        xref="x",
        yref="y",
        x=0,
        y=0,
        sizex=width,
        sizey=height,
        sizing="stretch",
        layer="below",
    )
    figure.update_xaxes(range=[0, width], visible=False, fixedrange=True, constrain="domain", constraintoward="left")
    figure.update_yaxes(
        range=[height, 0],
        tickvals=tops + 0.5,
        ticktext=["clean", *("noisy" if row % 2 else "denoised" for row in range(1, rows))],
        showgrid=False,
        zeroline=False,
        fixedrange=True,
        scaleanchor="x",
        constrain="domain",
        constraintoward="top",
        automargin=True,
    )
    figure.update_layout(
        height=round(_ROW_HEIGHT * height) + 16,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        paper_bgcolor="rgba(0, 0, 0, 0)",
        plot_bgcolor="rgba(0, 0, 0, 0)",
        font_size=FONT_SIZE,
    )
    return figure


def _curve(metrics: Metrics, steps: int, key: str, color: str, title: str) -> go.Figure:
    entries = [entry for entry in metrics if entry["kind"] == "progress"]
    entries = entries[:: -max(1, math.ceil(len(entries) / _MAX_POINTS))][::-1]  # keeps the latest
    figure = go.Figure()
    figure.add_scatter(
        x=[entry["step"] for entry in entries],
        y=[entry.get(key) for entry in entries],
        mode="lines",
        line={"color": color, "width": 2},
        hovertemplate="step %{x:,}: %{y:.4f}<extra></extra>",
    )
    style_figure(figure, x_title="step", y_title=title, height=_HEIGHT, legend=False)
    figure.update_xaxes(range=[0, steps])
    figure.update_yaxes(type="log")
    return figure
