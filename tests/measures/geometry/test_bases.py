"""Bases of denoisers, where they are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.sparse.linalg import LinearOperator, eigsh

from explorer.errors import ExplorerError
from explorer.measures.geometry import bases
from explorer.measures.geometry.bases import denoiser_basis
from explorer.measures.image.dimensionality import local_dimensionality
from explorer.measures.shared.jacobian import DenoiserJacobian
from explorer.models.analytic import Gaussian, SubspaceMixture
from explorer.models.base import EnergyModel
from explorer.models.checkpoints import Checkpoint
from explorer.models.memory import Memory
from explorer.models.stationary import StationaryGaussian, power_law_spectrum
from tests.conftest import tiny_multiscale

T = 1e-2


def noisy(shape: tuple[int, int, int], seed: int = 0, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.rand(1, *shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def rotated(variances: torch.Tensor, shape: tuple[int, int, int]) -> Gaussian:
    d = len(variances)
    axes = torch.linalg.qr(torch.randn(d, d, generator=torch.Generator().manual_seed(1), dtype=torch.float64)).Q
    covariance = axes @ torch.diag(variances) @ axes.T
    return Gaussian(torch.zeros(shape, dtype=torch.float64), (covariance + covariance.T) / 2)


def test_of_a_gaussian_it_is_the_wiener_filter() -> None:
    variances = torch.logspace(-4, 0, 36, dtype=torch.float64)
    model = rotated(variances, (1, 6, 6))
    found = denoiser_basis(model, noisy((1, 6, 6)), T)
    expected = (variances / (variances + T)).flip(0).numpy()
    np.testing.assert_allclose(found.eigenvalues, expected, rtol=1e-9)
    assert found.complete
    assert found.trace == pytest.approx(model.dimensionality(T))
    assert found.lowest == pytest.approx(expected[-1])
    assert found.asymmetry < 1e-12
    assert found.trace_error == 0
    vectors = found.eigenvectors.reshape(36, 36).astype(float)
    np.testing.assert_allclose(np.abs(vectors @ model.eigenvectors.flip(1).numpy()), np.eye(36), atol=1e-5)
    np.testing.assert_allclose(found.denoised, model.denoise(noisy((1, 6, 6)), T)[0].numpy(), atol=1e-6)
    # The mean is zero, so that the denoiser is homogeneous: D(y) = J y.
    rebuilt = (found.eigenvalues * (vectors @ found.noisy.reshape(-1))) @ vectors
    np.testing.assert_allclose(rebuilt, found.denoised.reshape(-1), atol=1e-5)


def test_the_first_of_a_small_image_are_cut_from_all() -> None:
    model = rotated(torch.logspace(-4, 0, 16, dtype=torch.float64), (1, 4, 4))
    few, every = (denoiser_basis(model, noisy((1, 4, 4)), T, count) for count in (3, None))
    np.testing.assert_array_equal(few.eigenvalues, every.eigenvalues[:3])
    assert few.eigenvectors.shape == (3, 1, 4, 4)
    assert few.trace == every.trace
    assert not few.complete


def test_of_a_network_it_is_the_dense_jacobian(tiny_checkpoint: Checkpoint) -> None:
    model, y = tiny_checkpoint.model, noisy((1, 8, 8), dtype=torch.float32)
    t = torch.tensor([T])
    dense = torch.autograd.functional.jacobian(lambda z: z - T * _gradient(model, z, t), y).view(64, 64).double()
    found = denoiser_basis(model, y, T)
    np.testing.assert_allclose(found.eigenvalues, torch.linalg.eigvalsh((dense + dense.T) / 2).flip(0), atol=1e-5)
    assert found.asymmetry < 1e-5
    assert found.residuals.max() < 1e-4


def _gradient(model: EnergyModel, z: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    (gradient,) = torch.autograd.grad(model.energy(z, t).sum(), z, create_graph=True)
    return gradient


def test_lanczos_finds_what_all_of_the_jacobian_has(monkeypatch: pytest.MonkeyPatch) -> None:
    model, y = tiny_multiscale(), noisy((1, 32, 32), dtype=torch.float32)
    monkeypatch.setattr(model, "need_noise_levels", lambda _what: None)  # its curvature at t0 is all that is asked for
    exact = denoiser_basis(model, y, model.t0)
    monkeypatch.setattr(bases, "EXACT", 0)
    told: list[tuple[int, int | None]] = []
    found = denoiser_basis(model, y, model.t0, 8, progress=lambda *step: told.append(step))
    error = np.abs(found.eigenvalues - exact.eigenvalues[:8])
    assert (error <= found.residuals + 1e-4).all()
    assert error.max() < 0.01
    assert abs(found.trace - exact.trace) < 4 * found.trace_error + 1e-3 * exact.trace
    assert exact.lowest <= found.lowest + 1e-4
    assert found.asymmetry < 1e-3
    assert found.products < 80
    assert told == sorted(told)
    # A second method.
    jacobian = DenoiserJacobian(model, y, model.t0)
    operator = LinearOperator((1024, 1024), matvec=lambda v: jacobian.products(v.reshape(1, -1))[0], dtype=float)
    second = eigsh(operator, 8, which="LA", return_eigenvectors=False)[::-1]
    np.testing.assert_allclose(found.eigenvalues, second, atol=0.01)


def test_lanczos_finds_equal_eigenvalues_as_often_as_they_are() -> None:
    """Five directions of variance 0.1 in 40 x 40 pixels: a Krylov space holds one vector of them."""
    basis = torch.linalg.qr(torch.randn(1600, 5, generator=torch.Generator().manual_seed(3), dtype=torch.float64)).Q
    model = SubspaceMixture((1, 40, 40), [basis], 0.1, t0=1e-6)
    found = denoiser_basis(model, noisy((1, 40, 40)), T, 8)
    np.testing.assert_allclose(found.eigenvalues, [0.1 / 0.11] * 5 + [0.0] * 3, atol=1e-6)
    assert found.trace == pytest.approx(5 * 0.1 / 0.11, abs=1e-6)
    assert not found.complete


def test_of_a_larger_gaussian_the_sum_is_its_dimensionality() -> None:
    model = StationaryGaussian(power_law_spectrum(36, 0.05))
    found = denoiser_basis(model, noisy((1, 36, 36)), T, 32)
    factors = np.sort((model.spectrum / (model.spectrum + T)).flatten().numpy())[::-1]
    assert (found.eigenvalues <= factors[:32] + 1e-9).all()  # Cauchy interlacing
    np.testing.assert_allclose(found.eigenvalues[:5], factors[:5], atol=0.01)
    nearest = np.abs(factors - found.eigenvalues[:, None]).min(1)
    assert (nearest <= found.residuals + 1e-9).all()
    assert found.residuals.max() < 0.15
    assert abs(found.trace - factors.sum()) < 4 * found.trace_error
    assert 0 < found.trace_error < 0.05 * found.trace


def test_its_sum_is_the_local_dimensionality_on_average(tiny_checkpoint: Checkpoint) -> None:
    """``tr J(y, t)`` averaged over noisy images of images drawn from a Gaussian is ``E ||x - D||^2 / t``."""
    model = rotated(torch.logspace(-3, 0, 16, dtype=torch.float64), (1, 4, 4))
    generator = torch.Generator().manual_seed(5)
    x = model.sample(400, generator)
    measured = local_dimensionality(model, x, [T], draws=2).denoising.mean()
    y = x[:1] + math.sqrt(T) * torch.randn(x[:1].shape, generator=generator, dtype=x.dtype)
    assert denoiser_basis(model, y, T).trace == pytest.approx(float(measured), rel=0.1)
    assert denoiser_basis(tiny_checkpoint.model, noisy((1, 8, 8), dtype=torch.float32), 100.0).trace < 0.1


def test_between_two_images_an_eigenvalue_is_above_1() -> None:
    """Two points at +-1 on the first axis, y = 0: ``J = t^-1 Cov[x | y]`` has the eigenvalue ``1 / t``."""

    class TwoPoints(EnergyModel):
        image_shape = (1, 2, 2)

        def energy(self, y: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
            flat = y.flatten(1)
            rest = flat[:, 1:].square().sum(1)
            apart = torch.stack([(flat[:, 0] - way) ** 2 + rest for way in (-1, 1)])
            return -torch.logsumexp(-apart / (2 * t), 0) + 2 * torch.log(t)

    for t in (0.5, 1.0, 2.0):
        found = denoiser_basis(TwoPoints(), torch.zeros(1, 1, 2, 2, dtype=torch.float64), t)
        np.testing.assert_allclose(found.eigenvalues, [1 / t, 0, 0, 0], atol=1e-12)


def test_of_stored_images_it_is_their_covariance_given_the_noisy_one() -> None:
    """``t J = Cov[x | y]``, with the probability of each stored image given ``y``."""
    images = torch.rand(7, 1, 4, 4, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    model, y, t = Memory(images, t0=1e-4), noisy((1, 4, 4)), 0.3
    away = model.images - model.denoise(y, t).flatten(1)
    covariance = (model.posterior(y, t).T * away).T @ away
    expected = torch.linalg.eigvalsh(covariance).flip(0) / t
    np.testing.assert_allclose(denoiser_basis(model, y, t).eigenvalues, expected, atol=1e-12)


def test_an_asymmetric_product_is_told() -> None:
    """A gradient that is none: products are of a matrix that is not symmetric."""

    class Sheared(DenoiserJacobian):
        def products(self, vectors: np.ndarray) -> np.ndarray:
            return super().products(vectors) + 0.1 * np.roll(vectors, 1, 1) * (np.arange(vectors.shape[1]) > 0)

    model = rotated(torch.full((16,), 0.01, dtype=torch.float64), (1, 4, 4))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bases, "DenoiserJacobian", Sheared)
        assert denoiser_basis(model, noisy((1, 4, 4)), T).asymmetry == pytest.approx(0.1 * 30**0.5 / 4.15**0.5)
        patch.setattr(bases, "EXACT", 0)
        assert denoiser_basis(model, noisy((1, 4, 4)), T, 4).asymmetry > 0.1


def test_what_cannot_be_asked() -> None:
    with pytest.raises(ExplorerError, match="needs the energy at many noise levels"):
        denoiser_basis(tiny_multiscale(), torch.rand(1, 1, 32, 32), T)
    model = rotated(torch.ones(16, dtype=torch.float64), (1, 4, 4))
    for y, t, count in ((torch.rand(2, 1, 4, 4), T, None), (torch.rand(1, 1, 4, 4), 0.0, None)):
        with pytest.raises(ValueError, match="one image with noise"):
            denoiser_basis(model, y, t, count)
    with pytest.raises(ValueError, match="At least one"):
        denoiser_basis(model, torch.rand(1, 1, 4, 4), T, 0)
