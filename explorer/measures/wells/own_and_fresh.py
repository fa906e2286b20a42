"""Does a model know its training images? Their energy and denoising error beside those of fresh images.

At each noise variance ``t``, with ``y = x + sqrt(t) eps``, over own and over fresh images of one distribution:

    Delta(t) = E_fresh U(y, t) - E_own U(y, t)        how much more probable own images are, in nats
    R(t)     = E_fresh mse / E_own mse                 how much better they are denoised

Both are at what chance allows, 0 and 1, for a model that has learned a density, and grow where it has learned its
images. The exact density of the N own images (`explorer.models.memory`) has the largest possible ``Delta``.

Images differ far more in log p than a model's memory makes them differ: some are smooth and some are rough. What simple
statistics of an image, which know nothing of a training set, predict of ``U`` is taken out (analysis of covariance):
``U`` is regressed within both groups on the logarithms of the image's mean square Haar details, scale by scale, and the
difference of the group means of these, times the coefficients, is subtracted. It changes no expectation where own and
fresh images have one distribution, and makes the error several times smaller.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from explorer.measures.shared.noise_levels import noise_levels
from explorer.models.base import EnergyModel
from explorer.progress import Progress
from explorer.units import psnr_from_noise_variance

__all__ = ["OwnAndFresh", "adjusted_difference", "own_and_fresh"]

_FLOOR = 1e-4  # of a mean square: a constant patch has none
_PER_STATISTIC = 10  # images that each coefficient needs


@dataclass(frozen=True)
class OwnAndFresh:
    """Own beside fresh images at one noise variance.

    Attributes:
        t: noise variance.
        own, fresh: mean ``U(y, t)``, in nats.
        difference: ``Delta``, in nats, what simple statistics predict taken out; positive where own images are more
            probable.
        error: its standard error.
        own_mse, fresh_mse: mean of ``||x - D(y, t)||^2 / (t d)``.
        own_mse_error, fresh_mse_error: their standard errors.
    """

    t: float
    own: float
    fresh: float
    difference: float
    error: float
    own_mse: float
    fresh_mse: float
    own_mse_error: float
    fresh_mse_error: float

    @property
    def psnr(self) -> float:
        """`t` in dB."""
        return float(psnr_from_noise_variance(self.t))


def own_and_fresh(
    model: EnergyModel,
    own: Tensor,
    fresh: Tensor,
    ts: Sequence[float],
    seed: int = 0,
    progress: Progress | None = None,
) -> list[OwnAndFresh]:
    """Compare images that a model was trained on with others of the same distribution, one gradient each per level.

    Args:
        model: an energy model.
        own, fresh: clean (dequantized) images, shapes ``(N, C, H, W)`` and ``(M, C, H, W)``, at least two each.
        ts: noise variances, all positive.
        seed: of the noise.
        progress: called with (levels done, levels in all).

    Raises:
        ValueError: fewer than two images of a kind.
    """
    if min(len(own), len(fresh)) < 2:
        raise ValueError("At least two own and two fresh images are needed to know the error.")
    groups = (own, fresh)
    statistics = [_statistics(x) for x in groups]
    found = []
    for done, t in enumerate(ts, 1):
        of_own, of_fresh = (noise_levels(model, x, [t], seed + 2 * done + k)[0] for k, x in enumerate(groups))
        difference, error = adjusted_difference(of_fresh.energies.numpy(), of_own.energies.numpy(), *statistics[::-1])
        found.append(
            OwnAndFresh(
                t=t,
                own=of_own.mean_energy,
                fresh=of_fresh.mean_energy,
                difference=difference,
                error=error,
                own_mse=of_own.relative_error,
                fresh_mse=of_fresh.relative_error,
                own_mse_error=_standard_error(of_own.relative_errors),
                fresh_mse_error=_standard_error(of_fresh.relative_errors),
            )
        )
        if progress is not None:
            progress(done, len(ts))
    return found


def adjusted_difference(
    first: np.ndarray, second: np.ndarray, about_first: np.ndarray, about_second: np.ndarray
) -> tuple[float, float]:
    """Mean of `first` minus mean of `second`, what `about` predicts taken out, and its standard error.

    Least squares of the value on which group it is of and on the statistics, with the error that holds where the groups
    scatter differently (White 1980). Where there are fewer than ten values for each statistic, fewer of these are used.

    Args:
        first, second: shapes ``(n,)`` and ``(m,)``.
        about_first, about_second: statistics of each, shapes ``(n, k)`` and ``(m, k)``.
    """
    values = np.concatenate((first, second)).astype(float)
    is_first = np.concatenate((np.ones(len(first)), np.zeros(len(second))))
    about = np.concatenate((about_first, about_second)).astype(float)
    about = about[:, : len(values) // _PER_STATISTIC]
    about = about - about.mean(0)
    about = about[:, about.std(0) > 0]
    design = np.column_stack((is_first, 1 - is_first, about))
    inverse = np.linalg.pinv(design.T @ design)
    coefficients = inverse @ (design.T @ values)
    left = values - design @ coefficients
    free = max(1, len(values) - design.shape[1])
    spread = (design * (left**2)[:, None]).T @ design * (len(values) / free)
    covariance = inverse @ spread @ inverse
    contrast = np.zeros(design.shape[1])
    contrast[:2] = 1, -1
    return float(contrast @ coefficients), math.sqrt(max(0.0, float(contrast @ covariance @ contrast)))


def _standard_error(values: Tensor) -> float:
    return float(values.std()) / math.sqrt(len(values))


def _statistics(x: Tensor) -> np.ndarray:
    """What simple statistics say of images ``(N, C, H, W)``, the most telling first: at each scale of the Haar pyramid
    the mean logarithm of the squared details, and the logarithm of their mean square."""
    x = x.double().cpu()
    found: list[Tensor] = []
    while min(x.shape[2:]) >= 2:
        x = x[..., : x.shape[2] // 2 * 2, : x.shape[3] // 2 * 2]
        a, b, c, d = x[..., ::2, ::2], x[..., ::2, 1::2], x[..., 1::2, ::2], x[..., 1::2, 1::2]
        details = torch.stack((a - b + c - d, a + b - c - d, a - b - c + d), 1).square() / 4
        found.append(torch.log(details + _FLOOR).flatten(1).mean(1))
        found.append(torch.log(details.flatten(1).mean(1) + _FLOOR))
        x = avg_pool2d(x, 2)
    if not found:
        return np.zeros((len(x), 0))
    return torch.stack(found, 1).numpy()
