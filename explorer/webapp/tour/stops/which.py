"""Which of two images is more probable?"""

from __future__ import annotations

import numpy as np

from explorer.units import format_power_of_ten, unit_label
from explorer.webapp.tour.pictures import picture_row
from explorer.webapp.tour.scene import Scene
from explorer.webapp.tour.stop import Answer, Stop

__all__ = ["Which", "roughness"]

_QUANTILES = (0.2, 0.85)
_SIDES = ("left", "right")


class Which(Stop):
    """Two images of the data set."""

    title = "Which is more probable?"

    def question(self, _scene: Scene) -> str:
        return "Two images that the model was not trained on. Which is more probable?"

    def note(self, scene: Scene) -> str:
        name, trained_on = scene.selection.dataset_name, scene.selection.checkpoint.config.dataset
        if scene.selection.split != "all":
            return f"They are from {name}, {scene.crowd}."
        divided = (
            f" The parts of {name} that the sidebar counts are for models that are trained on it."
            if scene.images.division is not None
            else ""
        )
        return f"They are from {name}, {scene.crowd}; the model was trained on {trained_on}.{divided}"

    def options(self, _scene: Scene) -> tuple[str, ...]:
        return "The left one", "The right one"

    def show(self, scene: Scene) -> None:
        titles = ("Left", "Right")
        picture_row([(scene.pixels(i), title) for i, title in zip(self._images(scene), titles, strict=True)])

    def answer(self, scene: Scene) -> Answer:
        images = self._images(scene)
        left, right = (scene.log_prob(index) for index in images)
        choice = int(right > left)
        sentence = (
            f"log p is {scene.number(left)} on the left and {scene.number(right)} {unit_label(scene.unit)} on the "
            f"right: the one on the {_SIDES[choice]} is {format_power_of_ten(abs(right - left))} times as probable."
        )
        link = scene.in_probe("Look at it in Probe", images[choice])
        return Answer(choice, sentence, self._why(scene, choice, abs(right - left)), (link,))

    def _why(self, scene: Scene, choice: int, nats: float) -> str:
        probable, other = (roughness(scene.pixels(self._images(scene)[side])) for side in (choice, 1 - choice))
        steps = f"its neighboring pixels differ by {probable:.1f} gray levels on average, those of the other by "
        steps += f"{other:.1f}"
        reason = (
            f"The more probable one is smoother ({steps}): it has fewer details that must come out right. Each of them "
            f"divides the probability by some factor, and the factors of {scene.dimensions:,} values multiply."
            if probable < other
            else f"The more probable one is not the smoother one ({steps}): it is more like what the model learned."
        )
        return (
            "log p is the logarithm of a density: how much probability lies near this very image. "
            f"{scene.powers_of_ten(nats)}. {reason}"
        )

    @staticmethod
    def _images(scene: Scene) -> tuple[int, int]:
        low, high = (scene.image_at(quantile) for quantile in _QUANTILES)
        return (low, high) if low % 2 else (high, low)  # neither side is always right


def roughness(pixels: np.ndarray) -> float:
    """Mean absolute difference of neighboring pixels, uint8 ``(C, H, W)``, in gray levels."""
    values = pixels.astype(float)
    return float(np.mean([np.abs(np.diff(values, axis=axis)).mean() for axis in (1, 2)]))
