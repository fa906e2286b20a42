"""Small images shown large, every pixel a sharp square."""

from __future__ import annotations

import html

import numpy as np
import streamlit as st

from explorer.figures.pixels import DIVERGING, diverging_pixels, mark_out_of_range
from explorer.figures.style import BLUE, VERMILLION
from explorer.images import to_pil
from explorer.measures.image.probe import Probed
from explorer.webapp.widgets.component import data_url

__all__ = ["show_perturbed", "show_pixels", "show_score"]

_FIGURE = (
    '<figure class="pixels"><figcaption>{title}</figcaption><img src="{source}" alt="{alt}">'
    '<div class="note">{note}</div></figure>'
)
_GRAY_LEVELS = 255


def show_pixels(pixels: np.ndarray, title: str, note: str = "", alt: str = "") -> None:
    """Show an image at the width of its column; its style is in ``assets/app.css``.

    Args:
        pixels: uint8, shape ``(C, H, W)``, ``C`` 1 or 3.
        title: above the image.
        note: HTML below the image, of the app's own making.
        alt: what the image shows, for those who cannot see it; the title when empty.
    """
    st.html(
        _FIGURE.format(
            title=html.escape(title),
            source=data_url(to_pil(pixels)),
            alt=html.escape(alt or title, quote=True),
            note=note,
        )
    )


def show_perturbed(probed: Probed) -> None:
    """Show the image after the perturbation; values outside [0, 1] are colored and counted."""
    notes = [
        f'<span style="white-space:nowrap"><b style="color:{color}">■</b> {count:,} {where}</span>'
        for count, where, color in ((probed.below, "below 0", BLUE), (probed.above, "above 1", VERMILLION))
        if count
    ]
    note = "Out of range: " + ", ".join(notes) if notes else ""
    show_pixels(mark_out_of_range(probed.perturbed_pixels, probed.x), "Perturbed, as the model sees it", note)


def show_score(score: np.ndarray) -> None:
    """Show a score ``grad log p`` (nats per unit of a value, ``(C, H, W)``) in colors, with their scale."""
    colors, scale = diverging_pixels(score / _GRAY_LEVELS)
    legend = (
        f'<div class="scale">−{scale:.2g}<i style="background:linear-gradient(to right,{",".join(DIVERGING)})"></i>'
        f"+{scale:.2g}<span>nats per gray level</span></div>"
    )
    show_pixels(colors, "Score ∇ log p", legend, "The score: where the model would make the image brighter or darker")
