"""What a change of one parameter does to log p: contrast, brightness."""

from __future__ import annotations

import dataclasses
import math
from abc import abstractmethod
from typing import ClassVar

import numpy as np

from explorer.figures.live_chart import Line
from explorer.figures.probe import log_prob_range, perturbation_chart
from explorer.figures.style import GRAY
from explorer.measures.image.curves import PerturbationCurve
from explorer.measures.image.probe import Probed
from explorer.perturbations import RANGES, Perturbation
from explorer.units import format_percent, format_power_of_ten, raised
from explorer.webapp.tour import asking
from explorer.webapp.tour.pictures import picture_row
from explorer.webapp.tour.scene import Scene
from explorer.webapp.tour.stop import Answer, Stop
from explorer.webapp.widgets.live_chart import live_chart

__all__ = ["Brightness", "Contrast"]

_MORE, _LESS, _SAME = range(3)


class _OneChange(Stop):
    """One parameter of one image is changed."""

    parameter: ClassVar[str]
    value: ClassVar[float]
    paper: ClassVar[int]
    in_words: ClassVar[str]

    def note(self, scene: Scene) -> str:
        return (
            "It hardly matters when log p changes by less than a tenth of its standard deviation over these "
            f"{len(scene.images):,} images, {scene.text(scene.little)}."
        )

    def options(self, _scene: Scene) -> tuple[str, ...]:
        return "More probable", "Less probable", "It hardly matters"

    def show(self, scene: Scene) -> None:
        probed = self._probed(scene)
        picture_row([(probed.pixels, "Before"), (probed.perturbed_pixels, "After")])

    def answer(self, scene: Scene) -> Answer:
        probed = self._probed(scene)
        curve = asking.curve(scene.selection.checkpoint, probed.pixels, self.parameter)
        self._draw(scene, probed, curve)
        nats = probed.log_prob - probed.original_log_prob
        choice = _SAME if abs(nats) < scene.little else _MORE if nats > 0 else _LESS
        link = scene.in_probe("Try other values in Probe", self._image(scene), **{self.parameter: self.value})
        sentence = f"{self.in_words} changes log p by {scene.change(nats)}."
        return Answer(choice, sentence, self._why(scene, probed, curve, choice), (link,), self.paper)

    @abstractmethod
    def _why(self, scene: Scene, probed: Probed, curve: PerturbationCurve, choice: int) -> str:
        """What explains the answer."""

    def _draw(self, scene: Scene, probed: Probed, curve: PerturbationCurve) -> None:
        y_range = log_prob_range([curve], probed.log_prob, scene.unit, scene.dimensions)
        chart = perturbation_chart(curve, self.value, probed.log_prob, y_range, scene.unit, scene.dimensions)
        neutral = float(getattr(Perturbation(), self.parameter))
        before = Line(np.array([neutral, neutral]), np.array(y_range), GRAY, "before (the dot is after)", dashed=True)
        chart = dataclasses.replace(chart, lines=(before, *chart.lines), small=False)
        live_chart(chart, f"tour_{self.parameter}", f"log p against {self.parameter}")

    def _probed(self, scene: Scene) -> Probed:
        perturbation = Perturbation().model_copy(update={self.parameter: self.value})
        return asking.perturbed(scene.selection.checkpoint, scene.pixels(self._image(scene)), perturbation)

    @staticmethod
    def _image(scene: Scene) -> int:
        return scene.image_at(0.5)


class Contrast(_OneChange):
    """Half the contrast."""

    title = "Contrast"
    parameter, value, paper = "contrast", 0.5, _MORE
    in_words = "Half the contrast"

    def question(self, _scene: Scene) -> str:
        return "The contrast of an image is halved. Is what comes out more or less probable?"

    def _why(self, scene: Scene, probed: Probed, _curve: PerturbationCurve, choice: int) -> str:
        free = scene.dimensions - scene.images.image_shape[0]  # the mean of each channel stays
        volume = free * math.log(2)
        squeezed = (
            f"Halving the contrast squeezes a set of images into a volume that is 2{raised(str(free))} times smaller; "
            f"the same probability in less volume means a density that is {format_power_of_ten(volume)} times as high."
        )
        nats = probed.log_prob - probed.original_log_prob
        if choice == _MORE:
            near = abs(nats - volume) < 0.05 * volume
            beside = (
                "The model says nearly that"
                if near
                else "The model's factor is smaller, as to it images of half the contrast are rarer"
                if nats < volume
                else "The model's factor is even larger, as to it images of half the contrast are more frequent"
            )
            return f"{squeezed} {beside}. It is not that gray pictures are taken more often."
        if choice == _LESS:
            return (
                f"{squeezed} But to this model images of half the contrast are so much rarer that the density falls "
                "all the same: it has learned images of full contrast, and a pale one is unusual."
            )
        return f"{squeezed} To this model images of half the contrast are rarer by about as much: the two cancel."


class Brightness(_OneChange):
    """A tenth brighter."""

    title = "Brightness"
    parameter, value, paper = "brightness", 0.1, _SAME
    in_words = "A tenth of the range more of brightness"

    def question(self, _scene: Scene) -> str:
        return "Every pixel gets brighter by a tenth of the range from black to white. What happens to log p?"

    def _why(self, scene: Scene, probed: Probed, curve: PerturbationCurve, choice: int) -> str:
        values = probed.pixels / 255
        if choice == _SAME:
            half = asking.perturbed(scene.selection.checkpoint, probed.pixels, Perturbation(contrast=Contrast.value))
            beside = half.log_prob - half.original_log_prob
            nats = probed.log_prob - probed.original_log_prob
            little = (
                f"A factor of {format_power_of_ten(nats)} is little beside the {format_power_of_ten(beside)} of half "
                "the contrast. "
                if abs(nats) < 0.1 * abs(beside)
                else ""
            )
            return (
                f"{little}Photographs are taken in all lights; what the model cares for is how pixels differ from each "
                f"other.{self._worst(scene, probed, curve)}"
            )
        if choice == _LESS:
            black, beyond = float((values == 0).mean()), float((values > 1 - self.value).mean())
            grayed = f" {format_percent(black)} of its values are black, and turn gray." if black >= 0.1 else ""
            white = f" {format_percent(beyond)} of its values pass above white." if beyond >= 0.1 else ""
            return (
                "To this model brightness is not free: the brighter copy is unlike the images that it has learned."
                f"{grayed}{white}"
            )
        return "To this model brightness is not free: the brighter copy is more like the images that it has learned."

    def _worst(self, scene: Scene, probed: Probed, curve: PerturbationCurve) -> str:
        """Where the curve falls most, if it falls by more than what hardly matters."""
        if not np.isfinite(curve.log_prob).all():
            return ""
        lowest = int(curve.log_prob.argmin())
        fall, shift = probed.original_log_prob - curve.log_prob[lowest], float(curve.values[lowest])
        if fall < scene.little:
            return ""
        values = probed.pixels / 255 + shift
        outside = float(((values < 0) | (values > 1)).mean())
        where = "black" if shift < 0 else "white"
        beyond = f", where {100 * outside:.0f} % of the values pass beyond {where}" if outside >= 0.01 else ""
        largest = RANGES[self.parameter].high
        strong = "Strong" if abs(shift) > largest / 2 else "Moderate"
        kind = "darkening" if shift < 0 else "brightening"
        return f" {strong} {kind} is not free: at {shift:+.1f} log p falls by {scene.text(fall)}{beyond}.".replace(
            "-", "−"
        )
