"""The likelihood by the probability flow against densities that are known."""

import pytest
import torch

from explorer.measures.image.flow import flow_log_prob
from explorer.models.analytic import GaussianScaleMixture

T0, T_MAX = 1e-3, 100.0


@pytest.fixture
def law() -> GaussianScaleMixture:
    root = torch.randn(16, 16, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    mean = torch.full((1, 4, 4), 0.5, dtype=torch.float64)
    return GaussianScaleMixture(mean, 0.05 * root @ root.T / 16, (0.5, 2.0), t0=T0)


def test_it_is_log_prob(law: GaussianScaleMixture) -> None:
    for x in law.sample(4, torch.Generator().manual_seed(1)).split(1):
        flow = flow_log_prob(law, x, T0, T_MAX, tolerance=1e-5, probes=None)
        assert flow.energy_log_prob == pytest.approx(float(law.log_prob(x)))
        assert flow.log_prob == pytest.approx(flow.energy_log_prob, abs=0.02)
        assert flow.standard_error == 0
        assert flow.traces == 48 * 16
        assert flow.gradients > 10


def test_probes_know_their_error(law: GaussianScaleMixture) -> None:
    scores = []
    for seed, x in enumerate(law.sample(12, torch.Generator().manual_seed(2)).split(1)):
        flow = flow_log_prob(law, x, T0, T_MAX, tolerance=1e-4, probes=8, seed=seed)
        scores.append(flow.difference / flow.standard_error)
    assert 0.4 < torch.tensor(scores).square().mean().sqrt() < 1.9


def test_it_does_not_ask_the_energy_where_it_answers(law: GaussianScaleMixture) -> None:
    """An energy that is wrong by a constant at small noise has the same gradients: the flow is right, and tells."""

    class Shifted(GaussianScaleMixture):
        def energy(self, y: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
            return super().energy(y, t) + 5 * (t.detach() < 0.01)

    shifted = Shifted(law.base.mean, torch.eye(16, dtype=torch.float64) * 0.05, (0.5, 2.0), t0=T0)
    x = shifted.sample(1, torch.Generator().manual_seed(1))
    flow = flow_log_prob(shifted, x, T0, T_MAX, tolerance=1e-5, probes=None)
    assert flow.difference == pytest.approx(5, abs=0.05)


def test_bad_arguments_are_refused(law: GaussianScaleMixture) -> None:
    x = law.sample(2, torch.Generator())
    with pytest.raises(ValueError, match="one image"):
        flow_log_prob(law, x, T0, T_MAX)
    with pytest.raises(ValueError, match="t0 < t_max"):
        flow_log_prob(law, x[:1], 0.0, T_MAX)


def test_a_flow_that_cannot_be_followed_is_not_a_number(law: GaussianScaleMixture) -> None:
    class Broken(GaussianScaleMixture):
        def energy(self, y: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
            return super().energy(y, t) * torch.where(t > 1, float("nan"), 1.0)

    broken = Broken(law.base.mean, torch.eye(16, dtype=torch.float64) * 0.05, (0.5, 2.0), t0=T0)
    flow = flow_log_prob(broken, law.sample(1, torch.Generator().manual_seed(1)), T0, T_MAX)
    assert flow.log_prob != flow.log_prob
    assert flow.traces == 0
