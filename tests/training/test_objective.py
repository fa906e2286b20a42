"""The objective of dual score matching, on laws whose energy is known."""

import math

import pytest
import torch

from explorer.models.analytic import Gaussian, GaussianScaleMixture
from explorer.models.base import EnergyModel
from explorer.models.dual import NoiseRange
from explorer.training.objective import (
    dual_score_losses,
    heat_losses,
    irreducible_time_loss,
    stratified_noise_variances,
    training_noise_variances,
)

SHAPE = (1, 4, 4)


def law() -> Gaussian:
    return Gaussian(torch.zeros(SHAPE, dtype=torch.float64), torch.eye(16, dtype=torch.float64) * 0.2)


def losses(model: Gaussian, true: Gaussian, t: float, count: int = 4000) -> tuple[float, float]:
    x = true.sample(count, torch.Generator().manual_seed(0))
    eps = torch.randn(x.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    result = dual_score_losses(model.energy, x, eps, torch.full((count,), t, dtype=torch.float64))
    assert result.space.shape == result.time.shape == (count,)
    return float(result.space.mean()), float(result.time.mean())


def test_space_loss_is_the_denoising_error_over_t() -> None:
    """For variance v the Wiener filter errs by v t / (v + t) a dimension."""
    space, _ = losses(law(), law(), t=0.1)
    assert space == pytest.approx(0.2 / (0.2 + 0.1), rel=0.02)


def test_time_loss_of_the_truth_is_irreducible_at_small_noise() -> None:
    _, time = losses(law(), law(), t=1e-6)
    assert time == pytest.approx(irreducible_time_loss(16), rel=0.1)


def test_the_true_energy_has_the_lowest_losses() -> None:
    wrong = Gaussian(torch.zeros(SHAPE, dtype=torch.float64), torch.eye(16, dtype=torch.float64) * 0.3)
    right, off = losses(law(), law(), t=0.1), losses(wrong, law(), t=0.1)
    assert right[0] < off[0]
    assert right[1] < off[1]


def test_losses_are_differentiable_in_the_parameters() -> None:
    scale = torch.tensor(2.0, requires_grad=True)

    def energy(y: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        return scale * y.square().flatten(1).sum(1) / (1 + t)

    x = torch.randn(8, *SHAPE, generator=torch.Generator().manual_seed(0))
    result = dual_score_losses(energy, x, x.flip(0), torch.full((8,), 0.5))
    (gradient,) = torch.autograd.grad(result.space.mean() + result.time.mean(), scale)
    assert math.isfinite(float(gradient))
    assert float(gradient) != 0


def test_noise_variances_cover_the_range_evenly() -> None:
    t = stratified_noise_variances(1000, 1e-6, 100.0, torch.Generator().manual_seed(0)).double()
    u = (t.log() - math.log(1e-6)) / (math.log(100.0) - math.log(1e-6))
    assert torch.equal((u * 1000).floor().long(), torch.arange(1000))


def heat_loss_at_clean_images(model: EnergyModel, count: int = 2000) -> torch.Tensor:
    y = law().sample(count, torch.Generator().manual_seed(0))
    generator = torch.Generator().manual_seed(1)
    first, second = (2.0 * torch.randint(0, 2, y.shape, generator=generator).double() - 1 for _ in range(2))
    return heat_losses(model.energy, y, torch.full((count,), 0.3, dtype=torch.float64), first, second)


def test_a_law_that_diffuses_has_no_heat_loss_where_no_noisy_image_is() -> None:
    """Both laws have a Hessian that is the same in all directions but one, so that the probes are nearly exact."""
    assert heat_loss_at_clean_images(law()).abs().max() < 1e-10
    mixture = GaussianScaleMixture(torch.zeros(SHAPE), torch.eye(16) * 0.1, (0.5, 2.0)).double()
    losses = heat_loss_at_clean_images(mixture)
    # Unbiased: of both signs, and zero on average, though the residual of a single probe is not zero.
    assert losses.std() > 1e-4
    assert losses.mean().abs() < 4 * losses.std() / len(losses) ** 0.5


def test_the_heat_loss_is_the_squared_residual() -> None:
    """U = a ||y||^2 with a that does not depend on t: the residual is (-2 a d t + 4 a^2 t ||y||^2) / d."""
    a, t = 0.05, 0.3

    def energy(y: torch.Tensor, _t: torch.Tensor) -> torch.Tensor:
        return a * y.square().flatten(1).sum(1) + 0 * _t

    y = law().sample(10, torch.Generator().manual_seed(0))
    signs = torch.ones_like(y)
    losses = heat_losses(energy, y, torch.full((10,), t, dtype=torch.float64), signs, -signs)
    residual = -2 * a * t + 4 * a**2 * t * y.square().flatten(1).mean(1)
    torch.testing.assert_close(losses, residual.square() / (1 + (residual / 0.1).square()))


def test_an_anchored_model_sees_less_of_the_far_noise() -> None:
    noise = NoiseRange(t_min=1e-6, t0=1e-5, t_max=100.0)
    anchored, free = (
        training_noise_variances(64, noise, anchored, torch.Generator().manual_seed(0)) for anchored in (True, False)
    )
    assert len(anchored) == len(free) == 64
    assert int((anchored > 1).sum()) == 4
    assert int((free > 1).sum()) == 16
    assert float(anchored.min()) >= noise.t_min
    assert float(anchored.max()) <= noise.t_max
    assert len(training_noise_variances(1, noise, True, torch.Generator())) == 1
    narrow = NoiseRange(t_min=1e-3, t0=1e-2, t_max=0.5)
    assert float(training_noise_variances(64, narrow, True, torch.Generator()).max()) <= narrow.t_max
