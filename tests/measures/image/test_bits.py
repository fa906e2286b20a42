"""The bits of one image, against the measure in nats and where the truth is known."""

from __future__ import annotations

import math
from collections.abc import Generator

import numpy as np
import pytest
import torch

from explorer.images import Values
from explorer.measures.image.bits import ImageBits, image_bits_steps, scale_levels
from explorer.measures.shared.steps import finish
from explorer.models.analytic import Gaussian, power_law_covariance
from explorer.models.checkpoints import Checkpoint

SIZE = 8


def steps_of(model: Gaussian | Checkpoint, x: np.ndarray, **options: int) -> Generator[float, None, ImageBits]:
    energy, values = (model.model, model.values) if isinstance(model, Checkpoint) else (model, Values())
    return image_bits_steps(energy, values, x, **options)


@pytest.fixture
def gaussian() -> Gaussian:
    mean = torch.full((1, SIZE, SIZE), 0.5)
    return Gaussian(mean, power_law_covariance(SIZE, 0.04).float(), t0=1e-6)


def test_levels_are_bit_planes(gaussian: Gaussian) -> None:
    psnr = scale_levels(gaussian)
    assert psnr[0] == pytest.approx(60)
    assert psnr[-1] == pytest.approx(-20)
    assert len(psnr) % 2 == 1
    assert np.diff(psnr) == pytest.approx(-6.02, abs=0.4)


def test_the_parts_add_up_and_the_sum_is_the_code_length(gaussian: Gaussian) -> None:
    x = gaussian.sample(1, torch.Generator().manual_seed(0))[0].numpy()
    bits = finish(steps_of(gaussian, x, draws=40))
    assert bits.scales.sum() + bits.floor == pytest.approx(bits.total)
    assert bits.total == pytest.approx(bits.energy, abs=4 * bits.draw_error + bits.grid_error)
    exact = -float(gaussian.log_prob(torch.from_numpy(x)[None])) / math.log(2) + 8 * SIZE**2
    # The noise of 60 dB and dequantization are in the mean, not in the image.
    assert bits.energy == pytest.approx(exact, abs=0.02 * abs(exact))


def test_a_value_costs_a_bit_where_nothing_is_known_of_it_and_none_where_noise_is_large(gaussian: Gaussian) -> None:
    x = gaussian.sample(1, torch.Generator().manual_seed(0))[0].numpy()
    bits = finish(steps_of(gaussian, x, draws=40))
    share = bits.scales / SIZE**2
    assert share[1] == pytest.approx(bits.most, abs=0.05)
    assert share[-1] == pytest.approx(0, abs=0.02)
    assert bits.most == pytest.approx(1, abs=0.1)


def test_batches_change_nothing_and_tell_how_far_it_is(tiny_checkpoint: Checkpoint) -> None:
    x = np.full((1, 8, 8), 0.4, dtype=np.float32)
    shares = list(steps_of(tiny_checkpoint, x, batch_size=7))
    assert len(shares) > 5
    assert shares == sorted(shares)
    assert shares[-1] == 1
    few, all_at_once = finish(steps_of(tiny_checkpoint, x, batch_size=7)), finish(steps_of(tiny_checkpoint, x))
    np.testing.assert_allclose(few.pixels, all_at_once.pixels, atol=1e-3)
