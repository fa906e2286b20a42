"""The numbers behind the curves of one image: log p against each perturbation, and what the model says of the image at
each noise level. Every function is one batched call of the model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from explorer.images import Values
from explorer.measures.image.dimensionality import local_dimensionality
from explorer.measures.shared.noise import NOISE_SEED
from explorer.measures.shared.scoring import denoise_batched, log_prob_batched
from explorer.models.base import EnergyModel
from explorer.perturbations import RANGES, Perturbation, sweep
from explorer.units import noise_variance_from_psnr

__all__ = ["NoiseCurves", "PerturbationCurve", "noise_curves", "perturbation_curve"]


@dataclass(frozen=True)
class PerturbationCurve:
    """log p of an image against one parameter of a perturbation, the others held.

    Attributes:
        name: the parameter, a key of `explorer.perturbations.RANGES`.
        values: of the parameter, increasing, shape ``(K,)``.
        log_prob: in nats, shape ``(K,)``.
    """

    name: str
    values: np.ndarray
    log_prob: np.ndarray


def perturbation_curve(
    model: EnergyModel,
    values: Values,
    pixels: np.ndarray,
    perturbation: Perturbation,
    name: str,
    points: int = 11,
    denoise_t: float | None = None,
) -> PerturbationCurve:
    """log p of one image against the parameter `name`, evenly spaced over its range.

    The curve does not depend on the value that `perturbation` itself gives to that parameter.

    Args:
        model: an energy model.
        values: its value convention.
        pixels: the unperturbed image, uint8 ``(C, H, W)``.
        perturbation: gives the values of the other parameters.
        name: a key of `explorer.perturbations.RANGES`.
        points: number of values, at least 2.
        denoise_t: as for `explorer.measures.image.probe.probe`.
    """
    steps = np.linspace(RANGES[name].low, RANGES[name].high, points)
    centers = values.centers(torch.from_numpy(pixels)[None])
    images = denoise_batched(model, values, sweep(centers, perturbation, name, steps.tolist(), values), denoise_t)
    images = images + values.dither(tuple(pixels.shape))
    return PerturbationCurve(name, steps, log_prob_batched(model, images).double().numpy())


@dataclass(frozen=True)
class NoiseCurves:
    """What a model says of one image at each noise level.

    Attributes:
        psnr: noise levels in dB, decreasing, shape ``(T,)``.
        dimensionality: local dimensionality ``E ||x - D(y, t)||^2 / t``, shape ``(T,)``.
        log_prob: mean log p of the noisy image, ``-E U(y, t)`` in nats, shape ``(T,)``.
    """

    psnr: np.ndarray
    dimensionality: np.ndarray
    log_prob: np.ndarray

    def dimensionality_at(self, psnr: float) -> float:
        """Local dimensionality at a noise level in dB, linear between the levels that were measured."""
        return float(np.interp(psnr, self.psnr[::-1], self.dimensionality[::-1]))

    def log_prob_at(self, psnr: float) -> float:
        """Mean log p in nats at a noise level in dB, linear between the levels that were measured."""
        return float(np.interp(psnr, self.psnr[::-1], self.log_prob[::-1]))


def noise_curves(
    model: EnergyModel, values: Values, x: np.ndarray, psnrs: Sequence[float], draws: int = 1
) -> NoiseCurves:
    """Local dimensionality and mean log p of one image over noise levels.

    Args:
        model: an energy model.
        values: its value convention.
        x: the image in the model's values, float32 ``(C, H, W)``.
        psnrs: noise levels in dB, decreasing.
        draws: of the noise, averaged over; the same for all levels, so that the curves are smooth.
    """
    psnr = np.asarray(psnrs, dtype=float)
    scored = (torch.from_numpy(x) + values.dither(tuple(x.shape)))[None]
    estimates = local_dimensionality(model, scored, noise_variance_from_psnr(psnr).tolist(), draws, NOISE_SEED)
    return NoiseCurves(psnr, estimates.denoising[0].numpy(), -estimates.mean_energy[0].numpy())
