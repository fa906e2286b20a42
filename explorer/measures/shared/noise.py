"""Random numbers for measurements."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from explorer.images import Values

__all__ = ["NOISE_SEED", "noise_generator", "noisy_image"]

NOISE_SEED = 271_828
"""Of the noise that looks at an image's neighborhood. It must not be the noise of a perturbation: an image that holds
noise already, and gets the same again, is no sample of its neighborhood."""

_STREAM = 0x6E6F697365  # "noise"


def noise_generator(seed: int) -> torch.Generator:
    """A CPU generator for the noise of a measurement.

    Generators of equal seed give dependent numbers, uniform and normal alike, so a measurement that used the seed as it
    is could draw noise that depends on the images, their dither or their perturbation.
    """
    return torch.Generator().manual_seed(_STREAM ^ (seed * 0x9E3779B1))


def noisy_image(values: Values, x: np.ndarray, t: float, seed: int = NOISE_SEED) -> Tensor:
    """An image as a model reads it, with noise of variance `t` added: float32, shape ``(1, C, H, W)``, on the CPU.

    Args:
        values: the value convention of the model.
        x: the image in the model's values before dequantization, float32 ``(C, H, W)``.
        t: noise variance.
        seed: of the noise.
    """
    clean = torch.from_numpy(x) + values.dither(tuple(x.shape))
    generator = torch.Generator().manual_seed(seed)
    return (clean + math.sqrt(t) * torch.randn(clean.shape, generator=generator))[None]
