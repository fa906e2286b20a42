"""Can such a number be trusted? Two models that share no image, or the checks of one."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import streamlit as st

from explorer.measures.consistency.storage import find_report
from explorer.measures.dataset.agreement import agreement
from explorer.models.checkpoints import Checkpoint, list_checkpoints
from explorer.units import convert_log_prob
from explorer.webapp.shell.loaders import checkpoint
from explorer.webapp.tour import asking
from explorer.webapp.tour.stop import Answer, Link, Scene, Stop

__all__ = ["Trusted"]

_IMAGES = 16
_CLOSE, _FAR = 0.3, 3.0  # dB/dimension


class _Twins(NamedTuple):
    """Two models of the same kind that were trained on different images; how many each."""

    first: Checkpoint
    second: Checkpoint
    pictures: int | None

    @property
    def size(self) -> str:
        """How many pictures each was trained on, in words."""
        return f"{self.pictures:,} pictures each" if self.pictures else "half of all pictures each"


class Trusted(Stop):
    """Twins where there are some, else the verdicts of Trust."""

    title = "Can it be trusted?"
    why = (
        "What two models that share no training image agree on is not memory: it can only be the distribution that "
        "both were drawn from. With few training images they disagree more, since each remembers its own."
    )

    def question(self, scene: Scene) -> str:
        if _twins(scene.selection.checkpoint):
            return (
                "Two models are trained alike, on halves of a set of photographs that share no picture, and then asked "
                "for log p of images that neither has seen. By how much do they differ?"
            )
        return (
            "A true density obeys identities that can be checked without knowing the truth. How many of the checks "
            f"that apply does {scene.selection.checkpoint.name} pass?"
        )

    def options(self, scene: Scene) -> tuple[str, ...]:
        if _twins(scene.selection.checkpoint):
            return (
                f"Less than {_CLOSE:g} dB/dimension",
                f"Between {_CLOSE:g} and {_FAR:g} dB/dimension",
                f"More than {_FAR:g} dB/dimension",
            )
        return "All of them", "More than half", "Half or fewer"

    def show(self, scene: Scene) -> None:
        spread = convert_log_prob(scene.summary.std, "dB/dim", scene.dimensions)
        st.caption(f"For comparison: over the images here log p has a standard deviation of {spread:.2g} dB/dimension.")

    def answer(self, scene: Scene) -> Answer:
        twins = _twins(scene.selection.checkpoint)
        return self._agreement(scene, twins) if twins else self._checks(scene)

    def _agreement(self, scene: Scene, twins: list[_Twins]) -> Answer:
        rows = scene.catalog.evenly_spaced("log_prob", _IMAGES).column("index").to_pylist()
        pixels = np.stack([scene.pixels(index) for index in rows])
        differences = []
        for pair in twins:
            a, b = (asking.log_prob(model, pixels) for model in (pair.first, pair.second))
            differences.append(convert_log_prob(agreement(a, b).rms, "dB/dim", scene.dimensions))
        parts = [
            f"{difference:.2f} dB/dimension with {pair.size}"
            for pair, difference in zip(twins, differences, strict=True)
        ]
        sentence = f"Root mean square difference over {len(rows)} images: {'; '.join(parts)}."
        choice = int(differences[0] >= _CLOSE) + int(differences[0] >= _FAR)
        link = Link(
            "atlas", "Compare two models in Atlas", {"model": twins[0].first.name, "compare": twins[0].second.name}
        )
        return Answer(choice, sentence, link, paper=0)

    def _checks(self, scene: Scene) -> Answer:
        model = scene.selection.checkpoint
        report = find_report(model)
        if report is None:
            return Answer(-1, f"{model.name} was not checked yet.", Link("trust", "Check it in Trust"))
        applicable = [verdict for verdict in report.verdicts() if verdict.outcome != "not applicable"]
        passed = sum(verdict.outcome == "passes" for verdict in applicable)
        choice = 0 if passed == len(applicable) else 1 if 2 * passed > len(applicable) else 2
        others = [f"{verdict.title} ({verdict.outcome})" for verdict in applicable if verdict.outcome != "passes"]
        rest = f" The others: {', '.join(others)}." if others else ""
        sentence = f"It passes {passed} of {len(applicable)}.{rest}"
        return Answer(choice, sentence, Link("trust", "See each check in Trust"))


def _twins(model: Checkpoint) -> list[_Twins]:
    """Pairs named after the model, ``NAME-a`` and ``NAME-b``, ``NAME-n100-a`` ..., the most pictures first."""
    names = {info.name: info for info in list_checkpoints() if info.problem is None}
    pairs = []
    for name in names:
        other = f"{name[:-2]}-b"
        if name.startswith(f"{model.name}-") and name.endswith("-a") and other in names:
            first, second = checkpoint(names[name].path), checkpoint(names[other].path)
            pictures = first.config.training.get("pictures")
            pairs.append(_Twins(first, second, pictures))
    return sorted(pairs, key=lambda pair: -(pair.pictures or 10**9))
