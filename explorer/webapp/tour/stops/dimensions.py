"""In how many directions can an image vary?"""

from __future__ import annotations

import math

import numpy as np
import streamlit as st

from explorer.figures.probe import dimensionality_chart
from explorer.perturbations import Perturbation
from explorer.units import noise_variance_from_psnr
from explorer.webapp.tour import asking
from explorer.webapp.tour.pictures import picture_row
from explorer.webapp.tour.scene import Scene
from explorer.webapp.tour.stop import Answer, Stop
from explorer.webapp.widgets.live_chart import live_chart

__all__ = ["Dimensions"]

_PSNR, _NEAR = 15.0, 40.0
_LEVELS = (50.0, _NEAR, 35.0, 30.0, 25.0, 20.0, _PSNR, 10.0, 5.0, 0.0)
_FEW, _MOST = 0.25, 0.75


class Dimensions(Stop):
    """Local dimensionality at a scale."""

    title = "How many dimensions?"
    terms = ("Local dimensionality", "PSNR")

    def question(self, scene: Scene) -> str:
        return (
            f"Noise of σ = {_gray_levels(_PSNR):.0f} gray levels is added to an image. Of the {scene.dimensions:,} "
            "independent directions, along how many do plausible originals still differ by more than the noise?"
        )

    def options(self, _scene: Scene) -> tuple[str, ...]:
        few, most = (f"{100 * share:.0f}" for share in (_FEW, _MOST))
        return f"Under {few} %", f"{few} % to {most} %", f"Over {most} %"

    def show(self, scene: Scene) -> None:
        pixels = scene.pixels(self._image(scene))
        noise = Perturbation(noise=math.sqrt(noise_variance_from_psnr(_PSNR)))
        noisy = asking.perturbed(scene.selection.checkpoint, pixels, noise).perturbed_pixels
        picture_row([(pixels, "The image"), (noisy, "With the noise")])

    def answer(self, scene: Scene) -> Answer:
        index, d = self._image(scene), scene.dimensions
        curves = asking.noise(scene.selection.checkpoint, scene.pixels(index), self._levels(scene))
        profile = scene.catalog.profile
        chart = dimensionality_chart(curves, _PSNR, d, profile.psnr, profile.dimensionality)
        live_chart(chart, "tour_dimensionality", "Local dimensionality against noise level")
        if np.nanmax(profile.dimensionality.high) > d:
            st.caption(f"Each estimate is of few draws of the noise, so that some exceed {d:,}.")
        here, near = (curves.dimensionality_at(psnr) / d for psnr in (_PSNR, _NEAR))
        choice = int(here >= _FEW) + int(here >= _MOST)
        sentence = (
            f"The local dimensionality is {here * d:,.0f} at this noise, {100 * here:.1f} % of {d:,}; at noise of "
            f"σ = {_gray_levels(_NEAR):.1f} gray levels it is {100 * near:.0f} %."
        )
        link = scene.in_probe("Move the noise level in Probe", index, psnr=_PSNR)
        return Answer(choice, sentence, self._why(choice, here, near), (link,), paper=0)

    @staticmethod
    def _why(choice: int, here: float, near: float) -> str:
        left = (
            "Through strong noise only a few large shapes are left undecided; along all other directions the model "
            "knows what the original was, to less than the noise."
            if choice == 0
            else f"Even through noise this strong {100 * here:.0f} % of the directions are left undecided: along them "
            "images such as this one vary by more than the noise."
        )
        scale = (
            " With less noise more directions count, as every pixel has small differences of its own: the number of "
            "dimensions depends on the scale at which one looks."
            if near > here + 0.05
            else " With less noise there are hardly more."
        )
        axis = (
            f" The chart gives the noise as PSNR, −20 log₁₀ of σ with white = 1: {_PSNR:g} dB is "
            f"σ = {_gray_levels(_PSNR):.0f} gray levels."
        )
        return f"{left}{scale}{axis}"

    @staticmethod
    def _levels(scene: Scene) -> tuple[float, ...]:
        grid = scene.catalog.profile.psnr
        return tuple(level for level in _LEVELS if min(grid) <= level <= max(grid))

    @staticmethod
    def _image(scene: Scene) -> int:
        return scene.image_at(0.4)


def _gray_levels(psnr: float) -> float:
    """Standard deviation of the noise at a PSNR in dB, in gray levels of 255."""
    return 255 * math.sqrt(noise_variance_from_psnr(psnr))
