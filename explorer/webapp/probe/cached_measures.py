"""The measures that Probe shows, cached by content: the model's fingerprint, the pixels, the changes.

A slider that goes back, or a second browser, gets its result at once, and no result depends on who asked first. Each
function is one batched call of the model.
"""

from __future__ import annotations

import numpy as np
import streamlit as st
import torch

from explorer.measures.image.codecs import lossless_bits
from explorer.measures.image.curves import NoiseCurves, PerturbationCurve, noise_curves, perturbation_curve
from explorer.measures.image.probe import Denoised, Probed, denoise_once, probe
from explorer.models.checkpoints import Checkpoint
from explorer.perturbations import RANGES, Perturbation
from explorer.units import noise_variance_from_psnr
from explorer.webapp.probe.changes import Changes
from explorer.webapp.shell.loaders import infer
from explorer.webapp.shell.noise_slider import psnr_range

__all__ = [
    "codec_bits",
    "denoised",
    "image_noise_curves",
    "perturbation_curves",
    "probed",
    "to_pixels",
]

_NOISE_LEVELS = (50, 40, 35, 30, 25, 20, 15, 10, 5, 0)

_cached = st.cache_data(
    show_spinner=False, max_entries=1000, hash_funcs={Checkpoint: lambda checkpoint: checkpoint.fingerprint}
)


@_cached
def probed(checkpoint: Checkpoint, pixels: np.ndarray, changes: Changes) -> Probed:
    """The image before and after the changes, and log p of both."""
    t = _denoise_t(checkpoint, changes)
    return infer(probe, checkpoint.model, checkpoint.values, pixels, changes.perturbation, t)


@_cached
def codec_bits(pixels: np.ndarray) -> dict[str, int]:
    """Sizes in bits that lossless codecs reach on uint8 ``(C, H, W)``."""
    return lossless_bits(pixels)


def perturbation_curves(checkpoint: Checkpoint, pixels: np.ndarray, changes: Changes) -> list[PerturbationCurve]:
    """log p against each parameter of the perturbation. The curve of the slider that moves is cached."""
    neutral, now = Perturbation(), changes.perturbation
    return [
        _perturbation_curve(
            checkpoint,
            pixels,
            changes._replace(perturbation=now.model_copy(update={name: getattr(neutral, name)})),
            name,
        )
        for name in RANGES
    ]


@_cached
def _perturbation_curve(checkpoint: Checkpoint, pixels: np.ndarray, others: Changes, name: str) -> PerturbationCurve:
    t = _denoise_t(checkpoint, others)
    model, values = checkpoint.model, checkpoint.values
    return infer(perturbation_curve, model, values, pixels, others.perturbation, name, denoise_t=t)


def _denoise_t(checkpoint: Checkpoint, changes: Changes) -> float | None:
    """Variance of the noise to remove: of all that was chosen, for any model, what this one knows."""
    if changes.denoise is None:
        return None
    low, high = psnr_range(checkpoint)
    return noise_variance_from_psnr(min(max(changes.denoise, low), high))


@_cached
def image_noise_curves(checkpoint: Checkpoint, x: np.ndarray) -> NoiseCurves:
    """Local dimensionality and mean log p of an image (in the model's values) over the noise levels that it knows."""
    low, high = psnr_range(checkpoint)
    levels = [high, *(level for level in _NOISE_LEVELS if low < level < high), low]
    # The relative error of an estimate is about sqrt(2 / dimensionality): small images need more draws.
    draws = min(8, max(1, 1024 // checkpoint.model.dimensions))
    return infer(noise_curves, checkpoint.model, checkpoint.values, x, levels, draws)


@_cached
def denoised(checkpoint: Checkpoint, x: np.ndarray, psnr: float) -> Denoised:
    """An image (in the model's values) with noise of `psnr` dB, what the model makes of it, and its score there."""
    t = noise_variance_from_psnr(psnr)
    return infer(denoise_once, checkpoint.model, checkpoint.values, x, t)


def to_pixels(checkpoint: Checkpoint, x: np.ndarray) -> np.ndarray:
    """An image in the model's values ``(C, H, W)`` as 8-bit pixels."""
    return checkpoint.values.to_pixels(torch.from_numpy(x)).numpy()
