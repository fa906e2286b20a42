"""What the stops ask of a model, cached by content: a stop that is seen again answers at once."""

from __future__ import annotations

import numpy as np
import streamlit as st
import torch

from explorer.measures.image.codecs import lossless_bits
from explorer.measures.image.curves import NoiseCurves, PerturbationCurve, noise_curves, perturbation_curve
from explorer.measures.image.probe import Probed, probe
from explorer.measures.shared.scoring import log_prob_batched, model_input
from explorer.models.checkpoints import Checkpoint
from explorer.perturbations import Perturbation
from explorer.webapp.shell.loaders import infer

__all__ = ["codec_bits", "curve", "log_prob", "noise", "perturbed"]

_cached = st.cache_data(
    show_spinner=False, max_entries=256, hash_funcs={Checkpoint: lambda checkpoint: checkpoint.fingerprint}
)


@_cached
def curve(checkpoint: Checkpoint, pixels: np.ndarray, name: str) -> PerturbationCurve:
    """log p of an image against one parameter of a perturbation."""
    return infer(perturbation_curve, checkpoint.model, checkpoint.values, pixels, Perturbation(), name)


@_cached
def perturbed(checkpoint: Checkpoint, pixels: np.ndarray, perturbation: Perturbation) -> Probed:
    """An image before and after a perturbation, and log p of both."""
    return infer(probe, checkpoint.model, checkpoint.values, pixels, perturbation)


@_cached
def noise(checkpoint: Checkpoint, pixels: np.ndarray, psnrs: tuple[float, ...]) -> NoiseCurves:
    """An image at some noise levels in dB."""
    x = checkpoint.values.centers(torch.from_numpy(pixels)[None])[0].numpy()
    draws = min(8, max(1, 1024 // checkpoint.model.dimensions))
    return infer(noise_curves, checkpoint.model, checkpoint.values, x, psnrs, draws)


@_cached
def log_prob(checkpoint: Checkpoint, pixels: np.ndarray) -> np.ndarray:
    """log p of images, uint8 ``(N, C, H, W)``, in nats."""
    x = model_input(checkpoint.values, torch.from_numpy(pixels))
    return infer(log_prob_batched, checkpoint.model, x).double().numpy()


@_cached
def codec_bits(pixels: np.ndarray) -> dict[str, int]:
    """Bits that lossless codecs need for an image, uint8 ``(C, H, W)``."""
    return lossless_bits(pixels)
