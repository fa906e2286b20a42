"""Disks: five parameters, all of which show. C-alpha images: as regular as they say."""

import numpy as np
import pytest
import torch

from explorer.data.synthetic import CAlpha, Disks


def test_images_are_in_range_and_depend_on_the_seed_alone() -> None:
    disks = Disks(16)
    first = disks.sample(200, torch.Generator().manual_seed(0))
    assert first.shape == (200, 1, 16, 16)
    assert first.min() >= 0
    assert first.max() <= 1
    assert torch.equal(first, disks.sample(200, torch.Generator().manual_seed(0)))
    assert not torch.equal(first, disks.sample(200, torch.Generator().manual_seed(1)))


def test_every_parameter_moves_the_image_in_a_direction_of_its_own() -> None:
    disks = Disks(16)
    parameters = disks.parameters(20, torch.Generator().manual_seed(0)).double()
    for row in parameters:
        step = 1e-4 * torch.eye(5, dtype=torch.float64)
        jacobian = (disks.render(row + step) - disks.render(row - step)).flatten(1) / 2e-4
        assert np.linalg.svd(jacobian, compute_uv=False).min() > 0.3


def test_the_area_is_that_of_the_disk() -> None:
    disks = Disks(16)
    row = torch.tensor([[8.0, 8.0, 4.0, 1.0, 0.0]])
    np.testing.assert_allclose(float(disks.render(row).sum()), np.pi * 16, rtol=0.02)


@pytest.mark.parametrize("alpha", [1.0, 2.0])
def test_the_contour_has_the_spectrum_that_makes_its_regularity(alpha: float) -> None:
    """Its row is read from images whose regions are constant: amplitudes fall as ``k^-alpha``."""
    size = 64
    family = CAlpha(size, alpha)
    noise = 2 * torch.rand(2000, size, generator=torch.Generator().manual_seed(0)) - 1
    power = torch.fft.fft(family._smooth(noise, 1)).abs().square().mean(0)
    slope = np.polyfit(np.log(np.arange(1, 20)), np.log(power[1:20].numpy()), 1)[0]
    assert slope == pytest.approx(-2 * alpha, abs=0.05)
    x = family.sample(200, torch.Generator().manual_seed(0))
    assert 0 <= float(x.min()) < 0.1
    assert 0.9 < float(x.max()) <= 1
    # Light and dark are on either side of the middle row, and neither is always above.
    jump = x[:, 0, -1].mean(1) - x[:, 0, 0].mean(1)
    assert 60 < int((jump > 0).sum()) < 140


def test_the_contour_moves_by_fractions_of_a_pixel() -> None:
    """The edge takes a pixel's height for more than two rows, so that its place is not rounded."""
    x = CAlpha(32, 4.0).sample(50, torch.Generator().manual_seed(1))[:, 0]
    steps = torch.diff(x, dim=1).abs()
    jump = x.amax((1, 2)) - x.amin((1, 2))
    assert float((steps.amax((1, 2)) / jump).mean()) < 0.75


def test_two_draws_differ_and_the_same_generator_gives_the_same() -> None:
    first, again, other = (CAlpha(16, 2).sample(3, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
