"""Which of two images is more probable?"""

from __future__ import annotations

import streamlit as st

from explorer.units import format_power_of_ten
from explorer.webapp.tour.stop import Answer, Scene, Stop
from explorer.webapp.widgets.pixels import show_pixels

__all__ = ["Which"]

_QUANTILES = (0.2, 0.85)


class Which(Stop):
    """Two images of the data set."""

    title = "Which is more probable?"
    why = (
        "log p is the logarithm of a density: how much probability lies near this very image. A smooth image has few "
        "details that must come out right, each detail divides the probability by some factor, and thousands of such "
        "factors make a ratio that no daily event has."
    )

    def question(self, scene: Scene) -> str:
        return f"Two images that the model has not seen, of {scene.selection.dataset_name}. Which is more probable?"

    def options(self, _scene: Scene) -> tuple[str, ...]:
        return "The left one", "The right one"

    def show(self, scene: Scene) -> None:
        left, right, _ = st.columns([1, 1, 1])
        for column, index, title in zip((left, right), self._images(scene), ("Left", "Right"), strict=True):
            with column:
                show_pixels(scene.pixels(index), title)

    def answer(self, scene: Scene) -> Answer:
        left, right = self._images(scene)
        of_left, of_right = scene.log_prob(left), scene.log_prob(right)
        choice = int(of_right > of_left)
        sentence = (
            f"log p is {scene.text(of_left)} on the left and {scene.text(of_right)} on the right: the one on the "
            f"{('left', 'right')[choice]} is {format_power_of_ten(abs(of_right - of_left))} times as probable."
        )
        best = (left, right)[choice]
        return Answer(choice, sentence, scene.in_probe("Look at it in Probe", best))

    @staticmethod
    def _images(scene: Scene) -> tuple[int, int]:
        low, high = (scene.image_at(quantile) for quantile in _QUANTILES)
        return (low, high) if low % 2 else (high, low)  # neither side is always right
