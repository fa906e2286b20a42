"""The image from a few coefficients: of the eigenvectors, of the DCT, of wavelets."""

from __future__ import annotations

import numpy as np
import streamlit as st

from explorer.figures.bases import rebuilding_figure
from explorer.figures.tools import ZOOM_TOOLS
from explorer.measures.geometry.bases import Basis
from explorer.measures.geometry.rebuilding import BASES, Rebuilt, rebuild, rebuilt_image
from explorer.models.checkpoints import Checkpoint
from explorer.units import format_number
from explorer.webapp.bases.vectors import to_pixels
from explorer.webapp.shell.address import kept
from explorer.webapp.shell.setting_forms import Form, Unfit, whole_number
from explorer.webapp.widgets.pixels import show_pixels

__all__ = ["show_rebuilding"]

_POINTS = 24
_FIRST = 32
_NEAREST = 0.1  # dB that are called a difference
_NARROWEST = 100  # of an image, in pixels
_TITLES = {"eigenvectors": "Eigenvectors", "DCT": "DCT", "wavelets": "Wavelets (db3)"}


def show_rebuilding(checkpoint: Checkpoint, basis: Basis, x: np.ndarray) -> None:
    """PSNR against the number of coefficients, and the three images at one number."""
    most = min(len(basis.eigenvalues), basis.dimensions // 2)
    counts = sorted({round(count) for count in np.geomspace(1, most, _POINTS)} | {min(_FIRST, most)})
    rebuilt = rebuild(basis, x, counts)
    st.markdown(
        "#### Is it the better basis?",
        help="The clean image from its k largest coefficients in each basis. The denoiser does not know the clean "
        "image: its own choice are the terms that count most in the noisy image, shrunk by their factors.",
    )
    left, right = st.columns([1, 1.15], gap="medium")
    with right:
        count = int(st.select_slider("Coefficients", counts, key=kept("k", _one_near(counts), min(_FIRST, most))))
        place = counts.index(count)
        cells = st.grid(3, min_column_width=_NARROWEST)
        for kind, psnr in zip(BASES, rebuilt.psnr[:3, place], strict=True):
            with cells.cell():
                image = to_pixels(checkpoint, rebuilt_image(kind, basis, x, count))
                show_pixels(image, f"{_TITLES[kind]}: {format_number(float(psnr), '.1f')} dB")
        st.markdown(_in_words(rebuilt, place))
    with left:
        figure = rebuilding_figure(rebuilt, count)
        figure.update_layout(meta=checkpoint.name)
        st.plotly_chart(
            figure, key="rebuilding", config=ZOOM_TOOLS, alt="PSNR of the rebuilt image against coefficients"
        )


def _one_near(counts: list[int]) -> Form[int]:
    """One of `counts`; of what is not among them, the nearest: other images and models have other choices."""
    whole = whole_number(counts[0], counts[-1])

    def read(text: str) -> int:
        number = whole.read(text)
        if number not in counts:
            raise Unfit("is not among the choices", min(counts, key=lambda count: abs(count - number)))
        return number

    return Form(read, str)


def _in_words(rebuilt: Rebuilt, place: int) -> str:
    count, gain, own = rebuilt.counts[place], float(rebuilt.gain[place]), float(rebuilt.own_gain[place])
    what = f"With {count:,} coefficient{'s' if count > 1 else ''} the eigenvectors are"
    if abs(gain) < _NEAREST:
        words = f"{what} as good as the better of the two fixed bases"
    else:
        which = "better" if gain > 0 else "worse"
        words = f"{what} **{format_number(abs(gain), '.1f')} dB {which}** than the better of the two fixed bases"
    words += f"; by the denoiser's own choice of terms, {format_number(own, '+.1f')} dB."
    best = int(rebuilt.gain.argmax())
    if rebuilt.gain[best] < _NEAREST:
        return f"{words} They are better with no number of coefficients that was tried."
    if best == place:
        return words
    most = format_number(float(rebuilt.gain[best]), ".1f")
    return f"{words} They are most ahead, by {most} dB, with {rebuilt.counts[best]:,}."
