"""Probability is code length."""

from __future__ import annotations

import streamlit as st

from explorer.figures.codes import code_length_bars
from explorer.figures.tools import NO_TOOLS
from explorer.units import code_length_bits
from explorer.webapp.tour import asking
from explorer.webapp.tour.stop import Answer, Scene, Stop
from explorer.webapp.widgets.pixels import show_pixels

__all__ = ["Codes"]

_CODECS = ("PNG", "JPEG XL")


class Codes(Stop):
    """The model against lossless codecs."""

    title = "Who needs the fewest bits?"
    terms = ("Code length",)
    why = (
        "An ideal code gives an image −log₂ p bits, so a good density is a good compressor, and the other way round "
        "(Shannon 1948). That makes log p comparable with codecs, which know nothing of our model."
    )

    def question(self, _scene: Scene) -> str:
        return "This image is to be stored without any loss. Who needs the fewest bits for it?"

    def options(self, _scene: Scene) -> tuple[str, ...]:
        return (*_CODECS, "A code made from the model")

    def show(self, scene: Scene) -> None:
        column, _ = st.columns([1, 2])
        with column:
            show_pixels(scene.pixels(scene.image_at(0.6)), "The image")

    def answer(self, scene: Scene) -> Answer:
        index = scene.image_at(0.6)
        codecs = asking.codec_bits(scene.pixels(index))
        levels = scene.selection.checkpoint.values.levels
        bits = {name: float(codecs[name]) for name in _CODECS}
        bits["model"] = float(code_length_bits(scene.log_prob(index), levels, scene.dimensions))
        figure = code_length_bars(bits, "model")
        st.plotly_chart(figure, key="tour_codes", config=NO_TOOLS, alt="Code length by the model and by codecs")
        words = ", ".join(
            f"{name} {count:,.0f} bits ({count / scene.dimensions:.2f} bits/dimension)" for name, count in bits.items()
        )
        choice = min(range(len(bits)), key=list(bits.values()).__getitem__)
        few = " Of so small a file the codecs' headers are a large part." if scene.dimensions < 1000 else ""
        link = scene.in_probe("See its code length in Probe", index)
        return Answer(choice, f"{words}.{few}", link)
