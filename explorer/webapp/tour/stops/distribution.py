"""How log p is distributed over a data set: typical images, and the width of it all."""

from __future__ import annotations

import math

import streamlit as st

from explorer.figures.atlas import log_prob_histogram
from explorer.figures.tools import NO_TOOLS
from explorer.measures.dataset.distribution import GumbelFit
from explorer.units import convert_log_prob, format_power_of_ten, unit_label
from explorer.webapp.tour.stop import Answer, Link, Scene, Stop
from explorer.webapp.widgets.pixels import show_pixels

__all__ = ["Typical", "Width"]

_SHOWN = 4


class Typical(Stop):
    """The most probable images are not the typical ones."""

    title = "Probable is not typical"
    terms = ("log p", "Typicality")
    why = (
        "The probability to draw an image of some kind is its density times how many there are of that kind, and there "
        "are so many more images of ordinary log p that the most probable ones are hardly ever drawn. In the same way "
        "the most probable result of a thousand throws of a loaded coin, heads every time, never happens."
    )

    def question(self, scene: Scene) -> str:
        return (
            f"Here are the {_SHOWN} most probable of {len(scene.images):,} images. How does an image that is drawn at "
            "random compare with the first of them?"
        )

    def options(self, _scene: Scene) -> tuple[str, ...]:
        return "About as probable", "Down to 10¹⁰⁰ times less probable", "Even less probable than that"

    def show(self, scene: Scene) -> None:
        self._row(scene, scene.catalog.rows("log_prob", limit=_SHOWN).column("index").to_pylist(), "Most probable")

    def answer(self, scene: Scene) -> Answer:
        self._row(scene, scene.catalog.random(_SHOWN).column("index").to_pylist(), "Drawn at random")
        _histogram(scene)
        nats = scene.summary.maximum - scene.summary.median
        choice = 0 if nats < math.log(10) else 1 if nats < 100 * math.log(10) else 2
        gray = scene.catalog.meta.marks.constant
        beyond = (
            f" A constant image, which is not one of them, is {format_power_of_ten(gray - scene.summary.median)} times "
            "as probable as the median image."
            if gray is not None and gray > scene.summary.median
            else ""
        )
        sentence = (
            f"Half of the images are at least {format_power_of_ten(nats)} times less probable than the most probable "
            f"one.{beyond}"
        )
        return Answer(choice, sentence, Link("atlas", "See all of them in Atlas"))

    @staticmethod
    def _row(scene: Scene, indices: list[int], title: str) -> None:
        for column, index in zip(st.columns(_SHOWN), indices, strict=False):
            with column:
                show_pixels(scene.pixels(index), f"{title}: {scene.text(scene.log_prob(index))}")


class Width(Stop):
    """The spread of log p."""

    title = "How wide is log p?"
    terms = ("log p", "Gumbel distribution")
    why = (
        "Images differ in how much happens in them, and that multiplies up over all pixels. On large sets of "
        "photographs log p follows a Gumbel distribution: a steep side towards the busy images, and a long tail of "
        "plain ones."
    )
    _factors = (10.0, 100.0)

    def question(self, _scene: Scene) -> str:
        return (
            "Take an image from the most probable tenth of the data set and one from the least probable tenth. "
            "By what factor do their probabilities differ, at the least?"
        )

    def options(self, _scene: Scene) -> tuple[str, ...]:
        return "Less than 10¹⁰", "Between 10¹⁰ and 10¹⁰⁰", "More than 10¹⁰⁰"

    def show(self, scene: Scene) -> None:
        left, right, _ = st.columns(3)
        for column, quantile, title in ((left, 0.95, "In the most probable tenth"), (right, 0.05, "In the least")):
            with column:
                show_pixels(scene.pixels(scene.image_at(quantile)), title)

    def answer(self, scene: Scene) -> Answer:
        _histogram(scene)
        exponent = scene.summary.typical_exponent
        choice = sum(exponent >= factor for factor in self._factors)
        low, high = scene.summary.typical
        gain = scene.summary.gumbel_gain
        shape = (
            ""
            if gain is None
            else (
                f" Here a Gumbel distribution (the line) fits {'better' if gain > 0 else 'worse'} than a Gaussian, by "
                f"{abs(gain):.2g} nats per image{'.' if gain > 0 else '; the paper found it the best.'}"
            )
        )
        sentence = (
            f"The middle 80 % of the images have a log p from {scene.text(low)} to {scene.text(high)}: a factor of "
            f"{format_power_of_ten(high - low)} from end to end.{shape}"
        )
        return Answer(choice, sentence, Link("atlas", "See the images along it in Atlas"))


def _histogram(scene: Scene) -> None:
    factor = convert_log_prob(1.0, scene.unit, scene.dimensions)
    edges, counts = scene.catalog.histogram("log_prob")
    fit = scene.summary.gumbel
    figure = log_prob_histogram(
        edges * factor,
        counts,
        unit_label(scene.unit),
        None if fit is None else GumbelFit(fit.location * factor, fit.scale * factor),
        height=300,
    )
    st.plotly_chart(figure, key="tour_histogram", config=NO_TOOLS, alt="Histogram of log p over the data set")
