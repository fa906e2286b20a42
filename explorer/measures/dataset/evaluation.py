"""Metrics of a checkpoint on a data set: NLL read twice, denoising by noise level, and lossless codecs beside it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from explorer.measures.dataset.nll import NegativeLogLikelihood, NllCheck, negative_log_likelihood, nll_check
from explorer.measures.image.codecs import lossless_bits, mosaic_bits_per_pixel
from explorer.measures.shared.noise import noise_generator
from explorer.measures.shared.noise_levels import NoiseLevel, log_spaced, noise_levels
from explorer.measures.shared.scoring import log_prob_batched, model_input
from explorer.models.anchor import SpectralGaussian
from explorer.models.checkpoints import Checkpoint

__all__ = ["LEVELS", "Evaluation", "evaluate"]

LEVELS = 33

_CODEC_IMAGES = 500


@dataclass(frozen=True)
class Evaluation:
    """What `evaluate` measured.

    Attributes:
        nll: negative log-likelihood at the smallest noise, from the energy and from I-MMSE.
        nll_check: the same, with where between the two the gap arises.
        levels: measurements at `LEVELS` noise variances, from the smallest to the end of the range.
        value_levels: number of cells a value, for code lengths.
        code_length: mean of ``-log2 p(x, t0) / d + log2(levels)`` of the dequantized images, without noise: what the
            pages show for single images.
        gaussian: the same code length of the best Gaussian of these images (variances of their own DCT).
        codecs: bits/pixel value of lossless codecs, image by image.
        mosaic: the same, amortized over one mosaic of images.
    """

    nll: NegativeLogLikelihood
    nll_check: NllCheck
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
    checkpoint: Checkpoint,
    pixels: np.ndarray,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Measure a checkpoint on 8-bit images.

    Args:
        checkpoint: the model.
        pixels: uint8, shape ``(N, C, H, W)``, N at least 2.
        seed: of dequantization and noise.
        progress: called with (noise levels done, noise levels in all).
    """
    model, values = checkpoint.model, checkpoint.values
    images = torch.from_numpy(np.array(pixels))
    x = values.dequantized(images, noise_generator(seed + 1))
    noise = checkpoint.config.model.noise
    levels = noise_levels(model, x, log_spaced(noise.t_low, noise.t_max, LEVELS), seed, progress)
    per_bit = model.dimensions * math.log(2.0)
    shift = math.log2(values.levels)
    log_prob = log_prob_batched(model, model_input(values, images)).double()
    gaussian = SpectralGaussian(model.image_shape, noise.t_low).fit(x)
    some = np.asarray(pixels[:_CODEC_IMAGES])
    sizes = [lossless_bits(image) for image in some]
    return Evaluation(
        nll=negative_log_likelihood(x, levels),
        nll_check=nll_check(x, levels),
        levels=levels,
        value_levels=values.levels,
        code_length=float(-log_prob.mean()) / per_bit + shift,
        gaussian=float(-log_prob_batched(gaussian, x).double().mean()) / per_bit + shift,
        codecs={name: float(np.mean([s[name] for s in sizes])) / model.dimensions for name in sizes[0]},
        mosaic=mosaic_bits_per_pixel(np.asarray(pixels)),
    )
