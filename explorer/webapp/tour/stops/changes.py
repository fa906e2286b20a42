"""What a change does to log p: contrast, brightness, details left out, noise."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import streamlit as st

from explorer.figures.probe import log_prob_range, perturbation_chart
from explorer.perturbations import Perturbation
from explorer.webapp.tour import asking
from explorer.webapp.tour.stop import Answer, Scene, Stop
from explorer.webapp.widgets.live_chart import live_chart
from explorer.webapp.widgets.pixels import show_pixels

__all__ = ["Brightness", "Contrast", "SparseOrNoisy"]

_MORE, _LESS, _SAME = range(3)


class _OneChange(Stop):
    """One parameter of one image is changed."""

    parameter: ClassVar[str]
    value: ClassVar[float]
    paper: ClassVar[int]
    in_words: ClassVar[str]

    def options(self, _scene: Scene) -> tuple[str, ...]:
        return "More probable", "Less probable", "It hardly matters"

    def show(self, scene: Scene) -> None:
        probed = asking.perturbed(scene.selection.checkpoint, self._pixels(scene), self._perturbation())
        before, after, _ = st.columns([1, 1, 1])
        with before:
            show_pixels(probed.pixels, "Before")
        with after:
            show_pixels(probed.perturbed_pixels, "After")

    def answer(self, scene: Scene) -> Answer:
        checkpoint, pixels = scene.selection.checkpoint, self._pixels(scene)
        probed = asking.perturbed(checkpoint, pixels, self._perturbation())
        curve = asking.curve(checkpoint, pixels, self.parameter)
        y_range = log_prob_range([curve], probed.log_prob, scene.unit, scene.dimensions)
        chart = perturbation_chart(curve, self.value, probed.log_prob, y_range, scene.unit, scene.dimensions)
        live_chart(chart, f"tour_{self.parameter}", f"log p against {self.parameter}")
        change = probed.log_prob - probed.original_log_prob
        choice = _SAME if scene.hardly_matters(change) else _MORE if change > 0 else _LESS
        link = scene.in_probe("Try other values in Probe", self._image(scene), **{self.parameter: self.value})
        sentence = f"{self.in_words} changes log p by {scene.change(change)}."
        return Answer(choice, sentence, link, self.paper)

    def _perturbation(self) -> Perturbation:
        return Perturbation().model_copy(update={self.parameter: self.value})

    @staticmethod
    def _image(scene: Scene) -> int:
        return scene.image_at(0.5)

    def _pixels(self, scene: Scene) -> np.ndarray:
        return scene.pixels(self._image(scene))


class Contrast(_OneChange):
    """Half the contrast."""

    title = "Contrast"
    parameter, value, paper = "contrast", 0.5, _MORE
    in_words = "Half the contrast"
    why = (
        "At half the contrast every edge and texture is half as large, so there are fewer possible images to be "
        "told apart from it, and each gets a larger share of the probability. It is not that gray pictures are taken "
        "more often: a density is measured per volume, and low contrast is a small volume."
    )

    def question(self, _scene: Scene) -> str:
        return "The contrast of an image is halved. Is what comes out more or less probable?"


class Brightness(_OneChange):
    """A tenth brighter."""

    title = "Brightness"
    parameter, value, paper = "brightness", 0.1, _SAME
    in_words = "A tenth of the range more of brightness"
    why = (
        "Photographs are taken in all lights, so the model learns that all values of brightness are about equally "
        "probable. What it cares for is how pixels differ from each other."
    )

    def question(self, _scene: Scene) -> str:
        return "Every pixel gets brighter by a tenth of the range from black to white. What happens to log p?"


class SparseOrNoisy(Stop):
    """Details left out, or noise added."""

    title = "Details and noise"
    terms = ("log p", "Noise variance")
    why = (
        "Noise is what images do not have: almost all ways to change every pixel a little at random lead away from "
        "images. To leave out the small details leads to a simpler image, and simple images are probable."
    )
    _sparse = Perturbation(sparsity=0.1)
    _noisy = Perturbation(noise=0.02)

    def question(self, _scene: Scene) -> str:
        return (
            "One copy of an image keeps the largest tenth of its wavelet coefficients, another gets noise of five gray "
            "levels, which can hardly be seen. Which of the two is more probable?"
        )

    def options(self, _scene: Scene) -> tuple[str, ...]:
        return "The one with fewer details", "The one with noise"

    def show(self, scene: Scene) -> None:
        original, sparse, noisy = st.columns(3)
        pixels = scene.pixels(self._image(scene))
        with original:
            show_pixels(pixels, "Original")
        for column, perturbation, title in (
            (sparse, self._sparse, "A tenth of its coefficients"),
            (noisy, self._noisy, "Noise of five gray levels"),
        ):
            with column:
                show_pixels(asking.perturbed(scene.selection.checkpoint, pixels, perturbation).perturbed_pixels, title)

    def answer(self, scene: Scene) -> Answer:
        index = self._image(scene)
        pixels = scene.pixels(index)
        sparse, noisy = (
            asking.perturbed(scene.selection.checkpoint, pixels, each) for each in (self._sparse, self._noisy)
        )
        changes = [each.log_prob - each.original_log_prob for each in (sparse, noisy)]
        sentence = (
            f"With fewer details log p changes by {scene.change(changes[0])}; with noise by {scene.change(changes[1])}."
        )
        link = scene.in_probe("Try both in Probe", index, sparsity=self._sparse.sparsity)
        return Answer(int(changes[1] > changes[0]), sentence, link, paper=0)

    @staticmethod
    def _image(scene: Scene) -> int:
        return scene.image_at(0.5)
