"""Numbers of a photograph that the page shows agree with each other."""

from __future__ import annotations

import math

import numpy as np
import pytest

from explorer.images import Values
from explorer.measures.image.scales import perturbed_bits
from explorer.perturbations import Perturbation
from explorer.webapp.large.measured import Measured
from tests.conftest import tiny_multiscale


@pytest.mark.parametrize("channels", [1, 3])
def test_maps_add_up_to_the_bits(channels: int) -> None:
    model, values = tiny_multiscale(channels), Values()
    pixels = np.random.default_rng(0).integers(0, 256, (channels, 32, 32), np.uint8)
    measured = Measured(perturbed_bits(model, values, pixels, Perturbation()), values.levels)
    d = channels * 32 * 32
    assert measured.dimensions == d
    for level in (0, 1):
        each = measured.map(level)
        assert each.shape == (16 >> level, 16 >> level)
        assert each.mean() * d == pytest.approx(measured.bits[(level, False)], rel=1e-5)
    whole = measured.map(None)
    assert whole.shape == (16, 16)
    assert whole.mean() * d == pytest.approx(measured.total, rel=1e-5)
    assert measured.log_prob == pytest.approx((8 * d - measured.total) * math.log(2))
