"""Disks: five parameters, all of which show."""

import numpy as np
import torch

from explorer.data.synthetic import Disks


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
