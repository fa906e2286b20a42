"""The images of Probe: perturbed, with what leaves the range of values, and the score."""

from __future__ import annotations

import numpy as np

from explorer.figures.pixels import DIVERGING, diverging_pixels, mark_out_of_range
from explorer.figures.style import BLUE, VERMILLION
from explorer.measures.image.probe import Probed
from explorer.webapp.shell.terms import explained
from explorer.webapp.widgets.pixels import show_pixels

__all__ = ["show_perturbed", "show_score"]

_GRAY_LEVELS = 255


def show_perturbed(probed: Probed) -> None:
    """Show the image after the perturbation; values outside [0, 1] are colored and counted."""
    notes = [
        f'<span style="white-space:nowrap"><b style="color:{color}">■</b> {count:,} {where}</span>'
        for count, where, color in ((probed.below, "below 0", BLUE), (probed.above, "above 1", VERMILLION))
        if count
    ]
    note = "Out of range: " + ", ".join(notes) if notes else ""
    show_pixels(mark_out_of_range(probed.perturbed_pixels, probed.x), "As the model sees it", note)


def show_score(score: np.ndarray) -> None:
    """Show a score ``grad log p`` (nats per unit of a value, ``(C, H, W)``) in colors, with their scale."""
    colors, scale = diverging_pixels(score / _GRAY_LEVELS)
    legend = (
        f'<div class="scale">−{scale:.2g}<i style="background:linear-gradient(to right,{",".join(DIVERGING)})"></i>'
        f"+{scale:.2g}<span>nats per gray level</span></div>"
    )
    alt = "The score: where the model would make the image brighter or darker"
    show_pixels(colors, "Score ∇ log p", legend, alt, explained("Score"))
