"""Local dimensionality of an image: how many directions its neighborhood has at each noise level.

With ``y = x + sqrt(t) eps`` and ``D`` the denoiser, the effective dimensionality (Guth, Kadkhodaie, Simoncelli 2025,
arXiv 2506.05310) has two estimates, equal for a normalized energy:

    denoising:  d_eff(x, t) = E ||x - D(y, t)||^2 / t
    energy:     d_eff(x, t) = d - 2 t d/dt E[U(y, t) | x] = d - E[ 2 t dU/dt + sqrt(t) <grad_y U, eps> ]

Both come from the same backward pass. It is near ``d`` where the neighborhood (of radius ``sqrt(t)`` a pixel) is finer
than the variation among similar images, and falls to 0 when it holds the whole data set. For a Gaussian it is
``sum_i lambda_i / (lambda_i + t)``.

A third estimate needs no noise: FLIPD (Kamkari et al. 2024), ``d + t (tr grad s + ||s||^2)`` at the clean image, equals
``d - 2 t dU/dt (x, t)`` by the heat equation: one backward pass in place of a trace.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from explorer.measures.shared.laplacian import laplacian
from explorer.measures.shared.noise import noise_generator
from explorer.models.base import EnergyModel, sum_pixels
from explorer.models.devices import inference_batch_size

__all__ = ["LocalDimensionality", "flipd", "flipd_by_trace", "local_dimensionality"]


class LocalDimensionality(NamedTuple):
    """Estimates for each image (rows) and noise variance (columns), shape ``(B, T)``, on the CPU.

    Attributes:
        denoising: ``E ||x - D(y, t)||^2 / t``.
        energy: ``d - 2 t d/dt E[U(y, t) | x]``.
        mean_energy: ``E[U(y, t) | x]`` in nats.
    """

    denoising: Tensor
    energy: Tensor
    mean_energy: Tensor


def local_dimensionality(
    model: EnergyModel, x: Tensor, ts: Sequence[float], draws: int = 1, seed: int = 0
) -> LocalDimensionality:
    """Local dimensionality of images over noise levels, one backward pass for each image, level and draw.

    The noise is antithetic (each draw with its mirror image) when `draws` is even. Every image has its own, the same at
    all levels and at each call, so that curves are smooth and an image that is changed a little gives a curve that is
    changed a little.

    Args:
        model: an energy model.
        x: images as the model reads them, shape ``(B, C, H, W)``.
        ts: noise variances, all positive.
        draws: noise draws averaged over.
        seed: of the noise.

    Raises:
        ValueError: no draws, or a noise variance that is not positive.
    """
    if draws < 1 or min(ts) <= 0:
        raise ValueError("At least one draw and positive noise variances are needed.")
    device, d = model.device, model.dimensions
    x = x.to(device)
    generator = noise_generator(seed)
    count, levels = len(x), len(ts)
    independent = draws // 2 if draws % 2 == 0 else draws
    eps = torch.randn(count, independent, *model.image_shape, generator=generator, dtype=x.dtype)
    eps = (torch.cat((eps, -eps), 1) if draws % 2 == 0 else eps).to(device)
    t = torch.tensor(ts, dtype=x.dtype, device=device)

    shape = (count, levels, draws)
    total = count * levels * draws
    columns = torch.empty(3, total, dtype=torch.float64)
    for chunk in torch.split(torch.arange(total, device=device), inference_batch_size(d, device)):
        image, rest = chunk // (levels * draws), chunk % (levels * draws)
        level, draw = rest // draws, rest % draws
        noise, variance = eps[image, draw], t[level]
        sigma = variance.sqrt().view(-1, 1, 1, 1)
        result = model.derivatives(x[image] + sigma * noise, variance)
        scaled_gradient = -sigma * result.score
        denoising = (scaled_gradient - noise).square().flatten(1).sum(1)
        slope = 2 * variance * result.time_score + (scaled_gradient * noise).flatten(1).sum(1)
        columns[:, chunk.cpu()] = torch.stack((denoising, d - slope, result.energy)).cpu().double()
    means = columns.view(3, *shape).mean(3)
    return LocalDimensionality(means[0], means[1], means[2])


def flipd(model: EnergyModel, x: Tensor, t: float) -> Tensor:
    """FLIPD from the time score, ``d - 2 t dU/dt (x, t)`` at clean images, one backward pass.

    Args:
        model: an energy model.
        x: images as the model reads them, shape ``(B, C, H, W)``.
        t: noise variance, positive.

    Returns:
        In dimensions, shape ``(B,)``.
    """
    parts = torch.split(x, inference_batch_size(model.dimensions, model.device))
    return torch.cat(
        [model.dimensions - 2 * t * model.derivatives(part.to(model.device), t).time_score for part in parts]
    )


def flipd_by_trace(
    model: EnergyModel, x: Tensor, t: float, probes: int | None = 16, seed: int = 0
) -> tuple[Tensor, Tensor]:
    """FLIPD as Kamkari et al. (2024) define it, ``d + t (tr grad s + ||s||^2)`` at clean images, ``s`` the score.

    Args:
        model, x, t: as for `flipd`.
        probes: of the trace, see `explorer.measures.shared.laplacian`; None for the exact trace.
        seed: of the probes.

    Returns:
        The dimensionality and its standard error over probes, both of shape ``(B,)``.
    """
    generator = noise_generator(seed)
    values, errors = [], []
    for part in torch.split(x, max(1, inference_batch_size(model.dimensions, model.device) // 4)):
        result = laplacian(model, part.to(model.device), t, probes, generator)
        values.append(model.dimensions + t * (sum_pixels(result.score.square()) - result.value))
        errors.append(t * result.standard_error)
    return torch.cat(values), torch.cat(errors)
