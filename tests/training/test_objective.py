"""The objective of dual score matching, on laws whose energy is known."""

import math

import pytest
import torch

from explorer.models.analytic import Gaussian
from explorer.training.objective import dual_score_losses, irreducible_time_loss, stratified_noise_variances

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
