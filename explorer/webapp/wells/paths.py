"""Samples on their way: of the stored images, which fall into wells, and of the model, which decide for a side."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import streamlit as st

from explorer.escaping import in_markdown
from explorer.figures.tools import ZOOM_TOOLS
from explorer.figures.wells import Mark, decided_figure, paths_figure
from explorer.measures.sampling.schedules import even_schedule
from explorer.measures.sampling.start import gaussian_of, late_start
from explorer.measures.wells.speciation import Paths, follow_paths
from explorer.models.checkpoints import Checkpoint
from explorer.units import format_number, psnr_from_noise_variance
from explorer.webapp.shell.terms import explained
from explorer.webapp.shell.work import Report, Work, offered
from explorer.webapp.wells.memories import Stored
from explorer.webapp.wells.splits import data_line

__all__ = ["model_paths", "stored_paths"]

_STEPS, _COUNT = 60, 40
_WHOLE_STEPS, _WHOLE_COUNT = 30, 16  # where many images are stored
_MODEL_STEPS, _MODEL_COUNT = 60, 64
_AT_ONCE = 256  # pixel values up to which the model's samples are drawn without a click
_LINE = "place on the line through images 1 and 2"


def stored_paths(stored: Stored, splits_at: float | None) -> None:
    """The probability flow of the exact density: each sample falls into one of the stored images."""
    paths = _exact_paths(stored)
    places = np.stack(paths.denoised)[:, :, 0]
    if stored.whole:
        groups, names = (places[-1] > 0).astype(int), ["side of 1", "side of 2"]
    else:
        assert paths.ends is not None
        weights = stored.memory.posterior(paths.ends.double(), paths.ts[-1])
        groups, names = weights.argmax(1).numpy(), [f"image {k}" for k in range(1, len(stored.chosen) + 1)]
    marks = [] if splits_at is None else [Mark(splits_at, "splits")]
    st.markdown("**Stored images: samples fall into wells.** Each line is a sample, denoised.")
    figure = paths_figure(paths.psnr.tolist(), places, groups, names, _LINE, marks)
    st.plotly_chart(figure, key="paths_exact", config=ZOOM_TOOLS, alt="Samples of the stored images by noise level")
    st.caption(
        f"{places.shape[1]} samples of the probability flow, {len(paths.ts) - 1} steps. Where they begin decides in "
        "which image they end; lines part where the density splits."
    )


@dataclass
class _Drawn:
    """Samples of a model, on their way.

    Attributes:
        states: what goes on with them.
        late: noise variance at which the model ceases to be a Gaussian; None where it has none.
        paths: so far; None at the beginning.
    """

    states: Iterator[Paths]
    late: float | None
    paths: Paths | None = None


def model_paths(stored: Stored, checkpoint: Checkpoint) -> Work[_Drawn]:
    """The reverse diffusion of the model, on the line along which the data vary most.

    Raises:
        ExplorerError: the data have no such line.
    """
    model, line = checkpoint.model, data_line(stored.images, checkpoint.values)
    ts = even_schedule(model.t_max, max(model.t_low, 1e-4 * line.unit**2), _MODEL_STEPS)

    def advance(found: _Drawn | None, report: Report) -> tuple[_Drawn, float]:  # noqa: ARG001
        if found is None:
            late = None if gaussian_of(model) is None else late_start(model, model.t_max, model.t_low)
            found = _Drawn(follow_paths(model, line, ts, _MODEL_COUNT), late)
        found.paths = next(found.states)
        return found, len(found.paths.ts) / len(ts)

    st.markdown(
        f"**{in_markdown(checkpoint.name)}: when do samples decide?** Their side along the direction in which "
        "the data vary most.",
        help=explained("Speciation noise", "Late start"),
    )
    work = offered(
        "paths",
        (checkpoint.fingerprint, stored.images.fingerprint),
        "Draw samples",
        advance,
        at_once=model.dimensions <= _AT_ONCE,
    )
    if work.finished and work.result is not None and work.result.paths is not None:
        _show(work.result.paths, work.result.late, line.unit**2)
    return work


def _show(paths: Paths, late: float | None, largest: float) -> None:
    predicted = float(psnr_from_noise_variance(largest))
    marks = [Mark(predicted, "predicted")]
    words = [f"Predicted by the covariance: {_db(predicted)}"]
    if paths.decision_noise is not None:
        decided = float(psnr_from_noise_variance(paths.decision_noise))
        error = paths.decision_error
        beside = "" if error is None else f" ± {_db(error)}"
        words.append(f"the samples pass 75 % at {_db(decided)}{beside}")
        marks.append(Mark(decided, "half way"))
    if late is not None:
        words.append(
            f"a Gaussian is enough at more noise than {_db(float(psnr_from_noise_variance(late)))} (late start)"
        )
        marks.append(Mark(float(psnr_from_noise_variance(late)), "late start"))
    gaussian = 0.5 + np.arcsin(np.sqrt(largest / (largest + np.array(paths.ts)))) / math.pi
    figure = decided_figure(paths.psnr.tolist(), paths.decided, gaussian, marks)
    st.plotly_chart(figure, key="decided", config=ZOOM_TOOLS, alt="Share of samples whose side is decided")
    count = paths.denoised[0].shape[0]
    st.caption(f"{'; '.join(words)}. {count} samples of the reverse diffusion, {len(paths.ts) - 1} steps.")


def _db(psnr: float) -> str:
    return f"{format_number(psnr, '.1f')} dB"


@st.cache_data(
    show_spinner="Drawing samples of the stored images…",
    max_entries=16,
    hash_funcs={Stored: lambda stored: stored.content},
)
def _exact_paths(stored: Stored) -> Paths:
    square = stored.section.unit**2
    steps, count = (_WHOLE_STEPS, _WHOLE_COUNT) if stored.whole else (_STEPS, _COUNT)
    ts = even_schedule(20 * square, 1e-3 * square, steps)
    *_, last = follow_paths(stored.memory, stored.section, ts, count, "flow")
    return last
