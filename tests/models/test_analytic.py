"""Laws with exact densities, checked against scipy and against closed forms."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal

from explorer.models.analytic import Gaussian, GaussianScaleMixture, SubspaceMixture, power_law_covariance

SHAPE = (1, 4, 4)


def random_covariance(seed: int, d: int = 16) -> torch.Tensor:
    root = torch.randn(d, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return root @ root.T / d


@pytest.fixture
def gaussian() -> Gaussian:
    mean = torch.linspace(0, 1, 16, dtype=torch.float64).view(SHAPE)
    return Gaussian(mean, random_covariance(0))


@pytest.fixture
def mixture() -> GaussianScaleMixture:
    return GaussianScaleMixture(
        torch.zeros(SHAPE, dtype=torch.float64), random_covariance(1), [0.25, 1.0, 2.0], [0.2, 0.5, 0.3]
    )


def test_gaussian_log_prob_is_scipys_to_1e5(gaussian: Gaussian) -> None:
    t = 0.3
    y = torch.randn(20, *SHAPE, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    covariance = random_covariance(0).numpy() + t * np.eye(16)
    expected = multivariate_normal(gaussian.mean.flatten().numpy(), covariance).logpdf(y.flatten(1).numpy())
    np.testing.assert_allclose(gaussian.log_prob(y, t).numpy(), expected, rtol=1e-5)
    np.testing.assert_allclose(gaussian.float().log_prob(y.float(), t).numpy(), expected, rtol=1e-5)


def test_gaussian_score_is_the_linear_solve_to_1e4(gaussian: Gaussian) -> None:
    t = 0.05
    y = torch.randn(5, *SHAPE, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    covariance = random_covariance(0) + t * torch.eye(16, dtype=torch.float64)
    expected = -torch.linalg.solve(covariance, (y - gaussian.mean).flatten(1).T).T
    torch.testing.assert_close(gaussian.derivatives(y, t).score.flatten(1), expected, rtol=1e-4, atol=1e-8)


def test_time_score_is_the_derivative_in_t(mixture: GaussianScaleMixture) -> None:
    y = torch.randn(6, *SHAPE, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    t, h = 0.2, 1e-5
    difference = (mixture.log_prob(y, t - h) - mixture.log_prob(y, t + h)) / (2 * h)
    torch.testing.assert_close(mixture.derivatives(y, t).time_score, difference, rtol=1e-6, atol=1e-6)


def test_energy_obeys_the_heat_equation(mixture: GaussianScaleMixture) -> None:
    """dU/dt = (laplacian U - |grad U|^2) / 2: the identity every blurred density satisfies."""
    y = torch.randn(1, *SHAPE, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    t = 0.4
    result = mixture.derivatives(y, t)
    hessian = torch.func.hessian(
        lambda v: mixture.energy(v.view(1, *SHAPE), torch.tensor([t], dtype=torch.float64))[0]
    )(y.flatten())
    expected = 0.5 * (torch.trace(hessian) - result.score.square().sum())
    torch.testing.assert_close(result.time_score[0], expected, rtol=1e-8, atol=1e-8)


def test_mixture_log_prob_is_the_weighted_sum_of_gaussians(mixture: GaussianScaleMixture) -> None:
    y = torch.randn(8, *SHAPE, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    parts = [
        math.log(weight)
        + torch.from_numpy(
            multivariate_normal(np.zeros(16), scale**2 * random_covariance(1).numpy() + 0.1 * np.eye(16)).logpdf(
                y.flatten(1).numpy()
            )
        )
        for scale, weight in zip([0.25, 1.0, 2.0], [0.2, 0.5, 0.3], strict=True)
    ]
    torch.testing.assert_close(mixture.log_prob(y, 0.1), torch.logsumexp(torch.stack(parts), 0), rtol=1e-5, atol=0)


def test_samples_have_the_stated_covariance() -> None:
    covariance = random_covariance(6)
    mixture = GaussianScaleMixture(torch.ones(SHAPE, dtype=torch.float64), covariance, [0.5, 1.5])
    x = mixture.sample(40_000, torch.Generator().manual_seed(0)).flatten(1)
    expected = covariance * (0.5**2 + 1.5**2) / 2
    assert (torch.cov(x.T) - expected).norm() / expected.norm() < 0.05
    assert (x.mean(0) - 1).abs().max() < 0.05


def test_denoiser_of_a_gaussian_is_the_wiener_filter(gaussian: Gaussian) -> None:
    y = torch.randn(3, *SHAPE, generator=torch.Generator().manual_seed(7), dtype=torch.float64)
    t = 0.5
    covariance = random_covariance(0)
    gain = covariance @ torch.linalg.inv(covariance + t * torch.eye(16, dtype=torch.float64))
    expected = gaussian.mean.flatten() + (y - gaussian.mean).flatten(1) @ gain.T
    torch.testing.assert_close(gaussian.denoise(y, t).flatten(1), expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(
    ("covariance", "message"),
    [(torch.eye(3), "shape"), (torch.eye(16).roll(1, 0), "symmetric"), (-torch.eye(16), "negative")],
)
def test_a_matrix_that_is_no_covariance_is_refused(covariance: torch.Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Gaussian(torch.zeros(SHAPE), covariance)


def test_wrong_image_shape_says_what_the_model_reads(gaussian: Gaussian) -> None:
    with pytest.raises(ValueError, match=r"\(1, 4, 4\).*\(1, 8, 8\)"):
        gaussian.log_prob(torch.zeros(1, 1, 8, 8), 0.1)


def subspaces() -> SubspaceMixture:
    generator = torch.Generator().manual_seed(0)
    bases = [torch.linalg.qr(torch.randn(16, m, generator=generator, dtype=torch.float64)).Q for m in (2, 6)]
    return SubspaceMixture((1, 4, 4), bases, 0.05, t0=1e-4)


def test_subspace_mixture_is_a_mixture_of_gaussians() -> None:
    mixture = subspaces()
    y, t = 0.3 * torch.randn(5, 1, 4, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64), 0.02
    covariances = [0.05 * basis @ basis.T + t * torch.eye(16, dtype=torch.float64) for basis in mixture.bases]
    zero = torch.zeros(16, dtype=torch.float64)
    parts = [torch.distributions.MultivariateNormal(zero, c).log_prob(y.flatten(1)) for c in covariances]
    expected = torch.logsumexp(torch.stack(parts), 0) - math.log(2)
    torch.testing.assert_close(mixture.log_prob(y, t), expected)


def test_images_of_a_subspace_lie_on_it() -> None:
    mixture = subspaces()
    x = mixture.sample_from(1, 2000, torch.Generator().manual_seed(2)).flatten(1)
    basis = mixture.bases[1]
    torch.testing.assert_close(x @ basis @ basis.T, x)
    assert float(x.square().sum(1).mean()) == pytest.approx(6 * 0.05, rel=0.05)


def test_bases_must_be_orthonormal() -> None:
    with pytest.raises(ValueError, match="orthonormal"):
        SubspaceMixture((1, 2, 2), [torch.ones(4, 2)], 1.0, t0=1e-3)
    with pytest.raises(ValueError, match="4 rows"):
        SubspaceMixture((1, 2, 2), [torch.eye(3)], 1.0, t0=1e-3)


def test_a_power_law_covariance_has_its_variance_and_its_spectrum() -> None:
    covariance = power_law_covariance(8, 0.04)
    torch.testing.assert_close(covariance.diagonal(), torch.full((64,), 0.04, dtype=torch.float64))
    eigenvalues = torch.linalg.eigvalsh(covariance).flip(0)
    # The mean and the four lowest frequencies share the largest; the highest is f^2 = 32.
    torch.testing.assert_close(eigenvalues[:5], eigenvalues[0].expand(5))
    assert float(eigenvalues[0] / eigenvalues[-1]) == pytest.approx(32)
