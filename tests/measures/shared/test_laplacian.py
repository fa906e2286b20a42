"""Laplacians against a law whose Hessian is known."""

import pytest
import torch

from explorer.measures.shared.laplacian import laplacian
from explorer.models.analytic import Gaussian


@pytest.fixture
def law() -> Gaussian:
    root = torch.randn(16, 16, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return Gaussian(torch.full((1, 4, 4), 0.5, dtype=torch.float64), root @ root.T / 16)


def exact(law: Gaussian, t: float) -> float:
    return float((1 / (law.eigenvalues + t)).sum())


def test_without_probes_the_trace_is_exact(law: Gaussian) -> None:
    y = torch.rand(3, 1, 4, 4, dtype=torch.float64)
    result = laplacian(law, y, 0.1, None, torch.Generator())
    torch.testing.assert_close(result.value, torch.full((3,), exact(law, 0.1), dtype=torch.float64))
    assert not result.standard_error.any()
    direct = law.derivatives(y, 0.1)
    for ours, theirs in ((result.energy, direct.energy), (result.score, direct.score)):
        torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(result.time_score, direct.time_score)


def test_probes_estimate_it_and_know_their_error(law: Gaussian) -> None:
    y = torch.rand(200, 1, 4, 4, dtype=torch.float64)
    result = laplacian(law, y, 0.1, 8, torch.Generator().manual_seed(1))
    z = (result.value - exact(law, 0.1)) / result.standard_error
    assert abs(float(z.mean())) < 0.35
    assert 0.8 < float(z.std()) < 1.6  # Student's t with 7 degrees of freedom has 1.18


def test_one_probe_knows_no_error(law: Gaussian) -> None:
    with pytest.raises(ValueError, match="two probes"):
        laplacian(law, torch.rand(1, 1, 4, 4, dtype=torch.float64), 0.1, 1, torch.Generator())


def test_a_constant_energy_has_none() -> None:
    class Flat(Gaussian):
        def energy(self, y: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
            return (0 * y).flatten(1).sum(1) + t

    flat = Flat(torch.zeros(1, 2, 2), torch.eye(4))
    result = laplacian(flat, torch.rand(2, 1, 2, 2), 0.1, None, torch.Generator())
    assert not result.value.any()
