"""A step aside, on densities whose answer is known."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from explorer.measures.consistency.step_aside import SHIFTS, step_aside
from explorer.measures.consistency.verdict import deciding
from explorer.measures.shared.noise import noise_generator
from explorer.models.analytic import Gaussian, power_law_covariance

SIDE, PERIOD, T = 32, 8, 1e-3
PER_BIT = SIDE**2 * math.log(2)


def variances() -> Tensor:
    """Of a grid: pixels on the lines of blocks of 8 x 8 vary less; float64, shape ``(1, 32, 32)``."""
    inside = (torch.arange(SIDE) % PERIOD != 0).double()
    return 0.01 + 0.04 * (inside[:, None] * inside)[None]


def test_a_stationary_density_with_periodic_borders_has_a_constant_code_length() -> None:
    model = Gaussian(torch.full((1, SIDE, SIDE), 0.5).double(), power_law_covariance(SIDE, 0.05), t0=T)
    result = step_aside(model, model.sample(4, noise_generator(0)))
    assert len(result.energies) == SHIFTS
    assert max(result.energies) - min(result.energies) < 1e-6
    assert max(map(abs, result.second_differences)) < 1e-6
    assert max(result.standard_errors) < 1e-6


def test_a_grid_of_variances_has_the_jumps_of_the_closed_form() -> None:
    """Independent pixels: ``1/2 sum_i [log 2 pi (v_i + t) + v_(i-k) / (v_i + t)]`` nats, exactly if ``x_i^2 = v_i``."""
    v = variances()
    model = Gaussian(torch.zeros_like(v), torch.diag(v.flatten()), t0=T)
    signs = torch.randint(0, 2, (3, *v.shape), generator=noise_generator(0)).double() * 2 - 1
    result = step_aside(model, signs * v.sqrt())
    total = v + T
    expected = [
        float(0.5 * (torch.log(2 * math.pi * total) + torch.roll(v, (k, k), (1, 2)) / total).sum())
        for k in range(1, SHIFTS + 1)
    ]
    assert result.energies == pytest.approx(expected)
    jump = expected[7] - (expected[6] + expected[8]) / 2
    assert deciding(["does not pass"] * 15, result.second_differences) + 2 in (8, 16)
    assert result.second_differences[6] == pytest.approx(jump)
    assert jump / PER_BIT < -0.1  # a grid that the check must find
    assert result.second_differences[14] == pytest.approx(jump)
    assert result.second_differences[5] == pytest.approx(-jump / 2)
    assert max(result.standard_errors) < 1e-6 * abs(jump)  # all images have the same energies


def test_the_standard_error_is_that_of_the_mean_over_images() -> None:
    v = variances()
    model = Gaussian(torch.zeros_like(v), torch.diag(v.flatten()), t0=T)
    x = model.sample(400, noise_generator(1))
    whole = step_aside(model, x)
    parts = torch.tensor([step_aside(model, part).second_differences for part in x.split(20)], dtype=torch.float64)
    spread = parts.std(0) / math.sqrt(len(parts))
    assert torch.allclose(torch.tensor(whole.standard_errors).double(), spread, rtol=0.6)
    assert float((torch.tensor(whole.standard_errors).double() / spread).mean()) == pytest.approx(1, abs=0.15)


def test_the_seam_of_no_roll_does_not_enter_and_progress_is_told() -> None:
    model = Gaussian(torch.zeros(1, SIDE, SIDE).double(), torch.eye(SIDE**2).double(), t0=T)
    said: list[tuple[int, int]] = []
    result = step_aside(model, torch.rand(2, 1, SIDE, SIDE).double(), shifts=4, progress=lambda *s: said.append(s))
    assert said == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert (len(result.energies), len(result.second_differences), len(result.standard_errors)) == (4, 2, 2)
