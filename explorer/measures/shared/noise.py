"""Random numbers for measurements."""

from __future__ import annotations

import torch

__all__ = ["noise_generator"]

_STREAM = 0x6E6F697365  # "noise"


def noise_generator(seed: int) -> torch.Generator:
    """A CPU generator for the noise of a measurement.

    Generators of equal seed give dependent numbers, uniform and normal alike, so a measurement that used the seed as it
    is could draw noise that depends on the images, their dither or their perturbation.
    """
    return torch.Generator().manual_seed(_STREAM ^ (seed * 0x9E3779B1))
