"""The density over scales: exact on Gaussians, for any size, in tiles."""

import math

import pytest
import torch

import explorer.models.multiscale as module
from explorer.errors import ExplorerError
from explorer.models.multiscale import MultiscaleDensity, fitting_sides
from explorer.models.stationary import StationaryGaussian, power_law_spectrum
from tests.conftest import tiny_multiscale as network

T0 = 3e-7


def exact(size: int, base: int = 16) -> tuple[StationaryGaussian, MultiscaleDensity]:
    whole = StationaryGaussian(power_law_spectrum(size, 0.05), 0.5, T0)
    steps, model = [], whole
    while model.image_shape[1] > base:
        steps.append(model.details())
        model = model.halved()
    return whole, MultiscaleDensity(model, steps, T0, size)


@pytest.mark.parametrize("size", [64, 128])
def test_the_sum_of_exact_factors_is_the_closed_form(size: int) -> None:
    whole, factored = exact(size)
    x = whole.sample(3, torch.Generator().manual_seed(0))
    torch.testing.assert_close(factored.log_prob(x), whole.log_prob(x), rtol=1e-12, atol=1e-8)
    assert len(factored.factors(x)) == int(math.log2(size // 16)) + 1


def test_factors_add_up_and_have_maps() -> None:
    x = torch.rand(2, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    factors = network().factors(x)
    assert [(factor.level, factor.is_base) for factor in factors] == [(0, False), (1, False), (2, True)]
    assert [tuple(factor.local.shape) for factor in factors] == [(2, 16, 16), (2, 8, 8), (2, 8, 8)]
    assert sum(factor.dimensions for factor in factors) == 32 * 32
    torch.testing.assert_close(-network().log_prob(x), sum(factor.energy for factor in factors))
    for factor in factors:
        torch.testing.assert_close(factor.local.double().sum((1, 2)), factor.energy.double())


def test_rectangles_have_squares_and_a_rest() -> None:
    model = network(3)
    x = torch.rand(1, 3, 32, 56, generator=torch.Generator().manual_seed(0))
    assert model.levels(32, 56) == 2
    base = model.factors(x)[-1]
    assert tuple(base.local.shape) == (1, 8, 14)
    assert base.local[0, :, :8].std() < 1e-6
    assert base.local[0, :, 8:].std() > 1e-3
    assert torch.isfinite(model.log_prob(x)).all()


def test_the_rest_is_a_density() -> None:
    """Two bases side by side are two independent images, and a pixel beyond them a Gaussian."""
    base = StationaryGaussian(power_law_spectrum(8, 0.05), 0.5, T0)
    model = MultiscaleDensity(base, [exact(16, 8)[1].steps[0]], T0)
    x = base.sample(2, torch.Generator().manual_seed(0))
    both = torch.cat((x[:1], x[1:]), 3)[..., :15]
    variance = torch.tensor(1 / 12 + T0, dtype=torch.float64)
    alone = torch.distributions.Normal(torch.full_like(variance, 0.5), variance.sqrt())
    expected = base.log_prob(x[:1], T0) + alone.log_prob(both[..., 8:]).sum()
    torch.testing.assert_close(model.log_prob(both), expected)


def test_tiles_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    model = network()
    x = torch.rand(1, 1, 128, 96, generator=torch.Generator().manual_seed(0))
    whole = model.factors(x)[0].local
    monkeypatch.setattr(module, "_TILE", 16)
    torch.testing.assert_close(model.factors(x)[0].local, whole)


def test_sides_that_fit() -> None:
    assert fitting_sides(256, 256, 16) == (256, 256)
    assert fitting_sides(500, 375, 16) == (496, 368)
    assert fitting_sides(17, 16, 16) == (17, 16)
    assert fitting_sides(3000, 4000, 16) == (2944, 3968)
    with pytest.raises(ValueError, match="smaller than the base"):
        fitting_sides(8, 100, 16)


def test_what_does_not_fit_is_refused() -> None:
    model = network()
    with pytest.raises(ValueError, match="multiples of 2 pixels"):
        model.log_prob(torch.rand(1, 1, 21, 32))
    with pytest.raises(ValueError, match="at the noise variance"):
        model.log_prob(torch.rand(1, 1, 32, 32), 1e-3)
    with pytest.raises(ValueError, match="are needed, not"):
        model.log_prob(torch.rand(1, 3, 32, 32))
    with pytest.raises(ValueError, match="at least one"):
        MultiscaleDensity(model.base, [], T0)


def test_it_is_a_density_at_one_noise_level() -> None:
    model = network()
    assert not model.has_noise_levels
    assert model.base.has_noise_levels
    with pytest.raises(ExplorerError, match=r"Probe needs the energy at many noise levels, .* at 65 dB alone"):
        model.need_noise_levels("Probe")
    x = torch.rand(1, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    found = model.derivatives(x)
    assert found.time_score.isnan().all()
    step = torch.zeros_like(x)
    step[0, 0, 3, 5] = 1e-3
    slope = (model.log_prob(x + step) - model.log_prob(x - step)) / 2e-3
    assert float(found.score[0, 0, 3, 5]) == pytest.approx(float(slope), rel=0.02)
