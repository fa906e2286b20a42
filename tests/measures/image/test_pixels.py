"""Contrast, brightness and sparsity of images with known answers."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from explorer.images import SYNTHETIC
from explorer.measures.image.pixels import brightness, contrast, wavelet_sparsity
from explorer.perturbations import Perturbation, perturb
from explorer.wavelets import inverse_wavelet_transform


def images(count: int, channels: int = 1) -> torch.Tensor:
    return torch.rand(count, channels, 32, 32, generator=torch.Generator().manual_seed(0))


def test_against_numpy() -> None:
    x = images(4).numpy()
    np.testing.assert_allclose(brightness(x), x.mean((1, 2, 3)), rtol=1e-6)
    np.testing.assert_allclose(contrast(x), x.std((1, 2, 3)), rtol=1e-6)
    assert brightness(x).dtype == contrast(x).dtype == wavelet_sparsity(x).dtype == np.float64


@pytest.mark.parametrize("measure", [brightness, contrast, wavelet_sparsity])
def test_arrays_tensors_and_pixels_agree(measure: object) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 3, 16, 16), dtype=np.uint8)
    expected = measure(pixels / 255.0)
    assert expected.shape == (5,)
    np.testing.assert_allclose(measure(pixels), expected)
    np.testing.assert_allclose(measure(torch.from_numpy(pixels)), expected)
    np.testing.assert_allclose(measure(torch.from_numpy(pixels / 255.0)), expected)


@pytest.mark.parametrize("channels", [1, 3])
def test_contrast_scales_with_the_perturbation(channels: int) -> None:
    x = images(3, channels)
    np.testing.assert_allclose(contrast(perturb(x, Perturbation(contrast=0.5))), 0.5 * contrast(x), rtol=1e-5)


@pytest.mark.parametrize("side", [1, 8, 9, 32])
def test_a_constant_image_has_no_contrast_and_least_sparsity(side: int) -> None:
    pixels = np.full((2, 1, side, side), 130, np.uint8)
    details = {1: 1, 8: 64 - 16, 9: 1, 32: 1024 - 16}[side]
    assert contrast(pixels).max() < 1e-9
    np.testing.assert_allclose(wavelet_sparsity(pixels), 1 / details)


def test_sparsity_of_one_coefficient_of_equal_ones_and_of_gaussian_noise() -> None:
    one = torch.zeros(1, 1, 32, 32, dtype=torch.float64)
    one[0, 0, 20, 20] = 0.1
    equal = torch.full((1, 1, 32, 32), 0.01, dtype=torch.float64)
    assert wavelet_sparsity(inverse_wavelet_transform(one)) == pytest.approx(1 / 1008)
    assert wavelet_sparsity(inverse_wavelet_transform(equal)) == pytest.approx(1)
    noise = torch.randn(1, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    assert wavelet_sparsity(noise) == pytest.approx(2 / math.pi, rel=0.03)


def test_sparsity_does_not_depend_on_contrast_or_brightness_and_falls_with_the_perturbation() -> None:
    x = images(3)
    same = perturb(x, Perturbation(contrast=0.5, brightness=0.2))
    np.testing.assert_allclose(wavelet_sparsity(same), wavelet_sparsity(x), rtol=1e-4)
    assert (wavelet_sparsity(perturb(x, Perturbation(sparsity=0.1))) < 0.5 * wavelet_sparsity(x)).all()


def test_sparsity_ranks_synthetic_images() -> None:
    ratio = {name: wavelet_sparsity(make((1, 32, 32))[None])[0] for name, make in SYNTHETIC.items()}
    assert ratio["constant"] < ratio["disk"] < ratio["uniform noise"]
    assert all(0 < value <= 1 for value in ratio.values())
