"""What comes back from noise: everything from a memory, nothing from a density that knows no image."""

import numpy as np
import pytest
import torch

from explorer.errors import ExplorerError
from explorer.images import Values
from explorer.measures.wells.recall import recall
from explorer.models.analytic import Gaussian, power_law_covariance
from explorer.models.base import EnergyModel
from explorer.models.memory import Memory

VALUES = Values()


@pytest.fixture(scope="module")
def truth() -> Gaussian:
    return Gaussian(torch.full((1, 8, 8), 0.5), power_law_covariance(8, 0.04).float(), t0=1e-4)


@pytest.fixture(scope="module")
def pixels(truth: Gaussian) -> np.ndarray:
    return VALUES.to_pixels(truth.sample(30, torch.Generator().manual_seed(0))).numpy()


def test_a_memory_brings_its_images_back_and_no_others(truth: Gaussian, pixels: np.ndarray) -> None:
    stored = Memory(VALUES.centers(torch.from_numpy(pixels[:20])), t0=1e-4)
    small, middle, large = recall(stored, VALUES, pixels[:20], range(20), [1e-3, 0.03, 20.0])
    assert small.share == 1
    assert small.distance.max() < 0.5 / 255
    assert middle.share > 0.9
    assert large.share < 0.3  # one in twenty by chance
    (fresh,) = recall(stored, VALUES, pixels[20:], range(10), [0.03])
    assert fresh.distance.min() > 0.02  # each ends in one of the twenty
    assert set(map(bytes, fresh.ends)) <= set(map(bytes, pixels[:20]))


def test_a_density_keeps_what_the_noise_leaves(truth: Gaussian, pixels: np.ndarray) -> None:
    little, much = recall(truth, VALUES, pixels, [3, 5, 8, 13], [1e-4 * 1.01, 1.0])
    assert little.share == 1
    assert little.distance.mean() < 0.02
    assert much.distance.mean() > 0.1
    assert much.ends.shape == (4, 1, 8, 8)


def test_one_noise_level_is_not_enough(pixels: np.ndarray) -> None:
    class One(EnergyModel):
        image_shape = (1, 8, 8)
        t0 = t_min = t_max = 1e-4

    with pytest.raises(ExplorerError, match="noise levels"):
        recall(One(), VALUES, pixels, [0], [1.0])
