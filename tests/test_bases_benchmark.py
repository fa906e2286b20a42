"""What the benchmark of bases measures, where the exact energy is at hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from benchmarks import bases
from explorer.images import Values
from explorer.models.analytic import Gaussian
from explorer.training.sources import PixelSource


def test_the_gap_of_the_exact_energy_is_where_it_must_be() -> None:
    truth = bases.linear_manifold(0)
    x = truth.sample(2, torch.Generator().manual_seed(1))
    _, dimension, agree, widest, expected, percent = bases.gap_row("exact", truth, x)
    assert agree == "9 of 9"
    assert dimension == 6
    assert widest == pytest.approx(expected, rel=0.05)
    assert isinstance(percent, float)
    assert abs(percent) < 5


def test_the_denoised_psnr_of_a_gaussian_is_that_of_the_wiener_filter() -> None:
    truth = Gaussian(torch.full((1, 8, 8), 0.5), torch.eye(64) * 0.01, 1e-4)
    x = truth.sample(500, torch.Generator().manual_seed(0))
    for t, psnr in zip((0.1, 0.001), bases.denoised_psnr(truth, x, (10.0, 30.0)), strict=True):
        assert psnr == pytest.approx(-10 * np.log10(0.01 * t / (0.01 + t)), abs=0.1)


def test_one_image_has_statistics() -> None:
    pixels = np.full((3, 1, 8, 8), 100, np.uint8)
    few = bases.Sampled(PixelSource(pixels, Values(), rows=np.array([1])))
    values = few.statistics(50, torch.Generator().manual_seed(0))
    assert values.shape == (50, 1, 8, 8)
    assert float(values.var(0).mean()) == pytest.approx(1 / (12 * 256**2), rel=0.1)
