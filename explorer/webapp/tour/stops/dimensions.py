"""In how many directions can an image vary?"""

from __future__ import annotations

import streamlit as st

from explorer.figures.probe import dimensionality_chart
from explorer.webapp.tour import asking
from explorer.webapp.tour.stop import Answer, Scene, Stop
from explorer.webapp.widgets.live_chart import live_chart
from explorer.webapp.widgets.pixels import show_pixels

__all__ = ["Dimensions"]

_PSNR = 15.0
_LEVELS = (50.0, 40.0, 35.0, 30.0, 25.0, 20.0, _PSNR, 10.0, 5.0, 0.0)
_FEW, _MOST = 0.25, 0.75


class Dimensions(Stop):
    """Local dimensionality at a scale."""

    title = "How many dimensions?"
    terms = ("Local dimensionality", "PSNR")
    why = (
        "How many dimensions the set of images has depends on the scale at which one looks: from afar only a few "
        "large shapes can vary, from near every pixel has noise of its own. The paper found the same, against the idea "
        "of one manifold of one low dimension."
    )

    def question(self, scene: Scene) -> str:
        return (
            f"An image of {scene.dimensions:,} values, seen through strong noise ({_PSNR:g} dB). It can be changed in "
            "as many directions; along how many of them do images really vary by more than the noise?"
        )

    def options(self, _scene: Scene) -> tuple[str, ...]:
        return f"Less than {_FEW:.0%}".replace("%", " %"), "About half", f"More than {_MOST:.0%}".replace("%", " %")

    def show(self, scene: Scene) -> None:
        column, _ = st.columns([1, 2])
        with column:
            show_pixels(scene.pixels(self._image(scene)), "The image")

    def answer(self, scene: Scene) -> Answer:
        index = self._image(scene)
        curves = asking.noise(scene.selection.checkpoint, scene.pixels(index), self._levels(scene))
        profile = scene.catalog.profile
        chart = dimensionality_chart(curves, _PSNR, scene.dimensions, profile.psnr, profile.dimensionality)
        live_chart(chart, "tour_dimensionality", "Local dimensionality against noise level")
        here, near = (curves.dimensionality_at(psnr) / scene.dimensions for psnr in (_PSNR, 40.0))
        choice = 0 if here < _FEW else 1 if here < _MOST else 2
        sentence = (
            f"At {_PSNR:g} dB the local dimensionality is {here * scene.dimensions:,.0f}, {100 * here:.1f} % of all. "
            f"From near, at 40 dB, it is {100 * near:.0f} %."
        )
        link = scene.in_probe("Move the noise level in Probe", index, psnr=_PSNR)
        return Answer(choice, sentence, link, paper=0)

    @staticmethod
    def _levels(scene: Scene) -> tuple[float, ...]:
        grid = scene.catalog.profile.psnr
        return tuple(level for level in _LEVELS if min(grid) <= level <= max(grid))

    @staticmethod
    def _image(scene: Scene) -> int:
        return scene.image_at(0.4)
