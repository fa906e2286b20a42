"""The sum of the factors beside local dimensionality, and what the spectrum says of the model."""

from __future__ import annotations

import numpy as np
import streamlit as st

from explorer.measures.geometry.bases import Basis
from explorer.models.checkpoints import Checkpoint
from explorer.units import format_number
from explorer.webapp.bases.found import image_dimensionality
from explorer.webapp.shell.terms import explained

__all__ = ["SLACK", "show_checks", "show_numbers"]

SLACK = 0.01
"""By which a factor may be out of range before that is said."""


def show_numbers(checkpoint: Checkpoint, basis: Basis, x: np.ndarray, psnr: float) -> None:
    """The sum of all factors, and the local dimensionality that Probe shows."""
    error = f" ± {basis.trace_error:.1f}" if basis.trace_error >= 0.05 else ""
    st.metric(
        "Sum of all factors",
        f"{format_number(basis.trace, ',.1f')}{error}",
        help=explained(
            "Shrinkage factor",
            first=f"Of {basis.dimensions:,}. "
            + (
                "Exact."
                if basis.complete
                else f"The largest {len(basis.eigenvalues)} are known; the others are estimated by random probes, with "
                "the standard error that stands beside it."
            ),
        ),
    )
    st.metric(
        "Local dimensionality",
        format_number(image_dimensionality(checkpoint, x, psnr), ",.1f"),
        help=explained(
            "Local dimensionality",
            first="As Probe shows it. The sum of the factors is the same mean error, but over all clean images that "
            "agree with this noisy one, and not of this image over all noise: the two are equal on average.",
        ),
    )
    where = "exactly" if basis.complete else f"to within {basis.residuals.max():.1g}"
    st.caption(
        f"{len(basis.eigenvalues):,} eigenvectors, their factors {where}, from {basis.products:,} products of the "
        "Jacobian with a vector."
    )


def show_checks(basis: Basis) -> None:
    """Symmetry, and factors that a density cannot have."""
    st.markdown("#### Is it the Jacobian of a denoiser?", help=explained("Jacobian of the denoiser"))
    values = basis.eigenvalues
    below = int((values < -SLACK).sum())
    above = int((values > 1 + SLACK).sum())
    lowest = format_number(basis.lowest, ".3f") if basis.complete else f"≤ {format_number(basis.lowest, '.3f')}"
    negative = f"{below:,} of {len(values):,} are negative by more than {SLACK:g}. " if basis.complete else ""
    beyond = f"{above:,} of {len(values):,} are above {1 + SLACK:g}. "
    symmetric = "0 but for rounding: the Jacobian comes from an energy."
    st.markdown(
        "| | measured | |\n|:--|--:|:--|\n"
        f"| Asymmetry, ‖J − Jᵀ‖ / ‖J‖ | {basis.asymmetry:.1e} | {symmetric} |\n"
        f"| Smallest factor | {lowest} | {negative}A density has none below 0: a factor is a variance over t. |\n"
        f"| Largest factor | {format_number(float(values[0]), '.3f')} | {beyond}A density has one "
        "above 1 only where it is not log-concave: the noisy image lies between two likely answers. |"
    )
