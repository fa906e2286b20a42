"""Conditionally log-concave? The smallest curvature of each scale given the coarser image, and of the whole image."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import streamlit as st
import torch
from PIL import Image

from explorer.escaping import in_markdown
from explorer.figures.scales import Scale, curvature_figure, scale_name
from explorer.figures.tools import ZOOM_TOOLS
from explorer.images import Crop, Values, to_square
from explorer.measures.image.curvature import concave_from, curvature_by_scale, smallest_curvature
from explorer.measures.shared.noise import noise_generator
from explorer.models.checkpoints import Checkpoint
from explorer.units import format_number, noise_variance_from_psnr
from explorer.webapp.shell.terms import explained
from explorer.webapp.shell.work import Report, Work, offered

__all__ = ["Found", "in_words", "offer_curvature"]

_PSNR = (50.0, 40.0, 30.0, 20.0, 10.0, 0.0, -10.0)
_TIMES = 4  # times the base's side, where there is no model of whole images
_FEW = 40.0  # products of a Hessian with a vector that one eigenvalue takes, about


@dataclass(frozen=True)
class Found:
    """Smallest eigenvalues of ``t hess U`` at one noise level.

    Attributes:
        psnr: of the noise, in dB.
        by_scale: of the details of each level, from the finest, given the coarser image.
        whole: of the energy of whole images; None without a model of them.
    """

    psnr: float
    by_scale: tuple[float, ...]
    whole: float | None


def offer_curvature(density: Checkpoint, whole: Checkpoint | None, image: Image.Image, crop: Crop) -> Work[list[Found]]:
    """Draw the smallest curvatures, as far as they are found.

    Args:
        density: the model of photographs of any size.
        whole: a model of whole images at many noise levels, to compare with.
        image: the photograph.
        crop: of it.
    """
    channels, base, _ = density.multiscale.base.image_shape
    side = whole.model.image_shape[1] if whole is not None else _TIMES * base
    pixels = to_square(image, (channels, side, side), crop)
    st.markdown("#### Conditionally log-concave?", help=explained("Log-concave", "Scale"))
    beside = f", beside that of the whole image under {whole.name}" if whole is not None else ""
    st.caption(
        in_markdown(
            f"The smallest eigenvalue of the Hessian in the details of a scale given the coarser image{beside}. The "
            f"photograph is taken at {side} × {side} pixels, not perturbed."
        )
    )

    def advance(found: list[Found] | None, report: Report) -> tuple[list[Found], float]:
        before = found or []
        after = [*before, _at(_PSNR[len(before)], density, whole, pixels, _part(report, len(before)))]
        return after, len(after) / len(_PSNR)

    content = (density.fingerprint, whole and whole.fingerprint, pixels.tobytes())
    work = offered("curvature", content, "Measure", advance)
    if work.result:
        _show(work.result, density.name, whole.name if whole is not None else "")
    return work


def _part(report: Report, done: int) -> Report:
    return lambda share: report((done + min(share, 1.0)) / len(_PSNR))


def _at(psnr: float, density: Checkpoint, whole: Checkpoint | None, pixels: np.ndarray, report: Report) -> Found:
    t = noise_variance_from_psnr(psnr)
    scales = density.multiscale.levels(*pixels.shape[1:])
    parts = scales + (whole is not None)

    def progress(done: int, total: int | None) -> None:
        report(done / parts if total else 0.0)

    x = _values(density.values, pixels)
    by_scale = tuple(each.found[0].smallest for each in curvature_by_scale(density.multiscale, x, [t], 0, progress))
    if whole is None:
        return Found(psnr, by_scale, None)
    x = _values(whole.values, pixels)
    y = x + math.sqrt(t) * torch.randn(x.shape, generator=noise_generator(0))
    found = smallest_curvature(
        whole.model, y, t, progress=lambda products: report((scales + products / (products + _FEW)) / parts)
    )
    return Found(psnr, by_scale, found.smallest)


def _values(values: Values, pixels: np.ndarray) -> torch.Tensor:
    channels, height, width = pixels.shape
    return values.centers(torch.from_numpy(pixels)[None]) + values.dither((channels, height, width))


def _show(found: list[Found], model: str, whole_name: str) -> None:
    by_scale: dict[Scale, list[float]] = {
        (level, False): [each.by_scale[level] for each in found] for level in range(len(found[0].by_scale))
    }
    whole = [each.whole for each in found if each.whole is not None]
    figure = curvature_figure([each.psnr for each in found], by_scale, whole, f"whole image, {whole_name}")
    figure.update_layout(meta=model)
    st.plotly_chart(figure, key="curvature_chart", config=ZOOM_TOOLS, alt="Smallest eigenvalue by noise and scale")
    st.markdown(in_words(found))


def in_words(found: list[Found]) -> str:
    """What was found, in a few sentences."""
    psnr = [each.psnr for each in found]
    scales = [[each.by_scale[level] for each in found] for level in range(len(found[0].by_scale))]
    answers = [f"{scale_name((level, False))} {_from(psnr, values)}" for level, values in enumerate(scales)]
    words = f"The curvature of the details, given the coarser image, is positive: {'; '.join(answers)}"
    whole = [each.whole for each in found if each.whole is not None]
    if whole:
        words += f". That of the whole image is positive {_from(psnr, whole)}"
    return f"{words}. One image with one draw of noise can refute log-concavity, but not prove it."


def _from(psnr: list[float], values: list[float]) -> str:
    """At which noise levels the smallest eigenvalues are positive, and the least of them."""
    start = concave_from(psnr, values)
    least = f"(smallest at any level {format_number(min(values), '.2f')})"
    if start is None:
        return f"at none of the noise levels {least}"
    if start == max(psnr):
        return f"at all noise levels {least}"
    return f"at {format_number(start, '.0f')} dB and more noise {least}"
