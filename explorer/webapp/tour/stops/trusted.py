"""Can such a number be trusted? Two models that share no image, or the checks of one."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import streamlit as st

from explorer.escaping import in_markdown
from explorer.figures.compare import twins_scatter
from explorer.measures.consistency.storage import find_report
from explorer.measures.consistency.verdict import Outcome, Verdict
from explorer.measures.dataset.agreement import agreement
from explorer.models.checkpoints import Checkpoint
from explorer.units import convert_log_prob, format_power_of_ten, unit_label
from explorer.webapp.shell.loaders import catalog
from explorer.webapp.tour import asking
from explorer.webapp.tour.pictures import picture_row, show_figure
from explorer.webapp.tour.scene import Link, Scene
from explorer.webapp.tour.stop import Answer, Stop
from explorer.webapp.tour.stops.twins import Twins, twins_of

__all__ = ["Trusted"]

_IMAGES, _SHOWN = 32, 4
_CLOSE, _FAR = 0.3, 3.0  # dB/dimension
_ICONS: dict[Outcome, str] = {"passes": "check", "does not pass": "close", "open": "help"}


class _Asked(NamedTuple):
    """What a pair of twins says of the images: log p by each in nats, shape ``(N,)``, and their RMS difference."""

    twins: Twins
    first: np.ndarray
    second: np.ndarray
    rms: float


class Trusted(Stop):
    """Twins where there are some, else the verdicts of Trust."""

    title = "Can it be trusted?"

    def question(self, scene: Scene) -> str:
        if twins_of(scene.selection.checkpoint):
            return (
                "Two models are trained alike, on halves of a set of photographs that share no picture, and then asked "
                "for log p of images that neither has seen. By how much do they differ?"
            )
        return (
            "A true density obeys identities that can be checked without knowing the truth. How many of the checks "
            f"that apply does {scene.selection.checkpoint.name} pass?"
        )

    def note(self, scene: Scene) -> str:
        if not twins_of(scene.selection.checkpoint):
            verdicts = _verdicts(scene.selection.checkpoint) or ()
            return f"The checks: {', '.join(verdict.title.lower() for verdict in verdicts)}." if verdicts else ""
        return f"For comparison: log p has a standard deviation of {scene.text(scene.summary.std)} over {scene.crowd}."

    def options(self, scene: Scene) -> tuple[str, ...]:
        if not twins_of(scene.selection.checkpoint):
            return "All of them", "More than half", "Half or fewer"
        close, far = (scene.text(level / convert_log_prob(1.0, "dB/dim", scene.dimensions)) for level in (_CLOSE, _FAR))
        return f"Less than {close}", f"{close} to {far}", f"More than {far}"

    def show(self, scene: Scene) -> None:
        st.markdown(f"{_SHOWN} of the {len(scene.images):,} images")
        picture_row([(scene.pixels(index), "") for index in self._asked_about(scene)[:_SHOWN]])

    def answer(self, scene: Scene) -> Answer:
        twins = twins_of(scene.selection.checkpoint)
        return self._agreement(scene, twins) if twins else self._checks(scene)

    def _agreement(self, scene: Scene, twins: list[Twins]) -> Answer:
        pixels = np.stack([scene.pixels(index) for index in self._asked_about(scene)])
        pairs = [_ask(each, pixels) for each in twins[:: len(twins) - 1 or 1]]  # the most pictures, and the fewest
        most = pairs[0]
        factor = convert_log_prob(1.0, scene.unit, scene.dimensions)
        figure = twins_scatter(
            {each.twins.size: (each.first * factor, each.second * factor) for each in pairs}, unit_label(scene.unit)
        )
        show_figure(figure, scene.scale, "tour_twins", "log p by one twin over log p by the other")
        differences = "; ".join(f"{scene.text(each.rms)} with {each.twins.size}" for each in pairs)
        sentence = f"Root mean square difference over {len(pixels)} images: {differences}."
        decibels = convert_log_prob(most.rms, "dB/dim", scene.dimensions)
        choice = int(decibels >= _CLOSE) + int(decibels >= _FAR)
        settings = {"model": most.twins.first.name, "compare": most.twins.second.name}
        link = Link("atlas", f"Compare the two on all {len(scene.images):,} in Atlas", settings)
        return Answer(choice, sentence, self._why_twins(scene, pairs), (link,), paper=0)

    @staticmethod
    def _why_twins(scene: Scene, pairs: list[_Asked]) -> str:
        most, fewest = pairs[0], pairs[-1]
        shared = (
            "What two models that share no training image agree on is not memorized images; it is what both learned "
            "from the distribution, or share by design."
        )
        memory = ""
        if fewest is not most:
            more = fewest.rms > most.rms
            kind = "are further apart: each knows its own pictures" if more else "are no further apart"
            other = most.twins.first.config.model != fewest.twins.first.config.model
            size = "; their networks are of another size, too" if other else ""
            memory = f" Twins that saw {fewest.twins.pictures:,} pictures each {kind}{size}."
        doubt = (
            f" On one image the twins still differ by a factor of {format_power_of_ten(most.rms)}: differences "
            "between images that are smaller than this are not to be trusted."
        )
        if 0 < most.rms < scene.summary.std:
            doubt += f" Over all images log p spreads {scene.summary.std / most.rms:.0f} times as far."
        sample = ""
        if len(scene.images) > len(most.first):
            sample = f" The {len(most.first)} images are drawn at random from {len(scene.images):,}; Atlas compares all"
            scored = all(catalog(model, scene.images) is not None for model in (most.twins.first, most.twins.second))
            sample += "." if scored else ", which takes minutes the first time."
        return f"{shared}{memory}{doubt}{sample}"

    def _checks(self, scene: Scene) -> Answer:
        model = scene.selection.checkpoint
        verdicts = _verdicts(model)
        if verdicts is None:
            return Answer(-1, f"{model.name} was not checked yet.", "", (Link("trust", "Check it in Trust"),))
        lines = (
            f":material/{_ICONS[each.outcome]}: {in_markdown(f'{each.title}: {each.outcome}')}" for each in verdicts
        )
        st.markdown("  \n".join(lines))
        passed, opened, failed = (
            [verdict.title for verdict in verdicts if verdict.outcome == outcome]
            for outcome in ("passes", "open", "does not pass")
        )
        choice = 0 if len(passed) == len(verdicts) else 1 if 2 * len(passed) > len(verdicts) else 2
        rest = f" Not passed: {', '.join(failed)}." if failed else ""
        rest += (
            f" Open, as the error of what was measured is too large to decide: {', '.join(opened)}." if opened else ""
        )
        why = (
            "Each check compares two ways to the same number, such as the energy and the denoising error. A model that "
            "passes is a density that is consistent with itself; whether it is the right one, data that it has not "
            "seen must say."
        )
        sentence = f"It passes {len(passed)} of {len(verdicts)}.{rest}"
        return Answer(choice, sentence, why, (Link("trust", "See each check in Trust"),))

    @staticmethod
    def _asked_about(scene: Scene) -> list[int]:
        indices: list[int] = scene.catalog.random(_IMAGES).column("index").to_pylist()
        return indices


def _ask(twins: Twins, pixels: np.ndarray) -> _Asked:
    first, second = (asking.log_prob(model, pixels) for model in (twins.first, twins.second))
    return _Asked(twins, first, second, agreement(first, second).rms)


def _verdicts(model: Checkpoint) -> list[Verdict] | None:
    """Of the checks that apply; None where the model was not checked."""
    report = find_report(model)
    if report is None:
        return None
    return [verdict for verdict in report.verdicts() if verdict.outcome != "not applicable"]
