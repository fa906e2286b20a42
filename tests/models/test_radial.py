"""The radial energy: derivatives, and what it can represent."""

import math

import torch

from explorer.models.analytic import GaussianScaleMixture
from explorer.models.dual import NoiseRange
from explorer.models.radial import RadialEnergy

NOISE = NoiseRange(t_min=1e-3, t0=1e-2, t_max=1e4)
SHAPE = (1, 4, 4)


def energy(pieces: int = 3) -> RadialEnergy:
    torch.manual_seed(0)
    return RadialEnergy(SHAPE, NOISE, mean_square=2.0, pieces=pieces)


def test_it_depends_on_the_norm_alone() -> None:
    model = energy()
    y = torch.randn(5, *SHAPE, generator=torch.Generator().manual_seed(0))
    turned = torch.linalg.qr(torch.randn(16, 16, generator=torch.Generator().manual_seed(1))).Q
    rotated = (y.flatten(1) @ turned).view_as(y)
    t = torch.full((5,), 0.1)
    torch.testing.assert_close(model.energy(y, t), model.energy(rotated, t), rtol=1e-4, atol=1e-3)


def test_log_p_is_convex_in_the_squared_norm() -> None:
    model = energy()
    rho = torch.linspace(0.1, 10, 60)
    y = rho.sqrt().view(-1, 1, 1, 1) * torch.ones(60, *SHAPE)
    log_p = model.log_prob(y, 0.1).double()
    assert (log_p[2:] + log_p[:-2] - 2 * log_p[1:-1]).min() > -1e-3


def test_normalize_fixes_the_constant_at_large_noise() -> None:
    model = energy()
    data = GaussianScaleMixture(torch.zeros(SHAPE), 2 * torch.eye(16), (1.0,))
    generator = torch.Generator().manual_seed(0)
    model.normalize(data.sample(20_000, generator), generator)
    y = math.sqrt(NOISE.t_max) * torch.randn(20_000, *SHAPE, generator=generator)
    entropy = 8 * math.log(2 * math.pi * math.e * NOISE.t_max)
    assert abs(float(-model.log_prob(y, NOISE.t_max).double().mean()) - entropy) < 0.1
