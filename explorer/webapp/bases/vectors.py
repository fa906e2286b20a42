"""The spectrum, the first eigenvectors as images, and one of them over the image."""

from __future__ import annotations

import numpy as np
import streamlit as st
import torch

from explorer.figures.bases import overlay_figure, spectrum_figure
from explorer.figures.pixels import signed_pixels
from explorer.figures.tools import NO_TOOLS, ZOOM_TOOLS
from explorer.measures.geometry.bases import Basis
from explorer.measures.geometry.gaps import widest_gap
from explorer.measures.geometry.rebuilding import contour_share
from explorer.models.checkpoints import Checkpoint
from explorer.units import format_number, format_percent
from explorer.webapp.bases.numbers import SLACK
from explorer.webapp.shell.address import kept
from explorer.webapp.shell.setting_forms import whole_number
from explorer.webapp.shell.terms import explained
from explorer.webapp.widgets.image_grid import GridImage, image_grid

__all__ = ["clean_values", "show_spectrum", "show_vectors", "to_pixels"]

_SHOWN = 32  # eigenvectors in the grid
_VECTOR = "vector"


def clean_values(checkpoint: Checkpoint, pixels: np.ndarray) -> np.ndarray:
    """An image of 8 bits in the model's values, float32 ``(C, H, W)``."""
    return checkpoint.values.centers(torch.from_numpy(np.array(pixels))).numpy()


def to_pixels(checkpoint: Checkpoint, x: np.ndarray) -> np.ndarray:
    """The way back."""
    return checkpoint.values.to_pixels(torch.from_numpy(x)).numpy()


def show_spectrum(checkpoint: Checkpoint, basis: Basis, on_contours: np.ndarray) -> int:
    """Draw the spectrum and the first eigenvectors; returns the place of the one that is chosen."""
    shown = min(_SHOWN, len(basis.eigenvalues))
    key = kept(_VECTOR, whole_number(1, shown), 1)
    chosen = int(st.session_state[key]) - 1
    left, right = st.columns([1, 1.15], gap="medium")
    with left:
        st.markdown("#### The spectrum", help=explained("Shrinkage factor", "Spectral gap"))
        gap = widest_gap(basis.eigenvalues, basis.lowest)
        figure = spectrum_figure(basis, chosen, gap)
        figure.update_layout(meta=checkpoint.name)
        st.plotly_chart(figure, key="spectrum", config=ZOOM_TOOLS, alt="Shrinkage factors in decreasing order")
        ratio = format_number(gap.ratio, ".2f")
        st.caption(
            f"The largest ratio of neighbors is {ratio}, after the first {gap.index:,}: "
            + ("a clear gap." if gap.is_clear else "no clear gap, so that no dimension stands out.")
        )
    with right:
        st.markdown("#### The first eigenvectors", help=explained("Jacobian of the denoiser"))
        shares = contour_share(basis, on_contours)
        items = []
        for place in range(shown):
            colors = signed_pixels(basis.eigenvectors[place])
            factor = format_number(float(basis.eigenvalues[place]), ".3f")
            about = f"eigenvector {place + 1}, factor {factor}, {format_percent(shares[place])} of it on contours"
            items.append(GridImage(colors, factor, "", about))
        image_grid(items, key="vectors", cell=68, label="Eigenvectors", current=chosen, on_opened=_choose)
        st.caption("Below each is its factor. Click one to see it over the image.")
    return chosen


def _choose(place: int) -> None:
    st.session_state[_VECTOR] = place + 1


def show_vectors(basis: Basis, pixels: np.ndarray, on_contours: np.ndarray, chosen: int) -> None:
    """The chosen eigenvector over the image, and where it oscillates."""
    shares = contour_share(basis, on_contours)
    share, area = float(shares[chosen]), float(on_contours.mean())
    left, right = st.columns([1, 1.15], gap="medium")
    with left:
        st.markdown(f"#### Eigenvector {chosen + 1} over the image")
        figure = overlay_figure(pixels, basis.eigenvectors[chosen], on_contours)
        st.plotly_chart(
            figure, key="overlay", config=NO_TOOLS, alt=f"Eigenvector {chosen + 1} over the image, in two colors"
        )
    with right:
        st.markdown("#### Contours and flat regions")
        if not area:
            st.caption("The image is constant: it has no contours.")
            return
        times, factor = share / area, float(basis.eigenvalues[chosen])
        where = "follows contours" if times > 1.25 else "lies in flat regions" if times < 0.8 else "is spread evenly"
        above = ": above 1, so that the noisy image lies between two likely answers there" if factor > 1 + SLACK else ""
        st.markdown(
            f"**{format_percent(share)}** of the squared norm of eigenvector {chosen + 1} is on contours, the "
            f"{format_percent(area)} of the pixels with the steepest gradient: {format_number(times, '.1f')} times "
            f"an evenly spread vector's share, so that it {where}. Its factor is "
            f"**{format_number(factor, '.3f')}**{above}."
        )
        half = basis.eigenvalues >= 0.5
        if half.any():
            st.markdown(
                f"Of the {int(half.sum()):,} eigenvectors with a factor above ½, {format_percent(shares[half].mean())} "
                f"is on contours on average, {format_number(float(shares[half].mean()) / area, '.1f')} times "
                "an evenly spread vector's share."
            )
        st.caption(
            "In the figure the eigenvector is in colors, blue below 0 and orange above; hovering names contours and "
            "flat regions of the image."
        )
