"""The map of surprise, against the closed form of a Gaussian."""

import math

import pytest
import torch

from explorer.measures.image.surprise import Surprise, surprise
from explorer.models.analytic import Gaussian, GaussianScaleMixture, power_law_covariance
from explorer.models.checkpoints import Checkpoint

SIZE = 8
SHAPE = (1, SIZE, SIZE)
T0, T_MAX = 1e-4, 1e4


def model() -> Gaussian:
    covariance = power_law_covariance(SIZE, 0.04)
    # Not stationary: pixels to the right vary more.
    gain = torch.linspace(0.3, 1.5, SIZE, dtype=torch.float64).repeat(SIZE)
    return Gaussian(torch.full(SHAPE, 0.5, dtype=torch.float64), gain[:, None] * covariance * gain, T0)


def closed_form(gaussian: Gaussian, x: torch.Tensor) -> torch.Tensor:
    """``h_i`` for ``T`` to infinity, with ``z`` the coefficients of ``x - mean`` on the eigenvectors ``V``:

        sum_j V_ij^2 [ 1/2 log(2 pi (lambda_j + t0)) + t0 / (2 (lambda_j + t0)) ] + 1/2 sum_jk V_ij V_ik z_j z_k L_jk,

    ``L_jk`` the integral of ``1 / ((lambda_j + t) (lambda_k + t))`` from ``t0`` on.
    """
    v, total = gaussian.eigenvectors, gaussian.eigenvalues + T0
    z = (x - gaussian.mean).flatten(1) @ v
    noise = v.square() @ (0.5 * torch.log(2 * math.pi * total) + T0 / (2 * total))
    difference = total[:, None] - total
    near = difference.abs() < 1e-9 * total
    between = torch.log(total[:, None] / total) / difference.masked_fill(near, 1.0)
    between = torch.where(near, 1 / total, between)
    image = 0.5 * torch.einsum("ij,ik,bj,bk,jk->bi", v, v, z, z, between)
    return (noise + image).view(-1, *SHAPE)


def test_the_map_of_a_gaussian_is_the_closed_form() -> None:
    gaussian = model()
    x = gaussian.sample(3, torch.Generator().manual_seed(0))
    expected = closed_form(gaussian, x)
    found = surprise(gaussian, x, T0, T_MAX, levels=41, draws=200)
    rms = (found.nats - expected).flatten(1).square().mean(1).sqrt()
    assert (found.value_error < 0.1).all()
    assert (rms < 1.3 * found.value_error).all()
    assert ((found.total - expected.flatten(1).sum(1)).abs() < 4 * found.draw_error + 0.01).all()
    assert (found.draw_error < 0.3).all()


def test_its_sum_is_the_mean_energy() -> None:
    gaussian = model()
    x = gaussian.sample(4, torch.Generator().manual_seed(1))
    z = (x - gaussian.mean).flatten(1) @ gaussian.eigenvectors
    total = gaussian.eigenvalues + T0
    exact = 0.5 * (torch.log(2 * math.pi * total) + (z.square() + T0) / total).sum(1)
    found = surprise(gaussian, x, T0, T_MAX, draws=50)
    assert ((found.total - exact).abs() < 4 * found.draw_error + 0.01).all()
    # The energy of a noisy image varies by about sqrt(d) at most.
    torch.testing.assert_close(found.energy, exact, rtol=0, atol=4 * math.sqrt(SIZE**2 / 50))


def test_it_holds_for_what_is_not_gaussian() -> None:
    mixture = GaussianScaleMixture(torch.full(SHAPE, 0.5), power_law_covariance(SIZE, 0.01).float(), [0.3, 3.0], t0=T0)
    x = mixture.sample(6, torch.Generator().manual_seed(0))
    found = surprise(mixture, x, T0, T_MAX, draws=50)
    assert ((found.total - found.energy).abs() < 4 * found.draw_error + 0.5).all()


def test_errors_are_what_repetition_shows() -> None:
    """Standard error of the sum and of a value, against the spread over seeds: 20 seeds know it to 16 %."""
    gaussian = model()
    x = gaussian.sample(1, torch.Generator().manual_seed(2))
    runs = [surprise(gaussian, x, T0, T_MAX, draws=4, seed=seed) for seed in range(20)]
    totals = torch.stack([run.total for run in runs]).std()
    values = torch.stack([run.nats for run in runs]).var(0).mean().sqrt()
    told = torch.stack([run.draw_error for run in runs]).square().mean().sqrt()
    assert float(totals / told) == pytest.approx(1, abs=0.5)
    assert float(values / torch.stack([run.value_error for run in runs]).mean()) == pytest.approx(1, abs=0.15)


def test_the_control_variate_makes_it_quieter() -> None:
    gaussian = model()
    x = gaussian.sample(1, torch.Generator().manual_seed(3))
    found = surprise(gaussian, x, T0, T_MAX, draws=4)
    levels = len(found.ts)
    spacing = math.log(T_MAX / T0) / (levels - 1)
    # Without: half the levels have e = eps^2, of variance 2.
    plain = 0.5 * spacing * math.sqrt(2 * levels / 4 / 4)
    assert float(found.value_error[0]) < 0.7 * plain


def test_the_error_of_the_grid_shows_too_few_levels() -> None:
    gaussian = model()
    x = gaussian.sample(1, torch.Generator().manual_seed(4))
    exact = closed_form(gaussian, x).sum()
    few = surprise(gaussian, x, T0, T_MAX, levels=5, draws=400)
    many = surprise(gaussian, x, T0, T_MAX, levels=41, draws=400)
    assert float(few.grid_error) > 5 * float(many.grid_error)
    assert abs(float(many.total - exact)) < 4 * float(many.draw_error) + float(many.grid_error)


def test_the_parts_add_up() -> None:
    found = surprise(model(), torch.full((2, *SHAPE), 0.5, dtype=torch.float64), T0, T_MAX)
    levels = len(found.ts)
    assert found.by_level.shape == (2, levels, *SHAPE)
    bits = found.pixel_bits(256)
    whole = found.pixel_bits_by_level().sum(1) + found.floor / math.log(2) + 8
    torch.testing.assert_close(bits, whole)
    assert float(bits[0].sum()) == pytest.approx(float(found.total[0]) / math.log(2) + 8 * SIZE**2)


def test_equal_images_have_equal_maps_and_the_noise_is_theirs_alone() -> None:
    gaussian = model()
    x = gaussian.sample(1, torch.Generator().manual_seed(5))
    both = surprise(gaussian, x.repeat(2, 1, 1, 1), T0, T_MAX)
    torch.testing.assert_close(both.nats[0], both.nats[1])
    torch.testing.assert_close(both.nats[0], surprise(gaussian, x, T0, T_MAX).nats[0])
    assert not torch.equal(both.nats[0], surprise(gaussian, x, T0, T_MAX, seed=1).nats[0])


def test_each_draw_may_have_its_own_dequantization() -> None:
    """The same one for all is the image itself; different ones give the mean over them."""
    gaussian = model()
    x = gaussian.sample(3, torch.Generator().manual_seed(6))
    same = surprise(gaussian, x[:, None].expand(-1, 4, -1, -1, -1), T0, T_MAX)
    torch.testing.assert_close(same.nats, surprise(gaussian, x, T0, T_MAX, draws=4).nats)
    mixed = surprise(gaussian, x[None].repeat(1, 60, 1, 1, 1), T0, T_MAX)
    expected = closed_form(gaussian, x).mean(0)
    assert float(mixed.total) == pytest.approx(float(expected.sum()), abs=4 * float(mixed.draw_error))


def test_one_draw_has_no_error_and_a_network_gives_a_map(tiny_checkpoint: Checkpoint) -> None:
    found: Surprise = surprise(tiny_checkpoint.model, torch.rand(1, *SHAPE), T0, 100.0, draws=1)
    assert torch.isfinite(found.nats).all()
    assert math.isnan(float(found.draw_error[0]))


@pytest.mark.parametrize("wrong", [{"levels": 4}, {"levels": 1}, {"draws": 0}, {"t_max": T0}])
def test_what_cannot_be_integrated_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="odd number"):
        surprise(model(), torch.zeros(1, *SHAPE, dtype=torch.float64), **({"t0": T0, "t_max": T_MAX} | wrong))
