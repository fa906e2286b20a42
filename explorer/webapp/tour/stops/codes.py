"""Probability is code length."""

from __future__ import annotations

import math

from explorer.units import code_length_bits, format_number, raised
from explorer.webapp.shell.terms import explained
from explorer.webapp.tour import asking
from explorer.webapp.tour.pictures import picture_row
from explorer.webapp.tour.scene import Scene
from explorer.webapp.tour.stop import Answer, Stop
from explorer.webapp.widgets.code_lengths import show_code_lengths

__all__ = ["Codes"]

_CODECS = ("PNG", "JPEG XL")
_MODEL = "The model"
_SMALL = 1000  # values, of which the headers of a file are no small part


class Codes(Stop):
    """The model against lossless codecs."""

    title = "Which code needs the fewest bits?"
    terms = ("Code length",)

    def question(self, _scene: Scene) -> str:
        return "This image is to be stored without any loss. Which code needs the fewest bits for it?"

    def options(self, _scene: Scene) -> tuple[str, ...]:
        return (*_CODECS, "A code made from the model")

    def show(self, scene: Scene) -> None:
        picture_row([(scene.pixels(self._image(scene)), "The image")], places=2)

    def answer(self, scene: Scene) -> Answer:
        index, levels = self._image(scene), scene.selection.checkpoint.values.levels
        codecs = asking.codec_bits(scene.pixels(index))
        model = float(code_length_bits(scene.log_prob(index), levels, scene.dimensions))
        lengths = {_MODEL: model} | {name: float(codecs[name]) for name in _CODECS}
        show_code_lengths(lengths, scene.images.image_shape, levels, explained("Code length", "bits/pixel"))
        best = min(lengths, key=lengths.__getitem__)
        choice = (*_CODECS, _MODEL).index(best)
        codec = min(_CODECS, key=lengths.__getitem__)
        headers = " Of so small a file the codecs' headers are a large part." if scene.dimensions < _SMALL else ""
        sentence = f"The model needs {model:,.0f} bits, {codec} {lengths[codec]:,.0f}.{headers}"
        link = scene.in_probe("See its code length in Probe", index)
        return Answer(choice, sentence, self._why(scene, index, levels, best), (link,))

    @staticmethod
    def _why(scene: Scene, index: int, levels: int, best: str) -> str:
        d, per_value = scene.dimensions, math.log2(levels)
        log2_p = scene.log_prob(index) / math.log(2)
        each = f"{per_value:g}" if per_value.is_integer() else f"log₂ {levels}"
        sign, size = ("−", log2_p) if log2_p >= 0 else ("+", -log2_p)
        verdict = (
            "A good density is a good compressor, and the other way round (Shannon 1948)."
            if best == _MODEL
            else f"{best} needs fewer here: this image is unlike those that the model has learned to expect."
        )
        return (
            f"p is a density over values in [0, 1]. A stored image has {levels} gray levels, so that its probability "
            f"is about p · (1/{levels}){raised(str(d))}, and an ideal code needs {each} · {d:,} − log₂ p bits: "
            f"{format_number(per_value * d, ',.0f')} {sign} {format_number(size, ',.0f')}. {verdict}"
        )

    @staticmethod
    def _image(scene: Scene) -> int:
        return scene.image_at(0.6)
