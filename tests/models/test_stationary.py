"""Stationary Gaussians: against a dense covariance, and factored over scales."""

import pytest
import torch

from explorer.models.analytic import Gaussian, power_law_covariance
from explorer.models.haar import haar
from explorer.models.stationary import StationaryGaussian, power_law_spectrum

SIZE, T0 = 8, 1e-3


def stationary(size: int = SIZE) -> StationaryGaussian:
    return StationaryGaussian(power_law_spectrum(size, 0.05), 0.5, T0)


def noisy(model: StationaryGaussian, count: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    x = model.sample(count, generator)
    return x + T0**0.5 * torch.randn(x.shape, generator=generator, dtype=x.dtype)


def test_it_is_the_dense_gaussian_of_its_covariance() -> None:
    dense = Gaussian(torch.full((1, SIZE, SIZE), 0.5, dtype=torch.float64), power_law_covariance(SIZE, 0.05), T0)
    y = noisy(stationary(), 4)
    torch.testing.assert_close(stationary().log_prob(y), dense.log_prob(y))


def test_samples_have_the_spectrum() -> None:
    x = stationary().sample(4000, torch.Generator().manual_seed(0))
    assert float(x.var()) == pytest.approx(0.05, rel=0.05)
    assert float(x.mean()) == pytest.approx(0.5, abs=0.01)


def test_both_factors_are_those_of_the_dense_covariance() -> None:
    """Condition the 64 dense Haar coefficients by Schur's complement."""
    rows = [
        torch.cat([part.flatten() for part in haar(unit[None])]) for unit in torch.eye(64).double().view(-1, 1, 8, 8)
    ]
    transform = torch.stack(rows).T
    covariance = transform @ power_law_covariance(SIZE, 0.05) @ transform.T + T0 * torch.eye(64, dtype=torch.float64)
    cc, dc, dd = covariance[:16, :16], covariance[16:, :16], covariance[16:, 16:]
    y = noisy(stationary(), 3)
    coarse, details = haar(y)
    centered = coarse.flatten(1) - 1.0  # twice the mean
    mean = centered @ torch.linalg.solve(cc, dc.T)
    given = torch.distributions.MultivariateNormal(mean, dd - dc @ torch.linalg.solve(cc, dc.T))
    t, level = torch.full((3,), T0, dtype=torch.float64), torch.zeros(3, dtype=torch.float64)
    model = stationary()
    torch.testing.assert_close(
        -model.details().energy(details, t, coarse / 2, level), given.log_prob(details.flatten(1))
    )
    halved = model.halved().log_prob(coarse / 2) - 16 * torch.log(torch.tensor(2.0, dtype=torch.float64))
    alone = torch.distributions.MultivariateNormal(torch.zeros(16, dtype=torch.float64), cc)
    torch.testing.assert_close(halved, alone.log_prob(centered))


def test_local_energies_add_up_and_their_denoiser_is_wieners() -> None:
    details = stationary().details()
    coarse, d = haar(noisy(stationary(), 2))
    t, level = torch.tensor([1e-3, 1e-2], dtype=torch.float64), torch.zeros(2, dtype=torch.float64)
    local = details.local_energy(d, t, coarse / 2, level)
    assert local.shape == (2, 4, 4)
    torch.testing.assert_close(local.sum((1, 2)), details.energy(d, t, coarse / 2, level))
    far = details.denoise(d, torch.full_like(t, 1e6), coarse / 2, level)
    near = details.denoise(d, torch.full_like(t, 1e-12), coarse / 2, level)
    torch.testing.assert_close(near, d, rtol=0, atol=1e-6)
    assert far.square().mean() < d.square().mean()  # the prediction from the coarse image
