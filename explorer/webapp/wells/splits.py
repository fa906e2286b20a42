"""The noise at which one well becomes two: of the stored images, as their covariance predicts, and of the model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st
import torch

from explorer.data.store import Store
from explorer.errors import ExplorerError
from explorer.escaping import in_markdown
from explorer.images import Values
from explorer.measures.wells.landscape import Section
from explorer.measures.wells.speciation import principal_line
from explorer.measures.wells.splitting import Splitting, splitting_noise
from explorer.models.checkpoints import Checkpoint
from explorer.units import format_number, psnr_from_noise_variance
from explorer.webapp.shell.terms import explained
from explorer.webapp.shell.work import Report, Work, offered
from explorer.webapp.wells.memories import Stored

__all__ = ["data_line", "exact_splitting", "show_splits"]

_MOST = 2000  # images of the data whose covariance is taken
_TOLERANCE = 1e-6
_MODEL_LEVELS = 51
_LOWEST = 30.0  # dB: where the search in a model ends


@st.cache_data(show_spinner=False, max_entries=32, hash_funcs={Stored: lambda stored: stored.content})
def exact_splitting(stored: Stored) -> Splitting | None:
    """Of the stored images; None where they are many, or the point cannot be followed."""
    if stored.whole:
        return None
    square = stored.section.unit**2
    x = stored.all_x
    spread = float((x - x.mean(0)).square().sum() / len(x))
    t_high, t_low = 4 * max(square, spread), 0.02 * square
    try:
        return splitting_noise(stored.memory, x.mean(0, keepdim=True), t_high, t_low, levels=30, tolerance=_TOLERANCE)
    except ExplorerError:
        return None


@st.cache_data(
    show_spinner="Measuring the covariance of the data…",
    max_entries=8,
    hash_funcs={Store: lambda images: images.fingerprint},
)
def data_line(images: Store, values: Values) -> Section:
    """The line along which the data vary most.

    Raises:
        ExplorerError: there are fewer than two images, or all are the same.
    """
    count = min(_MOST, len(images))
    pixels = images.pixels[np.arange(count) * len(images) // count]
    return principal_line(values.centers(torch.from_numpy(np.array(pixels))))


@dataclass(frozen=True)
class _Row:
    what: str
    psnr: float | None
    meaning: str


def show_splits(stored: Stored, checkpoint: Checkpoint, exact: Splitting | None) -> Work[Splitting]:
    """Draw a table of noise levels, and the button that finds that of the model."""
    model = checkpoint.model
    st.markdown("#### The noise at which it splits", help=explained("Splitting noise", "Speciation noise"))

    def advance(found: Splitting | None, report: Report) -> tuple[Splitting, float]:  # noqa: ARG001
        gray = torch.full((1, *model.image_shape), 0.5, device=model.device)
        low = max(model.t_low, 10 ** (-_LOWEST / 10))
        return (
            splitting_noise(
                model,
                model.denoise(gray, model.t_max),
                model.t_max,
                low,
                levels=_MODEL_LEVELS,
                progress=lambda done, total: report(done / (total or 1)),
            ),
            1.0,
        )

    rows = [_of_stored(stored, exact), _of_two(stored), _of_data(stored, checkpoint)]
    place = st.empty()
    work = offered("splitting", checkpoint.fingerprint, f"Find it for {in_markdown(checkpoint.name)}", advance)
    if work.result is not None:
        rows.append(_of_model(checkpoint.name, work.result))
    cells = [
        {
            "Noise": "–" if row.psnr is None else f"{format_number(row.psnr, '.2f')} dB",
            "Of": f"**{row.what}**",
            "How it is found": row.meaning,
        }
        for row in rows
    ]
    place.table({column: [row[column] for row in cells] for column in cells[0]}, border="horizontal", hide_index=True)
    return work


def _of_stored(stored: Stored, exact: Splitting | None) -> _Row:
    what = f"{len(stored.numbers):,} stored images"
    if exact is None:
        why = "It is found for a few images, not for many." if stored.whole else "The central point cannot be followed."
        return _Row(what, None, why)
    if exact.t is None:
        return _Row(
            what,
            None,
            "The central point never loses its stability: without a symmetry it slides into one well, and others "
            f"appear beside it. Largest eigenvalue on the way: {format_number(max(exact.largest), '.3f')}.",
        )
    return _Row(what, exact.psnr, "The largest eigenvalue of the denoiser's Jacobian at the central point crosses 1.")


def _of_two(stored: Stored) -> _Row:
    return _Row("images 1 and 2 alone", stored.splitting_psnr, "t = h², half their distance squared: exact.")


def _of_data(stored: Stored, checkpoint: Checkpoint) -> _Row:
    line = data_line(stored.images, checkpoint.values)
    return _Row(
        in_markdown(f"{stored.images.name}, by covariance"),
        float(psnr_from_noise_variance(line.unit**2)),
        "Speciation noise: the largest eigenvalue of the data's covariance.",
    )


def _of_model(name: str, found: Splitting) -> _Row:
    largest = format_number(max(found.largest), ".3f")
    if found.t is None:
        low, high = (format_number(float(psnr_from_noise_variance(t)), ".0f") for t in (found.ts[0], found.ts[-1]))
        meaning = f"It does not split between {low} and {high} dB: the largest eigenvalue stays at {largest} or below."
        return _Row(in_markdown(name), None, meaning)
    return _Row(in_markdown(name), found.psnr, "As for the stored images, at the central point of the model.")
