"""How a `DualEnergy` presents noisy images to its U-Net: two ways of conditioning.

`AmplitudeConditioning` tells the network how large an image is, in octave bands of frequency; `HomogeneousConditioning`
hides it, so that the energy is homogeneous as in the paper. `explorer.models.dual` gives the mathematics of both.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from explorer.models.base import sum_pixels

__all__ = [
    "AmplitudeConditioning",
    "HomogeneousConditioning",
    "Preconditioned",
    "Whitened",
    "octave_bands",
]

_TINY = 1e-6
# Mean squares, about 1 on average, beyond which the network is not told how large an image is. At the smallest noise
# 1,000 photographs of 32 x 32 pixels reach 4.6, and 6.1 in a band.
_LARGEST_POWER = 8.0
_LARGEST_BAND_POWER = 32.0
_SHARPNESS = 4.0
# Share of the noise's own power that keeps the logarithm of an amplitude from falling where there is no image.
_NOISE_FLOOR = 0.3


class Whitened(NamedTuple):
    """Noisy images ``y`` at ``t``, measured by the Gaussian (or, without the anchor, by the mean pixel variance).

    Attributes:
        u: standardized images, shape ``(B, C, H, W)``.
        v: whitened images (without the anchor ``u`` itself), shape ``(B, C, H, W)``.
        z: DCT coefficients of ``v``, shape ``(B, C, H, W)``.
        noise: ``t``, shape ``(B, 1, 1, 1)``.
        total: variance of each coefficient, noise included; it broadcasts with ``z``.
    """

    u: Tensor
    v: Tensor
    z: Tensor
    noise: Tensor
    total: Tensor


class Preconditioned(NamedTuple):
    """What the U-Net is given.

    Attributes:
        u, v: images divided by the root of a mean square, shape ``(B, C, H, W)``.
        power: what ``v^2`` was divided by, shape ``(B,)``.
        features: what the embedding is computed from, shape ``(B, F)``.
    """

    u: Tensor
    v: Tensor
    power: Tensor
    features: Tensor


class AmplitudeConditioning(nn.Module):
    """The network knows the amplitude of an image, up to a bound; its layers do not normalize.

    Args:
        image_shape: ``(C, H, W)``.

    Attributes:
        features: number of features added to those of the noise level.
        outputs: of the U-Net for each channel: ``f`` and ``g``.
        normalize: whether the layers of the U-Net normalize.
    """

    outputs = 2
    normalize = False
    bands: Tensor

    def __init__(self, image_shape: tuple[int, int, int]) -> None:
        super().__init__()
        channels, height, width = image_shape
        self.register_buffer("bands", octave_bands(height, width), persistent=False)
        self.features = channels * self.bands.shape[1]

    def precondition(self, images: Whitened, noise_features: Tensor) -> Preconditioned:
        """Divide images by what of their amplitude is too large, and describe the rest in the features.

        Args:
            images: measured by the Gaussian.
            noise_features: of ``log t``, shape ``(B, F)``.
        """
        noise_power = (images.noise / images.total).expand_as(images.z)
        in_bands = (images.z.square() + _NOISE_FLOOR * noise_power).flatten(2) @ self.bands + _TINY
        features = torch.cat((noise_features, _saturated_log(in_bands, _LARGEST_BAND_POWER).flatten(1)), 1)
        power = _excess_power(images.v)
        v = images.v * power.rsqrt().view(-1, 1, 1, 1)
        u = images.u * _excess_power(images.u).rsqrt().view(-1, 1, 1, 1)
        return Preconditioned(u, v, power, features)

    def correction(self, output: Tensor, given: Preconditioned, levels: Tensor) -> Tensor:
        """``1/2 <v, f> + sum g + levels``, shape ``(B,)``.

        Args:
            output: of the U-Net, ``f`` and ``g``, shape ``(B, 2 C, H, W)``.
            given: what the U-Net was given.
            levels: terms that belong to no pixel, shape ``(B,)``.
        """
        output, pixel_energies = output.chunk(2, 1)
        levels = levels + sum_pixels(pixel_energies)
        return 0.5 * sum_pixels(given.v * output) + levels


class HomogeneousConditioning(nn.Module):
    """The network sees images of unit power, and its output is multiplied by the power again.

    Attributes:
        features: none are added to those of the noise level.
        outputs: of the U-Net for each channel: ``f``.
        normalize: whether the layers of the U-Net normalize.
    """

    features = 0
    outputs = 1
    normalize = True

    def precondition(self, images: Whitened, noise_features: Tensor) -> Preconditioned:
        """Divide images by their root mean square; arguments as for `AmplitudeConditioning.precondition`."""
        power = images.v.square().mean((1, 2, 3)) + _TINY
        v = images.v * power.rsqrt().view(-1, 1, 1, 1)
        u = images.u * (images.u.square().mean((1, 2, 3), keepdim=True) + _TINY).rsqrt()
        return Preconditioned(u, v, power, noise_features)

    def correction(self, output: Tensor, given: Preconditioned, levels: Tensor) -> Tensor:
        """``1/2 power <v, f> + levels``; arguments as for `AmplitudeConditioning.correction`."""
        output = given.power.view(-1, 1, 1, 1) * output
        return 0.5 * sum_pixels(given.v * output) + levels


def octave_bands(height: int, width: int) -> Tensor:
    """Averages over octaves of DCT frequency, shape ``(height * width, bands)``: columns that sum to 1.

    The frequency of a coefficient is the larger of its two indices; the bands are 0 to 3, 4 to 7, 8 to 15, ... The
    lowest is wide so that its mean square is never near zero by chance.
    """
    frequency = np.maximum(np.arange(height)[:, None], np.arange(width)).ravel()
    band = np.floor(np.log2(np.maximum(frequency, 2))).astype(int) - 1
    member = np.eye(band.max() + 1)[band]
    return torch.as_tensor(member / member.sum(0), dtype=torch.float32)


def _saturated_log(power: Tensor, largest: float) -> Tensor:
    """``log(power)``, but for a bend at `largest` no more than ``log(largest)``."""
    log_power = power.log()
    return log_power - F.softplus(_SHARPNESS * (log_power - math.log(largest))) / _SHARPNESS


def _excess_power(x: Tensor) -> Tensor:
    """What the squares of images must be divided by to have a mean of at most `_LARGEST_POWER`, shape ``(B,)``."""
    power = x.square().mean((1, 2, 3)) + _TINY
    return power / _saturated_log(power, _LARGEST_POWER).exp()
