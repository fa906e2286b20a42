"""The residual of the heat equation: none for a true density, the right one for a false energy."""

import pytest
import torch

from explorer.measures.consistency.heat import heat_residuals
from explorer.models.analytic import GaussianScaleMixture

TS = (1e-3, 1e-1, 10.0)


def mixture(dtype: torch.dtype = torch.float64) -> GaussianScaleMixture:
    return GaussianScaleMixture(torch.full((1, 4, 4), 0.5, dtype=dtype), 0.05 * torch.eye(16, dtype=dtype), (0.5, 2.0))


class Warmer(GaussianScaleMixture):
    """An energy with ``c d log t`` added: every residual is ``c``."""

    def energy(self, y: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        return super().energy(y, t) + 0.03 * self.dimensions * torch.log(t)


def test_a_true_density_has_none() -> None:
    law = mixture()
    x = law.sample(20, torch.Generator().manual_seed(0))
    steps: list[tuple[int, int]] = []
    for level in heat_residuals(law, x, TS, None, progress=lambda *step: steps.append(step)):
        assert level.rms < 1e-10
        assert level.trace_error == 0
    assert steps == [(1, 3), (2, 3), (3, 3)]


def test_the_noise_of_the_trace_is_taken_out() -> None:
    law = mixture()
    x = law.sample(200, torch.Generator().manual_seed(0))
    for level in heat_residuals(law, x, TS, 4):
        assert abs(level.mean) <= 4 * level.standard_error + 1e-12
        assert level.rms <= level.trace_error + 1e-12


def test_a_false_energy_has_what_is_wrong_with_it() -> None:
    law = Warmer(torch.full((1, 4, 4), 0.5), 0.05 * torch.eye(16), (0.5, 2.0))
    x = law.sample(20, torch.Generator().manual_seed(0))
    for level in heat_residuals(law, x, TS, None):
        assert level.mean == pytest.approx(0.03, abs=1e-3)
        assert level.rms == pytest.approx(0.03, abs=1e-3)


def test_an_energy_that_is_not_a_number_is_no_small_residual() -> None:
    class Broken(GaussianScaleMixture):
        def energy(self, y: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
            return super().energy(y, t) * float("nan")

    law = Broken(torch.full((1, 4, 4), 0.5), 0.05 * torch.eye(16), (0.5, 2.0))
    x = mixture(torch.float32).sample(4, torch.Generator().manual_seed(0))
    assert all(level.rms == float("inf") for level in heat_residuals(law, x, TS, 4))


def test_the_error_of_the_residual_is_its_spread_over_sets_of_images() -> None:
    """Of a false energy, where the residual is far from 0, and of a true one, where there is only noise."""
    for kind, least in ((Warmer, 0.5), (GaussianScaleMixture, 0.0)):
        law = kind(torch.full((1, 4, 4), 0.5), 0.05 * torch.eye(16), (0.5, 2.0))
        x = law.sample(600, torch.Generator().manual_seed(0))
        found = [heat_residuals(law, part, [0.05], 4, seed)[0] for seed, part in enumerate(x.split(20))]
        rms, errors = (torch.tensor([getattr(each, name) for each in found]) for name in ("rms", "rms_error"))
        assert float(errors.mean()) >= least * float(rms.std())
        assert float(errors.mean()) < 4 * float(rms.std()) + 1e-12
