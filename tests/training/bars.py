"""Bars of two gray levels, and a run that learns them in a moment."""

from __future__ import annotations

import numpy as np

from explorer.models.dual import DualEnergyConfig, NoiseRange
from explorer.models.unet import UNetConfig
from explorer.training.config import TrainingConfig
from explorer.training.sources import PixelSource

__all__ = ["bars", "config", "pixels"]


def pixels(count: int = 200, seed: int = 0) -> np.ndarray:
    """Bars of two gray levels: as far from Gaussian as 8 x 8 images get."""
    rng = np.random.default_rng(seed)
    images = np.full((count, 1, 8, 8), 40, np.uint8)
    for image, row in zip(images, rng.integers(0, 8, count), strict=True):
        image[0, row] = 200
    return images


def config(**settings: object) -> TrainingConfig:
    model = DualEnergyConfig(
        image_shape=(1, 8, 8),
        noise=NoiseRange(t_min=1e-6, t0=1e-5, t_max=100.0),
        unet=UNetConfig(base_width=4, num_scales=1, embedding_dim=16),
        anchor=bool(settings.pop("anchor", True)),
        frequencies=4,
    )
    defaults = {"steps": 6, "batch_size": 16, "validate_every": 3, "validation_images": 8, "warmup_steps": 2}
    return TrainingConfig(name="bars", dataset="bars", model=model, **(defaults | settings))


def bars(config: TrainingConfig) -> PixelSource:
    return PixelSource(pixels(), config.values, config.flip)
