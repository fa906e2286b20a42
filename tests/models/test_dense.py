"""The dense energy: derivatives, and that it ends as the anchor."""

import torch

from explorer.data.synthetic import Disks
from explorer.models.dense import DenseEnergy
from explorer.models.dual import NoiseRange

NOISE = NoiseRange(t_min=1e-3, t0=4e-3, t_max=100.0)


def energy() -> DenseEnergy:
    torch.manual_seed(0)
    return DenseEnergy(NOISE, Disks(8).sample(500, torch.Generator().manual_seed(0)), width=16, depth=2)


def test_derivatives_agree_with_finite_differences() -> None:
    model = energy().double()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    y = torch.rand(3, 1, 8, 8, dtype=torch.float64)
    t = torch.tensor([0.01, 0.1, 1.0], dtype=torch.float64)
    result = model.derivatives(y, t)
    direction, h = torch.randn_like(y), 1e-6
    along_y = (model.energy(y + h * direction, t) - model.energy(y - h * direction, t)) / (2 * h)
    along_t = (model.energy(y, t * (1 + h)) - model.energy(y, t * (1 - h))) / (2 * h * t)
    torch.testing.assert_close(-(result.score * direction).flatten(1).sum(1), along_y, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(result.time_score, along_t, rtol=1e-5, atol=1e-5)


def test_it_ends_as_the_gaussian() -> None:
    model = energy().requires_grad_(False)
    torch.nn.init.normal_(model.offset.weight, std=0.1)
    y = torch.rand(4, 1, 8, 8)

    def correction(t: float) -> float:
        ts = torch.full((4,), t)
        return float((model.energy(y, ts) - model.gaussian.energy(y, ts)).abs().mean())

    assert correction(1e6) < 0.01
