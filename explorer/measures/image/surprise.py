"""Where the bits of an image are: its code length, pixel by pixel and noise scale by noise scale.

Pointwise I-MMSE (Kong, Brekelmans and Ver Steeg 2023, arXiv 2302.03792). With ``y = x + sqrt(t) eps``, ``D`` the
denoiser and ``e_i(t) = E (x_i - D_i(y, t))^2 / t`` the error at value ``i`` of one image ``x`` as a share of the noise,
the mean of ``-log p(y, t0)`` over the noise is the sum over all values of

    h_i = 1/2 log(2 pi T) + E (y_i - mean_i)^2 / (2 T) - 1/2 integral_{t0}^{T} (1 - e_i(t)) dlog t,

``T`` far above every variance. There ``e_i(T) = (x_i - mean_i)^2 / T``, the mean being all that ``D`` says, so that no
mean is needed; and taking the noise of variance ``t0`` apart,

    h_i = 1/2 log(2 pi e t0) + 1/2 integral_{t0}^{T} e_i(t) dlog t + 1/2 e_i(T) .

The first term is that of noise alone, the same at all values; the rest is positive, and says at which scales of noise a
value is hard to know. With cells of width ``1/levels`` it is a code length of ``h_i / log 2 + log2(levels)`` bits.

**Estimate.** Trapezoidal rule in ``log t``, and at each level `draws` draws of ``eps``. With ``J`` the Jacobian of
``D``, ``e_i`` varies as ``J_ii^2 eps_i^2``, and the mean of ``eps_i^2`` is known: ``J_ii^2 (eps_i^2 - 1)`` is
subtracted (control variate). On average ``e_i = J_ii``, since ``t J`` is the covariance of ``x`` given ``y``; it is
read from the neighborhood of the value at the levels above and below, whose noise is another, so that the mean stays
what it is.

**Dequantization.** Where an image is smooth, most of the bits of a value are those of what was added to its pixel
below one gray level, and a map of a single draw of that is speckled. For a map of the pixels give each draw of the
noise its own dequantization.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from explorer.measures.shared.noise import noise_generator
from explorer.measures.shared.noise_levels import log_spaced
from explorer.measures.shared.steps import finish
from explorer.models.base import EnergyModel, sum_pixels
from explorer.models.devices import inference_batch_size

__all__ = ["Surprise", "surprise", "surprise_steps"]

_LEVELS = 21
_DRAWS = 2
_NEIGHBORHOOD = 5  # pixels


@dataclass(frozen=True)
class Surprise:
    """The code length of images, value by value. All in nats, on the CPU.

    Attributes:
        ts: noise variances, increasing, shape ``(K,)``.
        floor: ``1/2 log(2 pi e t0)``, what each value costs without an image.
        by_level: what each level adds to that, shape ``(B, K, C, H, W)``; positive but for the error of the draws.
        energy: ``E U(y, t0)`` of the same noisy images, the energy's own code length, shape ``(B,)``.
        draw_error: standard error of `total` from the draws, shape ``(B,)``; not a number with one draw.
        value_error: the same of a single value of `nats`, root mean square over an image, shape ``(B,)``.
        grid_error: error of `total` from the spacing of the levels: a third of the change when every other one is left
            out, shape ``(B,)``. It holds the draws' error of that change as well.
    """

    ts: Tensor
    floor: float
    by_level: Tensor
    energy: Tensor
    draw_error: Tensor
    value_error: Tensor
    grid_error: Tensor

    @property
    def nats(self) -> Tensor:
        """``h_i``, shape ``(B, C, H, W)``."""
        return self.floor + self.by_level.sum(1)

    @property
    def total(self) -> Tensor:
        """``sum_i h_i``, the code length as the denoising error tells it, shape ``(B,)``."""
        return sum_pixels(self.nats)

    def pixel_bits(self, levels: int) -> Tensor:
        """Code length of each pixel in bits, summed over channels, shape ``(B, H, W)``.

        Args:
            levels: number of cells per value, 256 for 8-bit images.
        """
        return (self.nats / math.log(2) + math.log2(levels)).sum(1)

    def pixel_bits_by_level(self) -> Tensor:
        """Bits of each pixel that come from each noise level, summed over channels, shape ``(B, K, H, W)``."""
        return self.by_level.sum(2) / math.log(2)


def surprise(
    model: EnergyModel,
    x: Tensor,
    t0: float,
    t_max: float,
    *,
    levels: int = _LEVELS,
    draws: int = _DRAWS,
    seed: int = 0,
) -> Surprise:
    """The map of surprise of images; one gradient for each image, level and draw.

    The noise is the same for all images, so that maps are compared under common random numbers, and independent from
    level to level, so that its errors average out in the integral.

    Args:
        model: an energy model.
        x: images as the model reads them, shape ``(B, C, H, W)``; or ``(B, draws, C, H, W)``, another dequantization of
            the same pixels for each draw of the noise, over which all numbers are then means.
        t0: smallest noise variance, positive.
        t_max: ``T``, far above the variances of the data.
        levels: noise variances, evenly spaced in ``log t``; odd, at least 3.
        draws: of the noise at each level, at least 1; those of `x` where it has them.
        seed: of the noise.

    Raises:
        ValueError: no draws, an even number of levels or fewer than 3, or not ``0 < t0 < t_max``.
    """
    return finish(surprise_steps(model, x, t0, t_max, levels=levels, draws=draws, seed=seed))


def surprise_steps(
    model: EnergyModel,
    x: Tensor,
    t0: float,
    t_max: float,
    *,
    levels: int = _LEVELS,
    draws: int = _DRAWS,
    seed: int = 0,
    batch_size: int | None = None,
) -> Generator[float, None, Surprise]:
    """As `surprise`, one batch of the model at a time: yields the share that is done, and returns the map.

    Args:
        model, x, t0, t_max, levels, draws, seed: as there.
        batch_size: noisy images at once; what fits into memory when None.

    Raises:
        ValueError: as there, at the first step.
    """
    separate = x.dim() == 5
    draws = x.shape[1] if separate else draws
    if draws < 1 or levels < 3 or levels % 2 == 0 or not 0 < t0 < t_max:
        raise ValueError("A map of surprise needs a draw, an odd number of levels from 3 on, and 0 < t0 < t_max.")
    ts = log_spaced(t0, t_max, levels)
    x = x if separate else x[:, None].expand(-1, draws, -1, -1, -1)
    errors, noise_power, energy = yield from _errors(model, x, ts, seed, batch_size)
    errors -= _gain(errors).square() * noise_power
    sums = errors.flatten(3).sum(3, dtype=torch.float64)  # over values, (B, K, draws)
    fine, coarse = _weights(ts)
    return Surprise(
        ts=torch.tensor(ts, dtype=torch.float64),
        floor=0.5 * math.log(2 * math.pi * math.e * t0),
        by_level=fine.view(-1, 1, 1, 1).to(errors) * errors.mean(2),
        energy=energy,
        draw_error=_variance(sums, fine, separate).sqrt(),
        value_error=_variance(errors.flatten(3).double(), fine, separate).mean(1).sqrt(),
        grid_error=((coarse - fine) * sums.mean(2)).sum(1).abs() / 3,
    )


def _weights(ts: list[float]) -> tuple[Tensor, Tensor]:
    """``h - floor`` from ``e`` at each level: weights with all of them, and with every other one; both ``(K,)``."""
    spacing = math.log(ts[1] / ts[0])
    fine = torch.full((len(ts),), 0.5 * spacing, dtype=torch.float64)
    fine[[0, -1]] /= 2
    coarse = torch.zeros_like(fine)
    coarse[::2] = spacing
    coarse[[0, -1]] /= 2
    for weights in (fine, coarse):
        weights[-1] += 0.5  # from T to infinity
    return fine, coarse


def _variance(parts: Tensor, weights: Tensor, separate: bool) -> Tensor:
    """Of ``sum_k weights_k mean_draws parts_k``, for `parts` ``(B, K, draws, ...)``; shape ``(B, ...)``.

    The draws at one level are independent of those at another, which two draws a level then suffice to know; not so
    where each draw has an image of its own, the same at all levels. One draw gives no variance.
    """
    draws = parts.shape[2]
    if draws < 2:
        return torch.full((len(parts), *parts.shape[3:]), math.nan, dtype=parts.dtype)
    weights = weights.view(1, -1, *[1] * (parts.dim() - 2))
    if separate:
        return (weights * parts).sum(1).var(1) / draws
    return (weights[:, :, 0].square() * parts.var(2)).sum(1) / draws


def _errors(
    model: EnergyModel, x: Tensor, ts: list[float], seed: int, batch_size: int | None
) -> Generator[float, None, tuple[Tensor, Tensor, Tensor]]:
    """For images ``(B, draws, C, H, W)``: ``(x_i - D_i)^2 / t`` and ``eps_i^2 - 1``, both ``(B, K, draws, C, H, W)``.

    And the mean energy at the first level, ``(B,)``, without ``1/2 (||eps||^2 - d)``, which is of mean zero.
    """
    device, d = model.device, model.dimensions
    x, (count, draws) = x.to(device), x.shape[:2]
    eps = torch.randn(len(ts), draws, *model.image_shape, generator=noise_generator(seed), dtype=x.dtype)
    variances = torch.tensor(ts, dtype=x.dtype)
    rest = len(ts) * draws
    errors = torch.empty(count * rest, *model.image_shape, dtype=x.dtype)
    energies = torch.empty(count * rest, dtype=x.dtype)
    for chunk in torch.split(torch.arange(count * rest), batch_size or inference_batch_size(d, device)):
        image, level, draw = chunk // rest, chunk % rest // draws, chunk % draws
        noise, t = eps[level, draw].to(device), variances[level].to(device)
        sigma = t.sqrt().view(-1, 1, 1, 1)
        result = model.derivatives(x[image.to(device), draw.to(device)] + sigma * noise, t)
        errors[chunk] = (sigma * result.score + noise).square().cpu()
        energies[chunk] = result.energy.cpu()
        yield float(chunk[-1] + 1) / (count * rest)
    noise_power = eps.square() - 1
    first = energies.view(count, len(ts), draws)[:, 0] - 0.5 * sum_pixels(noise_power[0])
    return errors.view(count, len(ts), draws, *model.image_shape), noise_power[None], first.mean(1)


def _gain(errors: Tensor) -> Tensor:
    """``J_ii`` in [0, 1], from `errors` ``(B, K, draws, C, H, W)``; shape ``(B, K, 1, C, H, W)``."""
    smooth = F.avg_pool2d(errors.mean(2).flatten(0, 1), _NEIGHBORHOOD, 1, _NEIGHBORHOOD // 2, count_include_pad=False)
    smooth = smooth.view(errors.shape[:2] + errors.shape[3:])
    below = torch.cat((smooth[:, 1:2], smooth[:, :-1]), 1)
    above = torch.cat((smooth[:, 1:], smooth[:, -2:-1]), 1)
    return (0.5 * (below + above)).clamp(0, 1)[:, :, None]
