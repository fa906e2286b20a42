"""What an energy sees in an image, as a vector: images that a model treats alike have vectors that are near.

For a network, the features are the logarithms of the mean square of every channel of every layer of its U-Net,

    log( mean over pixels of a_c^2 + 10^-4 ),        a_c = channel c of a layer, at (x, t), x the image without noise,

at noise of 30 dB (what is fine) and of 10 dB (what is coarse): two forward passes an image. For a model without a U-Net
they are what its score holds in each octave of frequency,

    log( mean over an octave of (sqrt(t) z_i)^2 + 10^-4 ),        z = DCT of the score at (x, t),

from 40 dB to 0 dB in steps of 10 dB: one backward pass each.

The first was chosen by measurement (`python -m benchmarks.map`). With natural32 and 2,000 images of Tiny ImageNet, the
ten nearest neighbors of an image in it predict its log p with R^2 = 0.85, its local dimensionality at 20 dB with 0.90
and its contrast with 0.88, and tell which of 200 labels it has in 3.6 % of all cases; in the space of pixels these are
0.04, -0.09, -0.26 and 1.1 %. Energies over noise levels predict log p better (0.98), and know no more of the labels
than pixels.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from typing import Literal

import torch
from torch import Tensor

from explorer.models.anchor import dct_matrix
from explorer.models.base import EnergyModel
from explorer.models.conditioning import octave_bands
from explorer.models.unet import Layer
from explorer.units import noise_variance_from_psnr

__all__ = [
    "LAYER_PSNRS",
    "SCORE_PSNRS",
    "FeatureKind",
    "Features",
    "feature_kind",
    "features",
    "layer_powers",
    "score_powers",
]

FeatureKind = Literal["layer powers", "score powers"]

Features = Callable[[Tensor], Tensor]
"""``(B, C, H, W) -> (B, F)``, images as the model reads them, to float32 on the CPU."""

LAYER_PSNRS = (30.0, 10.0)
"""Noise levels, in dB, at which the layers of a network are looked at."""

SCORE_PSNRS = (40.0, 30.0, 20.0, 10.0, 0.0)
"""Noise levels, in dB, at which a score is looked at."""

_FLOOR = 1e-4  # of a mean square: a channel that is silent stays silent, whatever its last digits are


def feature_kind(model: EnergyModel) -> FeatureKind:
    """Which features a model has: those of its layers where it has a U-Net, else those of its score.

    Raises:
        ExplorerError: its energy is known at one noise level alone.
    """
    model.need_noise_levels("A map")
    return "layer powers" if any(isinstance(module, Layer) for module in model.modules()) else "score powers"


def features(model: EnergyModel) -> Features:
    """The features of a model, of the kind that `feature_kind` says."""
    return layer_powers(model) if feature_kind(model) == "layer powers" else score_powers(model)


def layer_powers(model: EnergyModel, psnrs: Sequence[float] = LAYER_PSNRS) -> Features:
    """Log mean squares of the channels of all layers of the model's U-Net.

    Args:
        model: with a U-Net. It is copied: the copy is the one that is listened to, so that others may go on using the
            model meanwhile. What is returned is for one thread.
        psnrs: noise levels in dB; those finer than where the model reports log p are taken there.
    """
    heard: list[Tensor] = []
    listened = copy.deepcopy(model)
    for module in listened.modules():
        if isinstance(module, Layer):
            module.register_forward_hook(lambda _module, _inputs, output: heard.append(_log_power(output)))

    def measure(x: Tensor) -> Tensor:
        x = x.to(listened.device)
        heard.clear()
        for t in _variances(listened, psnrs):
            listened.log_prob(x, t)
        return torch.cat(heard, 1).cpu()

    return measure


def score_powers(model: EnergyModel, psnrs: Sequence[float] = SCORE_PSNRS) -> Features:
    """Log mean squares of ``sqrt(t)`` times the score, in octaves of frequency and by color channel.

    Args:
        model: any energy.
        psnrs: noise levels in dB; those finer than where the model reports log p are taken there.
    """
    _, height, width = model.image_shape
    rows, columns = (dct_matrix(n).float().to(model.device) for n in (height, width))
    bands = octave_bands(height, width).to(model.device)

    def measure(x: Tensor) -> Tensor:
        x = x.to(model.device)
        powers = []
        for t in _variances(model, psnrs):
            z = rows @ (math.sqrt(t) * model.derivatives(x, t).score).float() @ columns.T
            powers.append((z.square().flatten(2) @ bands + _FLOOR).log().flatten(1))
        return torch.cat(powers, 1).cpu()

    return measure


def _log_power(output: Tensor) -> Tensor:
    return (output.float().square().mean((2, 3)) + _FLOOR).log()


def _variances(model: EnergyModel, psnrs: Sequence[float]) -> list[float]:
    return [max(float(noise_variance_from_psnr(psnr)), model.t0) for psnr in psnrs]
