"""What a run reports at a validation: metrics by noise level, two estimates of the NLL, and denoised examples."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from explorer.home import write_atomically
from explorer.measures.dataset.nll import NegativeLogLikelihood, negative_log_likelihood
from explorer.measures.shared.noise_levels import NoiseLevel, log_spaced, noise_levels
from explorer.models.dual import DualEnergy
from explorer.training.config import TrainingConfig
from explorer.units import noise_variance_from_psnr

__all__ = ["Validation", "save_denoised_examples", "validate"]

_LEVELS = 17
_EXAMPLES = 8
_EXAMPLE_PSNRS = (25.0, 15.0, 5.0)


@dataclass(frozen=True)
class Validation:
    """Metrics of a model on validation images.

    Attributes:
        nll: negative log-likelihood at ``t0``, from the energy and from I-MMSE.
        levels: measurements by noise level.
        value_levels: number of cells a value, for code lengths.
    """

    nll: NegativeLogLikelihood
    levels: list[NoiseLevel]
    value_levels: int

    @property
    def bits_per_dimension(self) -> dict[str, float]:
        """Code lengths from the `energy` and from `i_mmse`, and their `gap`."""
        return self.nll.bits_per_dimension(self.value_levels)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "bits_per_dimension": self.bits_per_dimension,
            "images": self.nll.images,
            "levels": [level.as_dict() for level in self.levels],
        }


def validate(model: DualEnergy, config: TrainingConfig, pixels: np.ndarray) -> Validation:
    """Measure `model` on 8-bit images ``(N, C, H, W)``, the same dequantization and noise at each call."""
    generator = torch.Generator().manual_seed(config.seed)
    x = config.values.dequantized(torch.from_numpy(np.array(pixels)), generator)
    noise = config.model.noise
    levels = noise_levels(model, x, log_spaced(noise.t0, noise.t_max, _LEVELS), config.seed)
    return Validation(negative_log_likelihood(x, levels), levels, config.values.levels)


def save_denoised_examples(model: DualEnergy, config: TrainingConfig, pixels: np.ndarray, path: Path) -> None:
    """Write a PNG of a few validation images: for each of three noise levels, a noisy row and a denoised row below the
    clean row at the top."""
    clean = config.values.centers(torch.from_numpy(np.array(pixels[:_EXAMPLES]))).to(model.device)
    eps = torch.randn(clean.shape, generator=torch.Generator().manual_seed(config.seed)).to(model.device)
    rows = [clean]
    for psnr in _EXAMPLE_PSNRS:
        t = float(noise_variance_from_psnr(psnr))
        noisy = clean + t**0.5 * eps
        rows += [noisy, model.denoise(noisy, t)]
    grid = torch.stack([torch.cat(list(row), dim=2) for row in rows])
    bytes_ = torch.cat(list(grid), dim=1).clamp(0, 1).mul(255).round().byte().cpu().numpy()
    image = Image.fromarray(bytes_[0] if len(bytes_) == 1 else bytes_.transpose(1, 2, 0))
    with write_atomically(path) as temporary:
        image.save(temporary, format="PNG")
