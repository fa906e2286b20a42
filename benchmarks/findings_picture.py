"""What `benchmarks.findings` finds, in four figures on one picture."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots
from scipy.stats import norm

from benchmarks.driving import browser
from explorer.figures.style import BLUE, GRAY, GREEN, VERMILLION, style_figure, translucent
from explorer.measures.dataset.distribution import fit_gumbel

__all__ = ["Pair", "draw", "save"]

_WIDTH, _HEIGHT = 1200, 900
_BINS = 80
_PAPER_DIFFERENCES = {100_000: 0.186, 1_000: 0.46, 100: 7.4}
_TITLES = (
    "log p of validation images",
    "Dimensions that are open around an image",
    "Two models that share no training image",
    "How far two such models differ",
)
_COLORS = {"low": VERMILLION, "middle": GRAY, "high": BLUE}


class Pair(NamedTuple):
    """Two models trained on images that they do not share, on the same fresh images.

    Attributes:
        name: of both, without ``-a`` and ``-b``.
        images: how many each was trained on.
        first, second: log p in dB/dimension, shape ``(N,)``.
        memory: by how much each gives its own training images more than the other does, on average, dB/dimension.
    """

    name: str
    images: int
    first: np.ndarray
    second: np.ndarray
    memory: tuple[float, float]

    @property
    def difference(self) -> float:
        """Root mean square difference, dB/dimension."""
        return float(np.sqrt(np.mean((self.first - self.second) ** 2)))


def draw(
    log_p: np.ndarray,
    marks: Mapping[str, float],
    psnrs: Sequence[float],
    curves: Mapping[str, np.ndarray],
    pairs: Sequence[Pair],
) -> go.Figure:
    """The four figures.

    Args:
        log_p: of validation images, dB/dimension.
        marks: log p of images to compare them with, by name.
        psnrs: noise levels of the curves, dB.
        curves: share of dimensions by noise level, for images of ``"low"``, ``"middle"`` and ``"high"`` log p.
        pairs: the one trained on most images first.
    """
    figure = make_subplots(2, 2, subplot_titles=_TITLES, horizontal_spacing=0.09, vertical_spacing=0.14)
    style_figure(figure, x_title="", y_title="", height=_HEIGHT, legend=False)
    figure.update_layout(width=_WIDTH, paper_bgcolor="white", margin={"l": 20, "r": 20, "t": 50, "b": 20})
    _distribution(figure, log_p, marks)
    for name, curve in curves.items():
        _line(figure, psnrs, curve, f"{name} log p", _COLORS[name], 1, 2)
        figure.add_annotation(
            x=psnrs[len(psnrs) // 2], y=curve[len(psnrs) // 2], text=f"{name} log p", font={"color": _COLORS[name]},
            showarrow=False, xanchor="left", yanchor="top", row=1, col=2,
        )  # fmt: skip
    _scatter(figure, pairs)
    _differences(figure, pairs)
    for row, column, x_title, y_title in (
        (1, 1, "log p, dB/dimension", "images"),
        (1, 2, "noise level, PSNR in dB", "share of all dimensions"),
        (2, 1, "log p by the first, dB/dimension", "log p by the second, dB/dimension"),
        (2, 2, "training pictures of each", "RMS difference of log p, dB/dimension"),
    ):
        figure.update_xaxes(title_text=x_title, row=row, col=column)
        figure.update_yaxes(title_text=y_title, row=row, col=column)
    return figure


def _distribution(figure: go.Figure, log_p: np.ndarray, marks: Mapping[str, float]) -> None:
    reach = np.ptp(log_p) / 2  # a mark that is farther away is named at the border
    near = [value for value in marks.values() if log_p.min() - reach <= value <= log_p.max() + reach]
    low, high = min(log_p.min(), *near), max(log_p.max(), *near)
    edges = np.linspace(low - 1, high + 1, _BINS + 1)
    counts, _ = np.histogram(log_p, edges)
    middle = (edges[1:] + edges[:-1]) / 2
    scale = len(log_p) * (edges[1] - edges[0])
    figure.add_bar(x=middle, y=counts, marker={"color": translucent(BLUE, 0.5), "line_width": 0}, row=1, col=1)
    gumbel = scale * np.exp(fit_gumbel(log_p).log_density(middle))
    gauss = scale * norm.pdf(middle, *norm.fit(log_p))
    for name, density, color, side in (("Gumbel", gumbel, VERMILLION, -1), ("Gaussian", gauss, GRAY, 0)):
        _line(figure, middle, density, name, color, 1, 1)
        place = np.flatnonzero(density > 0.1 * density.max())[side]  # beside the bars
        figure.add_annotation(
            x=middle[place], y=density[place], text=name, font={"color": color}, showarrow=False, yshift=12,
            xanchor="left" if side else "right", row=1, col=1,
        )  # fmt: skip
    for place, (name, value) in enumerate(marks.items()):
        if value in near:
            figure.add_annotation(x=value, y=0, ay=-60 - 30 * place, ax=0, text=name, arrowcolor=GRAY, row=1, col=1)
        else:
            end = 0.0 if value < low else 1.0
            text = f"← {name}, {value:.0f}" if value < low else f"{name}, {value:.0f} →"
            figure.add_annotation(
                x=end, xref="x domain", y=0.94, yref="y domain", text=text.replace("-", "−"), font={"color": GRAY},
                showarrow=False, xanchor="right" if end else "left", row=1, col=1,
            )  # fmt: skip


def _scatter(figure: go.Figure, pairs: Sequence[Pair]) -> None:
    shown = {pairs[0].name: BLUE} | ({pairs[-1].name: VERMILLION} if len(pairs) > 1 else {})
    ends = np.array([min(p.first.min() for p in pairs), max(p.first.max() for p in pairs)])
    for pair in sorted((p for p in pairs if p.name in shown), key=lambda p: p.images):
        color = shown[pair.name]
        marker = {"color": translucent(color, 0.5), "size": 4}
        figure.add_scattergl(x=pair.first, y=pair.second, mode="markers", marker=marker, row=2, col=1)
    _line(figure, ends, ends, "equal", GRAY, 2, 1)
    for place, (name, color) in enumerate(shown.items()):
        images = next(p.images for p in pairs if p.name == name)
        figure.add_annotation(
            x=0.04, xref="x domain", y=0.96 - 0.07 * place, yref="y domain", text=f"{images:,} pictures each",
            font={"color": color}, showarrow=False, xanchor="left", row=2, col=1,
        )  # fmt: skip


def _differences(figure: go.Figure, pairs: Sequence[Pair]) -> None:
    ours = ([p.images for p in pairs], [p.difference for p in pairs])
    paper = (list(_PAPER_DIFFERENCES), list(_PAPER_DIFFERENCES.values()))
    for (x, y), name, color in ((ours, "here", BLUE), (paper, "paper (color)", GREEN)):
        figure.add_scatter(
            x=x, y=y, mode="lines+markers", line={"color": color}, marker={"size": 9, "color": color}, row=2, col=2
        )
        figure.add_annotation(
            x=np.log10(x[0]), y=np.log10(y[0]), text=name, font={"color": color}, showarrow=False, yshift=16,
            row=2, col=2,
        )  # fmt: skip
    figure.update_xaxes(type="log", dtick=1, row=2, col=2)
    figure.update_yaxes(type="log", tickvals=[0.1, 0.2, 0.5, 1, 2, 5, 10], row=2, col=2)


def _line(
    figure: go.Figure, x: Sequence[float] | np.ndarray, y: np.ndarray, name: str, color: str, row: int, column: int
) -> None:
    figure.add_scatter(x=x, y=y, mode="lines", name=name, line={"color": color, "width": 2}, row=row, col=column)


def save(figure: go.Figure, path: Path) -> None:
    """Write a figure as PNG, drawn by the system's browser."""
    with tempfile.TemporaryDirectory() as folder, browser() as chromium:
        page_file = Path(folder) / "figure.html"
        figure.write_html(page_file, include_plotlyjs=True, config={"staticPlot": True})
        page = chromium.new_page(viewport={"width": _WIDTH + 16, "height": _HEIGHT + 16})
        page.goto(page_file.as_uri())
        page.wait_for_selector(".js-plotly-plot .main-svg")
        page.wait_for_timeout(1000)  # WebGL
        page.locator(".js-plotly-plot").screenshot(path=path)
