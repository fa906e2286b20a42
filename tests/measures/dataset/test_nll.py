"""NLL from the energy and from I-MMSE, on laws whose entropy is known."""

import math

import numpy as np
import pytest
import torch

from explorer.measures.dataset.nll import (
    gap_by_level,
    gap_errors,
    gaussian_entropy,
    i_mmse_of_images,
    negative_log_likelihood,
)
from explorer.measures.shared.noise_levels import log_spaced, noise_levels
from explorer.models.analytic import Gaussian, GaussianScaleMixture
from explorer.models.anchor import dct_matrix
from explorer.models.base import EnergyModel

SHAPE = (1, 4, 4)
T0, T_MAX = 1e-4, 100.0


def spectrum() -> torch.Tensor:
    """A covariance that is diagonal in the DCT, so that `gaussian_entropy` knows its eigenvalues."""
    m = dct_matrix(4)
    basis = torch.kron(m, m)
    variances = 0.1 / (1 + torch.arange(4)[:, None] + torch.arange(4)).double() ** 2
    return basis.T @ torch.diag(variances.flatten()) @ basis


def measured(model: EnergyModel, x: torch.Tensor, count: int = 41) -> tuple[float, float]:
    levels = noise_levels(model, x, log_spaced(T0, T_MAX, count))
    nll = negative_log_likelihood(x, levels)
    return nll.energy, nll.i_mmse


def test_both_readings_of_a_gaussian_are_its_entropy() -> None:
    law = Gaussian(torch.full(SHAPE, 0.5), spectrum().float())
    x = law.sample(4000, torch.Generator().manual_seed(0))
    entropy = float(0.5 * torch.log(2 * math.pi * math.e * (torch.linalg.eigvalsh(spectrum()) + T0)).sum())
    energy, i_mmse = measured(law, x)
    assert energy == pytest.approx(entropy, abs=0.15)
    assert i_mmse == pytest.approx(entropy, abs=0.25)


def test_both_readings_agree_for_a_scale_mixture() -> None:
    law = GaussianScaleMixture(torch.full(SHAPE, 0.5), spectrum().float(), [0.25, 1.0, 2.0])
    x = law.sample(4000, torch.Generator().manual_seed(1))
    energy, i_mmse = measured(law, x)
    assert i_mmse == pytest.approx(energy, abs=0.3)


def test_i_mmse_of_a_worse_denoiser_is_higher_and_the_gap_shows_it() -> None:
    """A Gaussian of three times the variance: its I-MMSE bound is above the entropy, whatever its energy claims."""
    law = Gaussian(torch.full(SHAPE, 0.5), spectrum().float())
    wrong = Gaussian(torch.full(SHAPE, 0.5), 3 * spectrum().float())
    x = law.sample(2000, torch.Generator().manual_seed(2))
    assert measured(wrong, x)[1] > measured(law, x)[1] + 0.3


def test_noise_levels_of_a_gaussian() -> None:
    law = Gaussian(torch.full(SHAPE, 0.5), spectrum().float())
    x = law.sample(4000, torch.Generator().manual_seed(3))
    (level,) = noise_levels(law, x, [0.01])
    assert level.relative_error * law.dimensions == pytest.approx(law.dimensionality(0.01), rel=0.03)
    assert level.psnr == pytest.approx(20.0)
    assert level.denoised_psnr == pytest.approx(20.0 - 10 * math.log10(level.relative_error))
    assert abs(level.mean_time_score) < 0.01
    assert level.time_error < 1


def test_gaussian_entropy_is_that_of_pure_noise_when_noise_dominates() -> None:
    x = torch.rand(500, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    assert gaussian_entropy(x, 1e6) == pytest.approx(8 * math.log(2 * math.pi * math.e * 1e6), abs=1e-4)


def test_bits_per_dimension_are_code_lengths_for_levels() -> None:
    law = Gaussian(torch.full(SHAPE, 0.5), spectrum().float())
    x = law.sample(100, torch.Generator().manual_seed(0))
    nll = negative_log_likelihood(x, noise_levels(law, x, log_spaced(T0, T_MAX, 5)))
    plain, code = nll.bits_per_dimension(), nll.bits_per_dimension(256)
    assert code["energy"] - plain["energy"] == pytest.approx(8.0)
    assert code["gap"] == pytest.approx(code["energy"] - code["i_mmse"])
    assert plain["energy"] == pytest.approx(nll.energy / 16 / math.log(2))


def test_levels_out_of_order_are_refused() -> None:
    law = Gaussian(torch.full(SHAPE, 0.5), spectrum().float())
    x = law.sample(10, torch.Generator().manual_seed(0))
    with pytest.raises(ValueError, match="increasing"):
        negative_log_likelihood(x, noise_levels(law, x, [1.0, 0.1]))


def test_log_spaced_is_geometric() -> None:
    np.testing.assert_allclose(np.diff(np.log(log_spaced(1e-3, 10, 9))), math.log(1e4) / 8)


def test_the_gap_arises_where_the_energy_is_wrong() -> None:
    """An energy with ``log(1 + exp(..))`` too much below t = 0.01 has its whole gap from there on down."""

    class Bent(Gaussian):
        def energy(self, y: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
            return super().energy(y, t) + 4 * torch.sigmoid(-4 * torch.log(t / 0.01))

    law = Bent(torch.full(SHAPE, 0.5), spectrum().float())
    x = law.sample(4000, torch.Generator().manual_seed(0))
    levels = noise_levels(law, x, log_spaced(T0, T_MAX, 41))
    gaps = gap_by_level(x, levels)
    assert gaps[0] == pytest.approx(4, abs=0.25)
    assert gaps[0] == pytest.approx(negative_log_likelihood(x, levels).gap)
    above = [gap for gap, level in zip(gaps, levels, strict=True) if level.t > 0.1]
    assert max(map(abs, above)) < 0.2


def test_the_error_of_the_gap_is_its_spread_over_sets_of_images() -> None:
    law = GaussianScaleMixture(torch.full((1, 4, 4), 0.5), 0.05 * torch.eye(16), (0.5, 2.0), t0=T0)
    x = law.sample(2000, torch.Generator().manual_seed(2))
    ts = log_spaced(T0, T_MAX, 9)
    parts = [(part, noise_levels(law, part, ts, seed)) for seed, part in enumerate(x.split(100))]
    gaps = torch.tensor([gap_by_level(part, levels) for part, levels in parts])
    errors = torch.tensor([gap_errors(part, levels) for part, levels in parts]).mean(0)
    for level in (0, 4, 7):
        assert float(errors[level]) == pytest.approx(float(gaps[:, level].std()), rel=0.5)
    part, levels = parts[0]
    assert i_mmse_of_images(part, levels).mean() == pytest.approx(negative_log_likelihood(part, levels).i_mmse)
