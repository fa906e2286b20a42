"""What to draw: sampler, steps, number of images, seed. The choice is in the URL."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from explorer.measures.sampling.start import gaussian_of
from explorer.models.base import EnergyModel
from explorer.webapp.shell.address import kept
from explorer.webapp.shell.setting_forms import one_of, switch, whole_number
from explorer.webapp.shell.terms import explained

__all__ = ["Settings", "choose_settings"]

_SAMPLERS = {
    "flow": "Probability flow",
    "ancestral": "Kadkhodaie–Simoncelli",
    "corrector": "Predictor-corrector",
    "mala": "MALA",
}
_EXPLAINED = """
What each does with the score at every noise level:

- **Probability flow**: follows the flow of the density by Heun's method; nothing random after the start.
  2 gradients a step.
- **Kadkhodaie–Simoncelli**: removes a part of the noise and adds a little fresh noise. 1 gradient a step.
- **Predictor-corrector**: a random move at each noise level, then a step down. 2 gradients a step.
- **MALA**: follows the flow, with a random move at each noise level that is accepted or refused by the ratio of
  probabilities, which takes an energy. 3 gradients a step.
"""
_COUNTS = (1, 4, 9, 16, 25, 36, 49, 64)
_LARGEST_SEED = 2**31 - 1
_STEPS = (15, 30, 60, 120, 240, 480)


@dataclass(frozen=True)
class Settings:
    """What to draw, as `explorer.measures.sampling.plan.plan` and `follow` take it."""

    sampler: str
    count: int
    steps: int
    late: bool
    seed: int


def choose_settings(model: EnergyModel) -> Settings:
    """Draw the boxes; returns what they say."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        sampler = st.selectbox(
            "Sampler",
            list(_SAMPLERS),
            format_func=_SAMPLERS.__getitem__,
            key=kept("sampler", one_of(list(_SAMPLERS)), next(iter(_SAMPLERS))),
            help=explained("Score", first=_EXPLAINED),
            width=230,
        )
        count = st.selectbox("Images", _COUNTS, key=kept("count", one_of(_COUNTS), 16), width=110)
        steps = st.selectbox(
            "Steps",
            _STEPS,
            key=kept("steps", one_of(_STEPS), 60),
            width=110,
            help="Noise levels on the way, evenly spaced in dB. More take longer and come nearer to the density.",
        )
        seed = st.number_input(
            "Seed", 0, _LARGEST_SEED, step=1, key=kept("draw_seed", whole_number(0, _LARGEST_SEED), 0), width=130
        )
        late = False
        if gaussian_of(model) is not None:
            late = st.toggle(
                "Start late",
                key=kept("late", switch(), False),
                help="At large noise the model is a Gaussian, which can be drawn at once. Start where it ceases to be "
                "one, and save the steps above.",
            )
    return Settings(sampler, count, steps, late, seed)
