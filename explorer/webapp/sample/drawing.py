"""Images on their way from noise: drawn level by level, watched, stopped, gone on with.

The states of a sampler are computed one by one as they are asked for, so a drawing that is interrupted, by a click on
Stop or anywhere else, goes on where it was when the page runs again.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer.errors import ExplorerError
from explorer.escaping import in_markdown
from explorer.figures.film import contact_sheet, enlarged
from explorer.jobs.progress import duration
from explorer.measures.sampling.plan import Plan, follow, plan
from explorer.measures.sampling.state import State
from explorer.models.checkpoints import Checkpoint
from explorer.units import format_number, psnr_from_noise_variance
from explorer.webapp.sample.settings import Settings
from explorer.webapp.shell.loaders import infer

__all__ = ["Drawing", "current_drawing", "noise_level"]

_DRAWING, _WISH = "sample-drawing", "sample-wish"
_REFRESH = 0.25  # seconds between pictures of what forms
_SIDE = 560  # of the picture, in pixels, about


@dataclass
class Drawing:
    """Images on their way.

    Attributes:
        fingerprint: of the checkpoint that draws them.
        settings: what was asked for.
        way: the noise variances that are visited.
        states: those that are still to come.
        denoised, noisy: 8-bit images at each level so far, ``(n, C, H, W)``.
        energies: ``U(y, t)`` there in nats, ``(n,)``.
        acceptance: share of the moves accepted there; empty for samplers that accept all.
        values: the noisy images at the last level, as the model reads them; one entry, none before the first level.
        seconds: that it took so far.
        stopped: whether somebody stopped it.
        problem: why it cannot go on; empty when it can.
    """

    fingerprint: str
    settings: Settings
    way: Plan
    states: Iterator[State]
    denoised: list[np.ndarray] = field(default_factory=list)
    noisy: list[np.ndarray] = field(default_factory=list)
    energies: list[np.ndarray] = field(default_factory=list)
    acceptance: list[float] = field(default_factory=list)
    values: list[np.ndarray] = field(default_factory=list)
    seconds: float = 0.0
    stopped: bool = False
    problem: str = ""

    @property
    def finished(self) -> bool:
        """Whether the last noise level is reached."""
        return len(self.energies) == len(self.way.ts)

    @property
    def under_way(self) -> bool:
        """Whether there is more to do, and nobody stopped it."""
        return not (self.finished or self.stopped or self.problem)

    @property
    def psnr(self) -> np.ndarray:
        """All noise levels of the way, in dB, increasing."""
        return np.asarray(psnr_from_noise_variance(np.array(self.way.ts)))

    @property
    def log_prob(self) -> np.ndarray:
        """``log p(y, t)`` of the images at the last level so far, in nats, shape ``(n,)``."""
        return -self.energies[-1]

    @property
    def content(self) -> tuple[object, ...]:
        """What its images follow from."""
        return self.fingerprint, self.settings, len(self.energies)

    def take(self, state: State, checkpoint: Checkpoint) -> None:
        """Keep what a state shows."""
        to_pixels = checkpoint.values.to_pixels
        self.denoised.append(to_pixels(state.denoised.cpu()).numpy())
        self.noisy.append(to_pixels(state.y.cpu()).numpy())
        self.energies.append(state.energy.cpu().double().numpy())
        self.values = [state.y.cpu().numpy()]
        if state.acceptance is not None:
            self.acceptance.append(state.acceptance)


def current_drawing(checkpoint: Checkpoint, settings: Settings) -> Drawing:
    """Draw the buttons; begin, or go on with, what is under way, and show it; returns what is drawn.

    Raises:
        ExplorerError: the settings do not fit the model.
    """
    drawing = st.session_state.get(_DRAWING)
    wished = st.session_state.pop(_WISH, False)
    if wished or drawing is None or drawing.fingerprint != checkpoint.fingerprint:
        drawing = st.session_state[_DRAWING] = _begin(checkpoint, settings)
    row = st.container(horizontal=True, vertical_alignment="center")
    row.button("Draw", type="primary", icon=":material/casino:", on_click=_wish)
    place, about = row.empty(), row.container(width="stretch")
    if drawing.under_way:
        place.button("Stop", icon=":material/stop:", on_click=_set_stopped, args=(drawing, True))
        _go_on(drawing, checkpoint)
        place.empty()
    if drawing.stopped and not drawing.finished:
        place.button("Go on", icon=":material/play_arrow:", on_click=_set_stopped, args=(drawing, False))
    about.caption(_in_words(drawing, settings))
    if drawing.problem:
        st.error(in_markdown(drawing.problem), icon=":material/error:")
    return drawing


def _begin(checkpoint: Checkpoint, settings: Settings) -> Drawing:
    model = checkpoint.model
    way = infer(plan, model, settings.sampler, settings.steps, late=settings.late)
    return Drawing(checkpoint.fingerprint, settings, way, follow(model, way, settings.count, settings.seed))


def _go_on(drawing: Drawing, checkpoint: Checkpoint) -> None:
    bar, picture = st.empty(), st.empty()
    shown = 0.0
    while drawing.under_way:
        began = time.monotonic()
        try:
            drawing.take(infer(next, drawing.states), checkpoint)
        except ExplorerError as error:
            drawing.problem = str(error)
        drawing.seconds += time.monotonic() - began
        if time.monotonic() - shown > _REFRESH:
            shown = time.monotonic()
            _show(drawing, bar, picture)
    bar.empty()
    picture.empty()


def _show(drawing: Drawing, bar: DeltaGenerator, picture: DeltaGenerator) -> None:
    done, total = len(drawing.energies), len(drawing.way.ts)
    if done == 0:
        return
    left = drawing.seconds / done * (total - done)
    text = f"Noise level {noise_level(drawing.psnr[done - 1])}: {done} of {total}"
    bar.progress(done / total, text + (f", about {duration(left)} left" if left > 2 else ""))
    sheet = contact_sheet(drawing.denoised[-1])
    picture.image(enlarged(sheet, _SIDE), "What the model makes of the noisy images so far.")


def _in_words(drawing: Drawing, settings: Settings) -> str:
    if not drawing.energies:
        return "Nothing was drawn."
    number = drawing.settings.count
    words = [
        f"{number} image{'s' if number > 1 else ''}, {drawing.seconds:.1f} s, {drawing.way.gradients} gradients each"
    ]
    if drawing.way.saved:
        words.append(f"{drawing.way.saved} saved by the late start at {noise_level(drawing.psnr[0])}")
    if drawing.acceptance:
        words.append(f"{100 * np.mean(drawing.acceptance):.0f} % of the moves accepted")
    if not drawing.finished:
        words.append(f"stopped at {noise_level(drawing.psnr[len(drawing.energies) - 1])}")
    sentence = "; ".join(words) + "."
    return sentence if drawing.settings == settings else f"{sentence} Draw again for the new settings."


def noise_level(psnr: float) -> str:
    """``38.0 dB``."""
    return f"{format_number(psnr, '.1f')} dB"


def _wish() -> None:
    st.session_state[_WISH] = True


def _set_stopped(drawing: Drawing, stopped: bool) -> None:
    drawing.stopped = stopped
