"""How log p is distributed over a data set: typical images, and the width of it all."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import streamlit as st

from explorer.figures.atlas import log_prob_histogram
from explorer.measures.dataset.distribution import GumbelFit
from explorer.units import convert_log_prob, format_power_of_ten, raised, unit_label
from explorer.webapp.tour.pictures import picture_row, show_figure
from explorer.webapp.tour.scene import Link, Scene
from explorer.webapp.tour.stop import Answer, Stop

__all__ = ["Typical", "Width"]

_SHOWN = 4


class Typical(Stop):
    """The most probable images are not the typical ones."""

    title = "A random draw"
    terms = ("log p", "Typicality")
    shares = (1, 1)

    def question(self, scene: Scene) -> str:
        return (
            f"Here are the {_SHOWN} most probable of {len(scene.images):,} images. How does one that is drawn at "
            f"random from the {len(scene.images):,} compare with the first of them?"
        )

    def note(self, scene: Scene) -> str:
        return f"These are {scene.crowd}."

    def options(self, _scene: Scene) -> tuple[str, ...]:
        return "About as probable, within a factor of 10", "Up to 10¹⁰⁰ times less probable", "Even less probable"

    def show(self, scene: Scene) -> None:
        self._row(scene, scene.catalog.rows("log_prob", limit=_SHOWN).column("index").to_pylist(), "Most probable")

    def show_more(self, scene: Scene) -> None:
        self._row(scene, scene.catalog.random(_SHOWN).column("index").to_pylist(), "Drawn at random")

    def answer(self, scene: Scene) -> Answer:
        summary = scene.summary
        nats = summary.maximum - summary.median
        choice = 0 if nats < math.log(10) else 1 if nats < 100 * math.log(10) else 2
        constant = scene.catalog.meta.marks.constant
        marks = {"median": summary.median}
        _histogram(scene, None, marks)
        beyond = (
            f" A constant image, which is not one of them, is {format_power_of_ten(constant - summary.median)} times "
            "as probable as the median image."
            if constant is not None and constant > summary.median
            else ""
        )
        sentence = (
            f"Half of the {len(scene.images):,} images are at least {format_power_of_ten(nats)} times less probable "
            f"than the most probable one.{beyond}"
        )
        why = (
            "The images differ so little in log p that any draw is as probable as the first."
            if choice == 0
            else "The probability to draw an image of some kind is its density times how many there are of that kind, "
            "and there are so many more images of ordinary log p that the most probable ones are hardly ever drawn. In "
            "the same way the most probable result of a thousand throws of a loaded coin, heads every time, never "
            "happens."
        )
        return Answer(choice, sentence, why, (Link("atlas", "See all of them in Atlas"),))

    @staticmethod
    def _row(scene: Scene, indices: Sequence[int], title: str) -> None:
        st.markdown(f"{title}, log p in {unit_label(scene.unit)}")
        picture_row([(scene.pixels(index), scene.number(scene.log_prob(index))) for index in indices], _SHOWN)


class Width(Stop):
    """The spread of log p."""

    title = "How wide is log p?"
    terms = ("log p", "Gumbel distribution")

    def question(self, scene: Scene) -> str:
        return (
            f"Take an image from the most probable tenth of {len(scene.images):,} images and one from the least "
            "probable tenth. By what factor do their probabilities differ, at least?"
        )

    def note(self, scene: Scene) -> str:
        return f"These are {scene.crowd}."

    def options(self, scene: Scene) -> tuple[str, ...]:
        small, middle, large = (f"10{raised(f'{power:g}')}" for power in self._powers(scene))
        return f"Under {small}", f"{small} to {middle}", f"{middle} to {large}", f"Over {large}"

    def show(self, scene: Scene) -> None:
        picture_row(
            [
                (scene.pixels(scene.image_at(0.95)), "In the most probable tenth"),
                (scene.pixels(scene.image_at(0.05)), "In the least probable tenth"),
            ]
        )

    def answer(self, scene: Scene) -> Answer:
        low, high = scene.summary.typical
        _histogram(scene, scene.summary.gumbel, {"10 %": low, "90 %": high})
        choice = sum(scene.summary.typical_exponent >= power for power in self._powers(scene))
        sentence = (
            f"log p is above {scene.text(high)} in the most probable tenth and below {scene.text(low)} in the least "
            f"probable one: a factor of at least {format_power_of_ten(high - low)}."
        )
        why = (
            f"Images differ in how much happens in them, and that multiplies up over all {scene.dimensions:,} values."
            f"{_shape(scene)}"
        )
        return Answer(choice, sentence, why, (Link("atlas", "See the images along it in Atlas"),))

    @staticmethod
    def _powers(scene: Scene) -> tuple[float, ...]:
        """Powers of ten that part the answers: about ``d/40``, ``d/4`` and ``d``, as round numbers."""
        return tuple(max(1.0, _round(scene.dimensions / part)) for part in (40, 4, 1))


def _round(value: float) -> float:
    """To one digit."""
    return float(f"{value:.0e}")


def _shape(scene: Scene) -> str:
    """How the line fits, and why not better."""
    gain = scene.summary.gumbel_gain
    if gain is None:
        return ""
    paper = (
        " The line is a Gumbel distribution, steep towards the busy images, with a long tail of plain ones. The paper "
        "found it on 50,000 photographs"
    )
    if gain > 0:
        return f"{paper}; it fits these images better than a Gaussian, too, by {gain:.2g} nats per image."
    photographs = scene.few_photographs
    few = f" {photographs} photographs are too few to show it, and make peaks of their own." if photographs else ""
    return f"{paper}; to these images a Gaussian fits better, by {-gain:.2g} nats per image.{few}"


def _histogram(scene: Scene, fit: GumbelFit | None, marks: Mapping[str, float]) -> None:
    factor = convert_log_prob(1.0, scene.unit, scene.dimensions)
    edges, counts = scene.catalog.histogram("log_prob")
    figure = log_prob_histogram(
        edges * factor,
        counts,
        unit_label(scene.unit),
        None if fit is None else GumbelFit(fit.location * factor, fit.scale * factor),
        {name: nats * factor for name, nats in marks.items()},
    )
    figure.update_layout(showlegend=False)
    show_figure(figure, scene.scale, "tour_histogram", "Histogram of log p over the data set")
