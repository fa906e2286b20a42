"""log p of many images, and what a model makes of them, in batches that fit into memory."""

from __future__ import annotations

import torch
from torch import Tensor

from explorer.images import Values
from explorer.models.base import EnergyModel
from explorer.models.devices import inference_batch_size

__all__ = ["denoise_batched", "log_prob_batched", "model_input"]


def log_prob_batched(model: EnergyModel, x: Tensor, t: float | None = None, batch_size: int | None = None) -> Tensor:
    """``log p(x, t)`` in nats for images ``(N, C, H, W)``, one forward pass each; shape ``(N,)``, on the CPU.

    Args:
        model: an energy model.
        x: images as the model reads them, on any device.
        t: noise variance; the model's own `t0` when None.
        batch_size: images at once; what fits into memory when None.
    """
    size = batch_size or inference_batch_size(model.dimensions, model.device)
    parts = [model.log_prob(part.to(model.device), t).cpu() for part in torch.split(x, size)]
    return torch.cat(parts) if parts else torch.empty(0)


def denoise_batched(model: EnergyModel, values: Values, x: Tensor, t: float | None) -> Tensor:
    """Take images for noisy ones and remove the noise: ``D(x, t)``, one backward pass each. No noise is added before.

    Args:
        model: an energy model.
        values: its value convention.
        x: images in the model's values, shape ``(N, C, H, W)``.
        t: noise variance, positive; None leaves the images as they are.

    Returns:
        Images of the same shape, on the CPU.
    """
    if t is None:
        return x
    parts = torch.split(x + values.dither(model.image_shape), inference_batch_size(model.dimensions, model.device))
    return torch.cat([model.denoise(part.to(model.device), t).cpu() for part in parts])


def model_input(values: Values, pixels: Tensor) -> Tensor:
    """What a model is given for 8-bit pixels ``(N, C, H, W)``: cell centers plus the fixed dither, float32."""
    _, channels, height, width = pixels.shape
    return values.centers(pixels) + values.dither((channels, height, width))
