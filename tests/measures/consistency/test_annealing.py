"""Normalization of energies that are normalized, and of some that are known not to be."""

import pytest
import torch

from explorer.measures.consistency.annealing import anneal
from explorer.measures.consistency.large_noise import large_noise_error
from explorer.models.analytic import GaussianScaleMixture

T0, T_MAX = 1e-3, 100.0


class Unnormalized(GaussianScaleMixture):
    """``log Z = 3`` at every noise level, and 2 more at small noise: an energy whose levels do not fit together."""

    def energy(self, y: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        return super().energy(y, t) - 3 - 2 * torch.sigmoid(-torch.log(t / 0.1))


def law(kind: type[GaussianScaleMixture]) -> GaussianScaleMixture:
    root = torch.randn(16, 16, generator=torch.Generator().manual_seed(0))
    return kind(torch.full((1, 4, 4), 0.5), 0.05 * root @ root.T / 16, (0.5, 2.0), t0=T0)


def test_large_noise_reads_the_constant() -> None:
    x = law(GaussianScaleMixture).sample(2000, torch.Generator().manual_seed(1))
    for kind, constant in ((GaussianScaleMixture, 0.0), (Unnormalized, 3.0)):
        error = large_noise_error(law(kind), x, T_MAX)
        assert error.value == pytest.approx(constant, abs=0.01)
        assert error.standard_error < 0.01


def test_annealing_reads_the_constant_between_small_and_large_noise() -> None:
    x = law(GaussianScaleMixture).sample(256, torch.Generator().manual_seed(1))
    steps = []
    for kind, constant in ((GaussianScaleMixture, 0.0), (Unnormalized, 2.0)):
        found = anneal(law(kind), x, T0, T_MAX, levels=150, progress=lambda done, _: steps.append(done))
        assert found.value == pytest.approx(constant, abs=0.3)
        assert 0 < found.standard_error < 0.2
    assert steps[-1] == 150


def test_annealing_needs_groups_of_particles() -> None:
    x = law(GaussianScaleMixture).sample(6, torch.Generator().manual_seed(1))
    with pytest.raises(ValueError, match="two groups of two"):
        anneal(law(GaussianScaleMixture), x, T0, T_MAX)
    with pytest.raises(ValueError, match="two groups of two"):
        anneal(law(GaussianScaleMixture), x, T0, T_MAX, groups=1)
