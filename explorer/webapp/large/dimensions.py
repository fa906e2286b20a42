"""Local dimensionality of the details of each scale."""

from __future__ import annotations

import numpy as np
import streamlit as st
import torch

from explorer.figures.scales import dimensionality_figure
from explorer.figures.tools import ZOOM_TOOLS
from explorer.measures.image.scales import ScaleDimensionality, dimensionality_by_scale
from explorer.models.checkpoints import Checkpoint
from explorer.units import noise_variance_from_psnr
from explorer.webapp.shell.terms import explained
from explorer.webapp.shell.work import Report, Work, offered

__all__ = ["offer_dimensions"]

_PSNR = (60.0, 50.0, 40.0, 30.0, 20.0, 10.0)
_Found = tuple[list[ScaleDimensionality], ...]


def offer_dimensions(density: Checkpoint, x: np.ndarray) -> Work[_Found]:
    """Draw local dimensionality by scale, as far as it is measured.

    Args:
        density: the model.
        x: the photograph in the model's values before dequantization, shape ``(C, H, W)``.
    """
    st.markdown("#### Local dimensionality by scale", help=explained("Local dimensionality", "Scale"))
    st.caption(
        "In how many directions do the details of a scale vary by more than the noise, given the coarser image? Lines "
        "are the denoiser's answer, rings the energy's: for an exact density they agree."
    )

    def advance(found: _Found | None, report: Report) -> tuple[_Found, float]:
        before = found or ()
        t = noise_variance_from_psnr(_PSNR[len(before)])

        def progress(done: int, total: int | None) -> None:
            report((len(before) + done / (total or 1)) / len(_PSNR))

        image = torch.from_numpy(x)[None] + density.values.dither(_shape(x))
        after = (*before, dimensionality_by_scale(density.multiscale, image, [t], progress=progress))
        return after, len(after) / len(_PSNR)

    work = offered("dimensions", (density.fingerprint, x.tobytes()), "Measure", advance)
    if work.result:
        _show(work.result, density.name)
    return work


def _show(found: _Found, model: str) -> None:
    scales = [(each.level, each.is_base) for each in found[0]]
    denoising, energy = (
        np.array([[float(getattr(each, name)[0]) / each.dimensions for each in row] for row in found])
        for name in ("denoising", "energy")
    )
    figure = dimensionality_figure(scales, _PSNR[: len(found)], denoising, energy)
    figure.update_layout(meta=model)
    st.plotly_chart(figure, key="dimensions_chart", config=ZOOM_TOOLS, alt="Local dimensionality by scale and noise")


def _shape(x: np.ndarray) -> tuple[int, int, int]:
    channels, height, width = x.shape
    return channels, height, width
