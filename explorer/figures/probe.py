"""Charts of one image: log p against each perturbation, and the image at every noise level."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from explorer.figures.live_chart import Axis, Band, Line, LiveChart, Marker
from explorer.figures.style import BLUE, GRAY, OLIVE, translucent
from explorer.measures.consistency.chart import NOISE_AXIS
from explorer.measures.image.curves import NoiseCurves, PerturbationCurve
from explorer.perturbations import RANGES
from explorer.units import LogProbUnit, convert_log_prob, format_gray_levels, format_number, unit_label, with_unit

__all__ = ["Quantiles", "dimensionality_chart", "log_prob_range", "noise_log_prob_chart", "perturbation_chart"]

PINNED = "pinned image"
"""What the legend calls the image that another one is compared with."""

_DEEPEST = 1.5
_MARGIN = 0.08


class Quantiles(Protocol):
    """Quantiles over a data set, one value a noise level: 10 %, median and 90 %."""

    @property
    def low(self) -> Sequence[float]: ...

    @property
    def median(self) -> Sequence[float]: ...

    @property
    def high(self) -> Sequence[float]: ...


def log_prob_range(
    curves: Sequence[PerturbationCurve], log_prob: float, unit: LogProbUnit, dimensions: int
) -> tuple[float, float]:
    """The range, in `unit`, that the curves share.

    It holds the current log p (nats) and all curves but those of one parameter that fall much deeper than all others
    (noise does) and would flatten them: `perturbation_chart` gives these a wider range. A curve that is alone is held
    whole. The ends are round numbers, so that the axes stand still while a slider moves.
    """
    now = [log_prob] if math.isfinite(log_prob) else []
    together: dict[str, list[float]] = {}
    for curve in curves:
        together.setdefault(curve.name, []).extend(curve.log_prob[np.isfinite(curve.log_prob)])
    extents = [(min(heights), max(heights)) for heights in together.values() if heights]
    if not extents and not now:
        return 0.0, 1.0
    high = max([top for _, top in extents] + now)
    lows = sorted([bottom for bottom, _ in extents] + now)
    others = min(lows[1:2] + now)
    lowest = lows[0] if len(curves) == 1 else max(lows[0], high - _DEEPEST * (high - others))
    low, high = _padded(lowest, high)
    low, high = convert_log_prob(np.array([low, high]), unit, dimensions).tolist()
    return _round_ends(low, high)


def perturbation_chart(
    curve: PerturbationCurve,
    value: float,
    log_prob: float,
    y_range: tuple[float, float],
    unit: LogProbUnit,
    dimensions: int,
    pinned: PerturbationCurve | None = None,
) -> LiveChart:
    """log p against one parameter of the perturbation, with a marker where the slider is.

    The plot is as wide as a slider of the same width, so that the marker stands below the slider's thumb.

    Args:
        curve: the numbers.
        value: of the parameter now.
        log_prob: of the image now, in nats.
        y_range: shared by the curves of all parameters, see `log_prob_range`; where this curve leaves it below, the
            range is wider, and its title says so.
        unit: of the y axis.
        dimensions: ``d``.
        pinned: the curve of another image, to compare with.
    """
    limits = RANGES[curve.name]
    x_title = limits.title[0].lower() + limits.title[1:]
    x = np.append(curve.values, value)
    order = np.argsort(x, kind="stable")
    y = convert_log_prob(np.append(curve.log_prob, log_prob), unit, dimensions)
    title = with_unit("log p", unit_label(unit))
    others = [] if pinned is None else [convert_log_prob(pinned.log_prob, unit, dimensions)]
    heights = np.concatenate([y, *others])
    lowest = min(heights[np.isfinite(heights)], default=y_range[0])
    if lowest < y_range[0]:
        y_range = _round_ends(lowest, y_range[1])
        title += ", wider range"

    def hover(words: str, positions: np.ndarray, heights: np.ndarray) -> tuple[str, ...]:
        return tuple(
            words.format(position=_number(position), height=f"log p {_number(height)} {unit_label(unit)}")
            for position, height in zip(positions, heights, strict=True)
        )

    lines = [Line(x[order], y[order], BLUE, hover=hover(f"{x_title} {{position}}\n{{height}}", x[order], y[order]))]
    if pinned is not None:
        words = hover(f"{PINNED}: {{height}}", pinned.values, others[0])
        lines.insert(0, Line(pinned.values, others[0], OLIVE, PINNED, words, dashed=True))
    return LiveChart(
        x=Axis(x_title, limits.low, limits.high),
        y=Axis(title, *y_range),
        lines=tuple(lines),
        marker=Marker(value, float(y[-1])),
        small=True,
    )


def dimensionality_chart(
    curves: NoiseCurves,
    psnr: float,
    dimensions: int,
    grid: Sequence[float] = (),
    band: Quantiles | None = None,
    pinned: NoiseCurves | None = None,
) -> LiveChart:
    """Local dimensionality of an image against noise level, over the data set's median and 10-90 % band.

    Args:
        curves: of the image.
        psnr: the chosen noise level in dB, marked.
        dimensions: ``d``.
        grid: noise levels of the band in dB.
        band: of the data set, in dimensions; None when it is not known.
        pinned: of another image, to compare with.
    """

    def words(value: float) -> str:
        return f"{value:,.0f} of {dimensions:,} dimensions ({100 * value / dimensions:.1f} %)"

    quantiles = [np.asarray(part, dtype=float) for part in _parts(band)]
    images = [(each.psnr, each.dimensionality) for each in (curves, pinned) if each is not None]
    _, high = _padded(0.0, _extent([*quantiles, *(values for _, values in images)])[1])
    y = Axis("local dimensionality", 0.0, high)
    return _noise_chart(images, grid, quantiles, y, Marker(psnr, curves.dimensionality_at(psnr)), words)


def noise_log_prob_chart(
    curves: NoiseCurves,
    psnr: float,
    unit: LogProbUnit,
    dimensions: int,
    grid: Sequence[float] = (),
    band: Quantiles | None = None,
    pinned: NoiseCurves | None = None,
) -> LiveChart:
    """Mean log p of the noisy image against noise level, over the data set's median and 10-90 % band.

    Args:
        curves: of the image.
        psnr: the chosen noise level in dB, marked.
        unit: of the y axis.
        dimensions: ``d``.
        grid: noise levels of the band in dB.
        band: of the data set, in nats; None when it is not known.
        pinned: of another image, to compare with.
    """

    def shown(nats: Sequence[float] | np.ndarray) -> np.ndarray:
        return convert_log_prob(np.asarray(nats, dtype=float), unit, dimensions)

    def words(value: float) -> str:
        return f"mean log p {_number(value)} {unit_label(unit)}"

    quantiles = [shown(part) for part in _parts(band)]
    images = [(each.psnr, shown(each.log_prob)) for each in (curves, pinned) if each is not None]
    extent = _extent([*quantiles, *(values for _, values in images)])
    y = Axis(with_unit("mean log p", unit_label(unit)), *_padded(*extent))
    marker = Marker(psnr, float(shown([curves.log_prob_at(psnr)])[0]))
    return _noise_chart(images, grid, quantiles, y, marker, words)


def _parts(band: Quantiles | None) -> list[Sequence[float]]:
    return [] if band is None else [band.low, band.median, band.high]


def _noise_chart(
    images: Sequence[tuple[np.ndarray, np.ndarray]],
    grid: Sequence[float],
    quantiles: Sequence[np.ndarray],
    y: Axis,
    marker: Marker,
    words: Callable[[float], str],
) -> LiveChart:
    """The curves of an image and, where there is one, of the pinned image over the quantiles of a data set.

    `images` are noise levels and values of both; `words` says a value.
    """

    def hover(name: str, levels: Sequence[float], values: np.ndarray) -> tuple[str, ...]:
        return tuple(
            f"{name}: {words(value)}\nat {format_number(level, '.3g')} dB, σ = {format_gray_levels(level)} gray levels"
            for level, value in zip(levels, values, strict=True)
        )

    band, lines = None, []
    if quantiles:
        low, median, high = quantiles
        levels = np.asarray(grid, dtype=float)
        band = Band(levels, low, high, translucent(GRAY, 0.22), "data set, 10–90 %")
        lines = [Line(levels, median, GRAY, "data set, median", hover("median", grid, median), dashed=True)]
    (psnr, image), *pinned = images
    for levels, values in pinned:
        lines.append(Line(levels, values, OLIVE, PINNED, hover(PINNED, levels.tolist(), values), dashed=True))
    lines.append(Line(psnr, image, BLUE, "this image", hover("this image", psnr.tolist(), image)))
    x = Axis(NOISE_AXIS.title, float(psnr.min()), float(psnr.max()))
    return LiveChart(x, y, tuple(lines), marker, band)


def _extent(curves: Sequence[np.ndarray]) -> tuple[float, float]:
    values = np.concatenate(curves)
    values = values[np.isfinite(values)]
    return (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)


def _round_ends(low: float, high: float) -> tuple[float, float]:
    """The range from `low` to `high`, made a little longer, to round numbers."""
    step = 10.0 ** math.floor(math.log10(high - low))
    step *= 0.2 if high - low < 2.5 * step else 0.5 if high - low < 5 * step else 1.0
    return math.floor(low / step) * step, math.ceil(high / step) * step


def _padded(low: float, high: float) -> tuple[float, float]:
    margin = _MARGIN * (high - low) or 1.0
    return low - margin, high + margin


def _number(value: float) -> str:
    """Whole numbers from a thousand on, else four digits."""
    return format_number(value, ",.0f" if abs(value) >= 1000 else ".4g")
