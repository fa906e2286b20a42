"""New details for a coarse image of the photograph, or photographs from nothing."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from threading import Lock

import numpy as np
import streamlit as st
import torch

from explorer.errors import ExplorerError
from explorer.figures.film import contact_sheet, enlarged
from explorer.images import to_pil
from explorer.measures.image.scales import bits_by_scale
from explorer.measures.sampling.scales import Drawn, draw_photographs
from explorer.models.checkpoints import Checkpoint
from explorer.models.haar import halve
from explorer.units import LogProbUnit, code_length_bits, format_log_prob, unit_label
from explorer.webapp.shell.address import kept
from explorer.webapp.shell.setting_forms import one_of, whole_number
from explorer.webapp.shell.work import Report, Work, offered
from explorer.webapp.widgets.pixels import show_pixels

__all__ = ["Photographs", "offer_drawing"]

_NOTHING = "nothing"
_COUNT = 4
_STEPS = (10, 20, 40)
_COARSE = 8  # times smaller than the photograph, at first
_LARGEST_SEED = 2**31 - 1
_PREVIEW_SIDE = 512


@dataclass(frozen=True)
class Photographs:
    """Photographs on their way.

    Attributes:
        pixels: 8 bits, shape ``(n, C, S, S)``; they grow from scale to scale.
        values: at the end, in the model's values with noise of variance `t0`; None before.
        log_prob: at the end, in nats, shape ``(n,)``; None before.
    """

    pixels: np.ndarray
    values: np.ndarray | None = None
    log_prob: np.ndarray | None = None


def offer_drawing(density: Checkpoint, x: np.ndarray, log_prob: float, unit: LogProbUnit) -> Work[Photographs]:
    """Draw what is chosen, and the photographs that were drawn.

    Args:
        density: the model.
        x: the photograph in the model's values before dequantization, shape ``(C, S, S)``.
        log_prob: of the photograph, in nats.
        unit: of log p.
    """
    side, base = x.shape[1], density.multiscale.base.image_shape[1]
    st.markdown("#### Draw new details")
    st.caption(
        f"Four photographs of {side} × {side} pixels that agree in their coarse image, drawn scale by scale; or four "
        "drawn from nothing. Each is a sample of the model, with its own log p."
    )
    sides = [size for size in (side >> k for k in range(1, 12)) if size >= min(base, 16)]
    starts = [*map(str, sides), _NOTHING]
    first = str(side // _COARSE) if str(side // _COARSE) in starts else starts[0]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        start = st.selectbox(
            "From",
            starts,
            format_func=lambda each: each if each == _NOTHING else f"{each} × {each} pixels",
            key=kept("coarse", one_of(starts), first),
            width=170,
        )
        steps = st.selectbox(
            "Steps",
            _STEPS,
            key=kept("steps", one_of(_STEPS), _STEPS[1]),
            width=110,
            help="Noise levels at each scale. More take longer and come nearer to the density.",
        )
        seed = st.number_input(
            "Seed", 0, _LARGEST_SEED, step=1, key=kept("draw_seed", whole_number(0, _LARGEST_SEED), 0), width=130
        )
    coarse = None if start == _NOTHING else halve(torch.from_numpy(x)[None], (side // int(start)).bit_length() - 1)[0]
    states: Iterator[Drawn] | None = None
    turn = Lock()  # a run that was ended by a click finishes its step while the next one is under way

    def advance(_: Photographs | None, _report: Report) -> tuple[Photographs, float]:
        nonlocal states
        with turn:
            if states is None:
                states = draw_photographs(density.multiscale, side, _COUNT, coarse, steps=steps, seed=seed)
            try:
                return _next(states, density)  # not by `infer`: a step at 512 pixels takes seconds
            except ExplorerError:
                states = None  # to try again is to begin again
                raise

    content = (density.fingerprint, None if coarse is None else coarse.numpy().tobytes(), side, steps, seed)
    work = offered("drawing", content, "Draw", advance, _preview, icon=":material/casino:")
    if work.result is not None and not work.wanted:
        _show(work.result, coarse, density, log_prob, unit)
    return work


def _next(states: Iterator[Drawn], density: Checkpoint) -> tuple[Photographs, float]:
    """The next state, 8 bits; log p with the last."""
    state = next(states)
    pixels = density.values.to_pixels(state.images).numpy()
    if state.y is None:
        return Photographs(pixels), min(state.share, 0.999)
    levels = density.values.levels
    bits = np.sum([scale.bits for scale in bits_by_scale(density.multiscale, state.y, levels)], 0)
    free = code_length_bits(0.0, levels, state.y[0].numel())
    return Photographs(pixels, state.y.numpy(), (free - bits) * np.log(2)), 1.0


def _preview(found: Photographs) -> None:
    sheet = enlarged(contact_sheet(found.pixels), _PREVIEW_SIDE)
    st.image(sheet, f"As far as they are known, at {found.pixels.shape[-1]} × {found.pixels.shape[-1]} pixels.")


def _show(
    found: Photographs, coarse: torch.Tensor | None, density: Checkpoint, log_prob: float, unit: LogProbUnit
) -> None:
    d = density.multiscale.base.image_shape[0] * found.pixels.shape[-1] ** 2
    cells = st.grid(_COUNT + (coarse is not None), min_column_width=180)
    if coarse is not None:
        with cells.cell():
            show_pixels(density.values.to_pixels(coarse).numpy(), "The coarse image")
    for number, pixels in enumerate(found.pixels):
        note = ""
        if found.log_prob is not None:
            note = f"log p {format_log_prob(float(found.log_prob[number]), unit, d)} {unit_label(unit)}"
        with cells.cell():
            show_pixels(pixels, f"Drawn {number + 1}", note, alt=f"Photograph {number + 1} that the model drew. {note}")
    if found.log_prob is None:
        return
    mean = float(found.log_prob.mean())
    st.caption(
        f"Mean log p of the drawn: {format_log_prob(mean, unit, d)} {unit_label(unit)}; of the photograph itself: "
        f"{format_log_prob(log_prob, unit, d)} {unit_label(unit)}."
    )
    _downloads(found, density)


def _downloads(found: Photographs, density: Checkpoint) -> None:
    with st.container(horizontal=True):
        for label, build, suffix, mime, says in (
            ("PNG", _png, "png", "image/png", "The four photographs side by side."),
            ("NPZ", _npz, "npz", "application/octet-stream", "For NumPy: images (8 bits), values, log_prob (nats)."),
        ):
            st.download_button(
                label,
                partial(build, found),
                file_name=f"photographs-{density.name}.{suffix}",
                mime=mime,
                icon=":material/download:",
                on_click="ignore",
                help=says,
                key=f"download {suffix}",
            )


def _png(found: Photographs) -> bytes:
    file = io.BytesIO()
    to_pil(contact_sheet(found.pixels)).save(file, "PNG")
    return file.getvalue()


def _npz(found: Photographs) -> bytes:
    file = io.BytesIO()
    arrays = {"images": found.pixels, "values": found.values, "log_prob": found.log_prob}
    np.savez_compressed(file, allow_pickle=False, **{name: each for name, each in arrays.items() if each is not None})
    return file.getvalue()
