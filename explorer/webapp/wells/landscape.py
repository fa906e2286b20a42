"""The energy of stored images on the line through two and on the plane through three, beside that of the model."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import streamlit as st

from explorer.escaping import in_markdown
from explorer.figures.tools import ZOOM_TOOLS
from explorer.figures.wells import Mark, line_figure, plane_figure, wells_figure
from explorer.measures.wells.landscape import Section, energies_on, minima, reduced
from explorer.models.base import EnergyModel
from explorer.models.checkpoints import Checkpoint
from explorer.units import format_number, noise_variance_from_psnr, psnr_from_noise_variance
from explorer.webapp.shell.address import kept
from explorer.webapp.shell.noise_slider import level_slider
from explorer.webapp.shell.setting_forms import number
from explorer.webapp.shell.terms import explained
from explorer.webapp.shell.work import Report, Work, offered
from explorer.webapp.wells.memories import Stored

__all__ = ["choose_level", "line_panel", "plane_panel"]

_STEP = 2  # dB between noise levels
_ABOVE, _BELOW = 10, 40  # dB of noise above and below that at which two images split
_END = 1.8  # of the line
_POINTS, _MODEL_POINTS = 181, 61
_SIDE, _MODEL_SIDE = 41, 21  # of the grid of the plane
_SHOWN = 4  # every so many levels is a curve
_SHARP, _MODEL_SHARP = 1e-6, 0.05  # nats: lower barriers are rounding
_AT_ONCE = 1024  # pixel values up to which the model's part begins without a click

Line = dict[int, np.ndarray]
"""Noise level in dB -> energies on the line."""


def choose_level(stored: Stored) -> int:
    """Draw the slider of the noise level, in dB."""
    levels = _levels(stored)

    def nearest(psnr: float) -> float:
        return float(min(levels, key=lambda level: abs(level - psnr)))

    ends = float(levels[0]), float(levels[-1])
    key = kept("psnr", number(*ends), nearest(stored.splitting_psnr + 2 * _STEP))
    st.session_state[key] = nearest(st.session_state[key])
    return int(level_slider("Noise level", *ends, key, explained("PSNR"), step=float(_STEP)))


def line_panel(stored: Stored, checkpoint: Checkpoint, at: int, splits_at: float | None) -> Work[Line]:
    """The line: curves by noise level of both densities, and where their wells lie.

    Args:
        stored: the stored images.
        checkpoint: the model.
        at: the chosen noise level, in dB.
        splits_at: where the stored images split, in dB; None where they do not.
    """
    model, unit = checkpoint.model, stored.section.unit
    exact = _exact_line(stored)
    levels = [level for level in _levels(stored) if _knows(model, level)]
    z = _places(_MODEL_POINTS)

    def advance(found: Line | None, report: Report) -> tuple[Line, float]:  # noqa: ARG001
        before = found or {}
        if not levels:
            return before, 1.0
        level = levels[len(before)]
        t = noise_variance_from_psnr(level)
        after = before | {level: energies_on(model, _single(stored.section), z[:, None], t)}
        return after, len(after) / len(levels)

    st.markdown(
        "#### The line through images 1 and 2",
        help=explained("Energy", "Memory", first="h is half the distance of the two images."),
    )
    st.caption(
        "At large noise there is one well, in the middle. At less there are two: each stored image is remembered. "
        "A density that has learned what images are like need not have them."
    )
    cells = st.grid(3, min_column_width=320, gap="medium")
    places = [cells.cell() for _ in range(3)]
    with places[1]:
        st.markdown(f"**{in_markdown(checkpoint.name)}**")
        work = offered(
            "line",
            (checkpoint.fingerprint, stored.content),
            "Compute the model's",
            advance,
            at_once=model.dimensions <= _AT_ONCE,
        )
        if work.result:
            _curves(z, work.result, at, unit, "line_model")
        if not levels:
            _tell_range(model)
    with places[0]:
        st.markdown("**Stored images, exact**")
        _curves(_places(_points(stored)), exact, at, unit, "line_exact")
    with places[2]:
        st.markdown("**Where the wells are**")
        found = {"stored images": _wells(_places(_points(stored)), exact, _SHARP)}
        if work.result:
            found[checkpoint.name] = _wells(z, work.result, _MODEL_SHARP)
        marks = [] if splits_at is None else [Mark(splits_at, "splits")]
        st.plotly_chart(
            wells_figure(found, marks), key="wells_chart", config=ZOOM_TOOLS, alt="Places of the wells by noise level"
        )
        parted = ", ".join(_parted(*each) for each in found.items())
        st.caption(f"As the noise falls, the line has more than one well: {parted}.")
    return work


def plane_panel(stored: Stored, checkpoint: Checkpoint, at: int) -> Work[np.ndarray] | None:
    """The plane through the first three images, as surfaces at one noise level; None where there are fewer.

    Raises:
        ExplorerError: the three are on one line.
    """
    st.markdown("#### The plane through images 1, 2 and 3")
    if len(stored.chosen) < 3:
        st.caption("Store a third image to see the plane.")
        return None
    section, model = Section.through(stored.x[:3]), checkpoint.model
    t = float(noise_variance_from_psnr(at))
    cells = st.grid(2, min_column_width=400, gap="medium")
    left, right = cells.cell(), cells.cell()
    with left:
        st.markdown(f"**Stored images, exact, at {_db(at)}**")
        x, y, coordinates = _grid(section, _SIDE)
        _surface(section, x, y, _exact_plane(stored, at, coordinates), t, "plane_exact")
    with right:
        st.markdown(f"**{in_markdown(checkpoint.name)}, at {_db(at)}**")
        if not _knows(model, at):
            _tell_range(model)
            return None
        x, y, coordinates = _grid(section, _MODEL_SIDE)
        rows = np.split(coordinates, _MODEL_SIDE)

        def advance(found: np.ndarray | None, report: Report) -> tuple[np.ndarray, float]:  # noqa: ARG001
            before = np.empty(0) if found is None else found
            row = len(before) // _MODEL_SIDE
            after = np.concatenate((before, energies_on(model, _single(section), rows[row], t)))
            return after, len(after) / len(coordinates)

        work = offered(
            "plane",
            (checkpoint.fingerprint, stored.content, at),
            "Compute the model's",
            advance,
            at_once=model.dimensions <= _AT_ONCE,
        )
        if work.finished and work.result is not None:
            _surface(section, x, y, work.result, t, "plane_model")
    return work


def _knows(model: EnergyModel, psnr: int) -> bool:
    return model.t_low * 0.999 <= noise_variance_from_psnr(psnr) <= model.t_max


def _tell_range(model: EnergyModel) -> None:
    low, high = (float(psnr_from_noise_variance(each)) for each in (model.t_max, model.t_low))
    st.caption(f"The model knows noise from {format_number(math.ceil(low), 'd')} to {_db(math.floor(high))}.")


def _levels(stored: Stored) -> list[int]:
    middle = _STEP * round(stored.splitting_psnr / _STEP)
    return list(range(middle - _ABOVE, middle + _BELOW + 1, _STEP))


def _points(stored: Stored) -> int:
    return _MODEL_POINTS if stored.whole else _POINTS


def _places(count: int) -> np.ndarray:
    return np.linspace(-_END, _END, count)


def _single(section: Section) -> Section:
    """In float32, as networks are."""
    return Section(section.origin.float(), section.axes.float(), section.unit, section.places)


_cached = st.cache_data(
    show_spinner="Computing the energy of the stored images…",
    max_entries=32,
    hash_funcs={Stored: lambda stored: stored.content},
)


@_cached
def _exact_line(stored: Stored) -> Line:
    z = _places(_points(stored))[:, None]
    return {
        level: energies_on(stored.memory, stored.section, z, float(noise_variance_from_psnr(level)))
        for level in _levels(stored)
    }


@_cached
def _exact_plane(stored: Stored, at: int, coordinates: np.ndarray) -> np.ndarray:
    section = Section.through(stored.x[:3])
    return energies_on(stored.memory, section, coordinates, float(noise_variance_from_psnr(at)))


def _curves(z: np.ndarray, line: Line, at: int, unit: float, key: str) -> None:
    def shown(level: int) -> np.ndarray:
        return reduced(line[level], float(noise_variance_from_psnr(level)), unit)

    curves = {float(level): shown(level) for level in sorted(line)[::_SHOWN] if level != at}
    chosen = (float(at), shown(at)) if at in line else None
    figure = line_figure(z, curves, chosen, ("1", "2"))
    st.plotly_chart(figure, key=key, config=ZOOM_TOOLS, alt="Energy on the line by noise level")


def _wells(z: np.ndarray, line: Line, depth: float) -> tuple[Sequence[float], Sequence[np.ndarray]]:
    levels = sorted(line)
    return levels, [minima(z, line[level], depth) for level in levels]


def _parted(name: str, wells: tuple[Sequence[float], Sequence[np.ndarray]]) -> str:
    """The largest noise at which a density has more than one well, in words."""
    levels, places = wells
    first = next((level for level, here in zip(levels, places, strict=True) if len(here) > 1), None)
    words = f"not even at {_db(levels[-1])}" if first is None else f"from {_db(first)} on"
    return f"{in_markdown(name)} {words}"


def _db(psnr: float) -> str:
    return f"{format_number(psnr, '.0f')} dB"


def _grid(section: Section, side: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Around the three images, with a margin: the two axes, and all points, row by row."""
    low, high = section.places.min(0) - 0.8, section.places.max(0) + 0.8
    x, y = (np.linspace(low[axis], high[axis], side) for axis in (0, 1))
    columns, rows = np.meshgrid(x, y)
    return x, y, np.column_stack((columns.ravel(), rows.ravel()))


def _surface(section: Section, x: np.ndarray, y: np.ndarray, energies: np.ndarray, t: float, key: str) -> None:
    values = reduced(energies, t, section.unit).reshape(len(y), len(x))
    figure = plane_figure(x, y, values, section.places, ("1", "2", "3"))
    st.plotly_chart(figure, key=key, config=ZOOM_TOOLS, alt="Energy on the plane through three images")
