"""Metrics of a model on a data set: NLL by two estimates, denoising by noise level, and lossless codecs beside it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from explorer.images import Values
from explorer.measures.dataset.nll import NegativeLogLikelihood, gap_by_level, gap_errors, negative_log_likelihood
from explorer.measures.image.codecs import lossless_bits, mosaic_bits_per_pixel
from explorer.measures.shared.noise import noise_generator
from explorer.measures.shared.noise_levels import NoiseLevel, log_spaced, noise_levels
from explorer.measures.shared.scoring import log_prob_batched, model_input
from explorer.models.anchor import SpectralGaussian
from explorer.models.base import EnergyModel
from explorer.progress import Progress

__all__ = ["LEVELS", "Evaluation", "evaluate"]

LEVELS = 33


@dataclass(frozen=True)
class Evaluation:
    """What `evaluate` measured.

    Attributes:
        nll: negative log-likelihood at the smallest noise, from the energy and from I-MMSE.
        gaps: energy minus I-MMSE at each of `levels`, in nats per image: where between the two the gap arises.
        gap_errors: their standard errors.
        levels: measurements at `LEVELS` noise variances, from the smallest to the end of the range.
        value_levels: number of cells per value, for code lengths.
        code_length: mean of ``-log2 p(x, t0) / d + log2(levels)`` of the dequantized images, without noise: what the
            pages show for single images.
        gaussian: the same code length of the best Gaussian of these images (variances of their own DCT).
        codecs: bits/pixel value of lossless codecs, image by image.
        mosaic: the same, amortized over one mosaic of images.
    """

    nll: NegativeLogLikelihood
    gaps: list[float]
    gap_errors: list[float]
    levels: list[NoiseLevel]
    value_levels: int
    code_length: float
    gaussian: float
    codecs: dict[str, float]
    mosaic: dict[str, float]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON and for a checkpoint's metrics."""
        return {
            "bits_per_dimension": self.nll.bits_per_dimension(self.value_levels)
            | {"code_length": self.code_length, "gaussian": self.gaussian},
            "images": self.nll.images,
            "levels": [level.as_dict() for level in self.levels],
            "codecs": self.codecs,
            "codecs_mosaic": self.mosaic,
        }


def evaluate(
    model: EnergyModel, values: Values, pixels: np.ndarray, seed: int = 0, progress: Progress | None = None
) -> Evaluation:
    """Measure a model on 8-bit images.

    Args:
        model: an energy model.
        values: how it reads 8-bit pixels.
        pixels: uint8, shape ``(N, C, H, W)``, N at least 2.
        seed: of dequantization and noise.
        progress: called with (noise levels done, noise levels in all).

    Raises:
        ExplorerError: the model gives its energy at one noise level alone.
    """
    model.need_noise_levels("An evaluation")
    images = torch.from_numpy(np.array(pixels))
    x = values.dequantized(images, noise_generator(seed + 1))
    levels = noise_levels(model, x, log_spaced(model.t_low, model.t_max, LEVELS), seed, progress)
    per_bit = model.dimensions * math.log(2.0)
    shift = math.log2(values.levels)
    log_prob = log_prob_batched(model, model_input(values, images)).double()
    gaussian = SpectralGaussian(model.image_shape, model.t_low).fit(x)
    coded = values.in_levels(images).numpy()  # the very images that the model codes: all of them, in its levels
    sizes = [lossless_bits(image) for image in coded]
    return Evaluation(
        nll=negative_log_likelihood(x, levels),
        gaps=gap_by_level(x, levels),
        gap_errors=gap_errors(x, levels),
        levels=levels,
        value_levels=values.levels,
        code_length=float(-log_prob.mean()) / per_bit + shift,
        gaussian=float(-log_prob_batched(gaussian, x).double().mean()) / per_bit + shift,
        codecs={name: float(np.mean([s[name] for s in sizes])) / model.dimensions for name in sizes[0]},
        mosaic=mosaic_bits_per_pixel(coded),
    )
