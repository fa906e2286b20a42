"""A second data set: the same numbers as from its parts, on a density that is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from explorer.images import Values
from explorer.measures.consistency.other_photographs import estimates, evenly_spaced, jpeg_xl_bits
from explorer.measures.image.codecs import lossless_bits
from explorer.measures.shared.noise_levels import log_spaced
from explorer.models.analytic import Gaussian

VARIANCE, T = 0.01, 1e-6
SHAPE = (1, 8, 8)
LEVELS = log_spaced(T, 100.0, 60)


def noise(count: int, deviation: float) -> np.ndarray:
    """8-bit images of independent pixels about mid-gray."""
    values = 0.5 + deviation * np.random.default_rng(0).standard_normal((count, *SHAPE))
    return np.clip(values * 256, 0, 255).astype(np.uint8)


def model() -> Gaussian:
    return Gaussian(torch.full(SHAPE, 0.5), VARIANCE * torch.eye(64), t0=T)


def test_on_data_of_the_model_both_estimates_are_its_entropy() -> None:
    images = noise(300, math.sqrt(VARIANCE))
    result = estimates(model(), Values(), images, LEVELS)
    entropy = 32 * math.log(2 * math.pi * math.e * VARIANCE)
    assert result.energy == pytest.approx(entropy, abs=1.0)
    assert result.i_mmse == pytest.approx(entropy, abs=1.5)  # 0.03 bits/dimension, from the noise of 60 levels


def test_on_other_data_the_energy_and_the_denoiser_of_a_true_density_still_agree() -> None:
    """Of half the deviation: ``-E log p`` falls below the entropy of the model by the same amount in both."""
    images = noise(300, math.sqrt(VARIANCE) / 2)
    result = estimates(model(), Values(), images, LEVELS)
    cross = 32 * (math.log(2 * math.pi * VARIANCE) + 0.25)
    assert result.energy == pytest.approx(cross, abs=1.0)
    assert result.i_mmse == pytest.approx(cross, abs=1.5)


def test_files_are_counted_image_by_image_on_each_data_set() -> None:
    images, own = noise(3, 0.1), np.zeros((2, *SHAPE), np.uint8)
    result = estimates(model(), Values(), images, LEVELS[:2])
    assert result.jpeg_xl == np.mean([lossless_bits(image)["JPEG XL"] for image in images])
    assert lossless_bits(own[0])["JPEG XL"] == jpeg_xl_bits(own) < result.jpeg_xl


@pytest.mark.parametrize(
    ("total", "count", "expected"), [(10, 5, [0, 2, 4, 6, 8]), (3, 5, [0, 1, 2]), (5, 2, [0, 2]), (1, 1, [0])]
)
def test_images_are_taken_from_all_over_the_set(total: int, count: int, expected: list[int]) -> None:
    assert evenly_spaced(np.arange(total), count).tolist() == expected
