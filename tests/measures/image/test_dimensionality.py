"""Local dimensionality against closed forms, and its readings against each other."""

import pytest
import torch

from explorer.measures.image.dimensionality import flipd, flipd_by_trace, local_dimensionality
from explorer.measures.shared.noise import noise_generator
from explorer.models.analytic import Gaussian, GaussianScaleMixture

SHAPE = (1, 4, 4)
TS = [1e-3, 1e-2, 0.1, 1.0]


def covariance() -> torch.Tensor:
    root = torch.randn(16, 16, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return root @ torch.diag(torch.logspace(-3, 0, 16, dtype=torch.float64)) @ root.T / 16


def test_gaussian_closed_form_to_one_percent() -> None:
    """Averaged over images, both readings are sum lambda / (lambda + t)."""
    law = Gaussian(torch.full(SHAPE, 0.5, dtype=torch.float64), covariance())
    x = law.sample(6000, torch.Generator().manual_seed(1))
    result = local_dimensionality(law, x, TS, draws=8)
    for column, t in enumerate(TS):
        expected = law.dimensionality(t)
        assert float(result.denoising[:, column].mean()) == pytest.approx(expected, rel=0.01)
        assert float(result.energy[:, column].mean()) == pytest.approx(expected, rel=0.01)


def test_both_readings_agree_image_by_image() -> None:
    """The identity holds for each image; with many draws the readings meet, on a law that is not Gaussian."""
    law = GaussianScaleMixture(torch.zeros(SHAPE, dtype=torch.float64), covariance(), [0.25, 2.0])
    x = law.sample(6, torch.Generator().manual_seed(2))
    result = local_dimensionality(law, x, [1e-2, 0.3], draws=20_000)
    torch.testing.assert_close(result.energy, result.denoising, rtol=0.02, atol=0.05)


def test_mean_energy_is_the_energy_averaged_over_noise() -> None:
    law = Gaussian(torch.zeros(SHAPE), covariance().float())
    x = law.sample(3, torch.Generator().manual_seed(3))
    result = local_dimensionality(law, x, [0.1], draws=2, seed=7)
    eps = torch.randn(3, *SHAPE, generator=noise_generator(7))
    t = torch.full((3,), 0.1)
    expected = (law.energy(x + 0.1**0.5 * eps, t) + law.energy(x - 0.1**0.5 * eps, t)) / 2
    torch.testing.assert_close(result.mean_energy[:, 0].float(), expected)


def test_flipd_is_the_explicit_trace() -> None:
    """d - 2 t dU/dt equals d + t (tr grad s + |s|^2) at the clean image, by the heat equation."""
    law = GaussianScaleMixture(torch.zeros(SHAPE, dtype=torch.float64), covariance(), [0.5, 1.5])
    x = law.sample(1, torch.Generator().manual_seed(4))
    t = 0.05
    jacobian = torch.func.hessian(lambda v: -law.energy(v.view(1, *SHAPE), torch.tensor([t], dtype=torch.float64))[0])(
        x.flatten()
    )
    score = law.derivatives(x, t).score
    expected = 16 + t * (torch.trace(jacobian) + score.square().sum())
    assert float(flipd(law, x, t)) == pytest.approx(float(expected), rel=1e-8)


@pytest.mark.parametrize(("ts", "draws"), [([0.0, 1.0], 1), ([1.0], 0)])
def test_no_noise_or_no_draws_are_refused(ts: list[float], draws: int) -> None:
    law = Gaussian(torch.zeros(SHAPE), torch.eye(16))
    with pytest.raises(ValueError, match="positive"):
        local_dimensionality(law, torch.zeros(1, *SHAPE), ts, draws=draws)


def test_both_ways_to_flipd_agree_image_by_image() -> None:
    law = GaussianScaleMixture(torch.zeros(SHAPE, dtype=torch.float64), covariance(), [0.25, 2.0])
    x = law.sample(200, torch.Generator().manual_seed(2))
    for t in TS:
        time_score = flipd(law, x, t)
        exact, error = flipd_by_trace(law, x, t, None)
        torch.testing.assert_close(time_score, exact)
        assert not error.any()
        estimated, error = flipd_by_trace(law, x, t, 16)
        assert 0.7 < float(((estimated - exact) / error).square().mean().sqrt()) < 1.5
