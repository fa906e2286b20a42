"""Plans, the iterator that a page follows, and `sample`."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

import explorer
from explorer.errors import ExplorerError
from explorer.measures.sampling.plan import follow, plan
from explorer.measures.sampling.sample import sample
from explorer.measures.sampling.samplers import SAMPLERS
from explorer.models.analytic import Gaussian
from explorer.models.checkpoints import Checkpoint
from tests.measures.sampling.distributions import T0, T_START, D, gaussian


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_samples_of_a_network(tiny_checkpoint: Checkpoint, sampler: str) -> None:
    model = tiny_checkpoint.model
    reports: list[tuple[int, int | None]] = []
    found = explorer.sample(model, 3, sampler=sampler, steps=12, progress=lambda *report: reports.append(report))
    assert found.images.shape == found.y.shape == (3, 1, 8, 8)
    trace = found.trace
    assert trace is not None
    assert trace.energies.shape == (13, 3)
    assert found.t == pytest.approx(1e-4)
    assert (trace.psnr[0], trace.psnr[-1]) == (pytest.approx(-20.0), pytest.approx(40.0))
    torch.testing.assert_close(found.log_prob, model.log_prob(found.y, found.t))
    torch.testing.assert_close(found.images, model.denoise(found.y, found.t))
    np.testing.assert_allclose(trace.energies[-1], -found.log_prob.numpy())
    assert (trace.acceptance is not None) == (sampler == "mala")
    assert reports == [(k, 13) for k in range(1, 14)]
    assert trace.plan.saved == 0


def test_a_seed_gives_the_same_samples_and_another_does_not() -> None:
    density = gaussian()
    one, again, other = (sample(density, 4, steps=10, seed=seed, t_start=T_START) for seed in (5, 5, 6))
    assert torch.equal(one.images, again.images)
    assert not torch.equal(one.images, other.images)


def test_a_page_stops_by_asking_for_no_more() -> None:
    density = gaussian()
    states = follow(density, plan(density, "flow", 10**6, t_start=T_START), 2)
    assert [next(states).gradients for _ in range(3)] == [1, 3, 5]
    states.close()
    with pytest.raises(StopIteration):
        next(states)


def test_the_plan_says_what_it_costs(tiny_checkpoint: Checkpoint) -> None:
    costs = {name: plan(tiny_checkpoint.model, name, 60).gradients for name in SAMPLERS}
    assert costs == {"ancestral": 61, "flow": 121, "corrector": 122, "mala": 182}


def test_what_cannot_be_done_is_said_in_a_sentence() -> None:
    density = gaussian()
    for message, arguments in (
        ("no sampler 'magic'", {"sampler": "magic"}),
        ("at least one step", {"steps": 0}),
        ("no Gaussian", {"late": True}),
    ):
        with pytest.raises(ExplorerError, match=message):
            sample(density, 2, t_start=T_START, **arguments)
    with pytest.raises(ExplorerError, match="one image"):
        sample(density, 0, t_start=T_START)
    with pytest.raises(ValueError, match="large to small"):
        sample(density, 2, t_start=T0)


def test_an_energy_that_is_not_finite_ends_it_with_a_sentence() -> None:
    class Broken(Gaussian):
        def energy(self, y: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
            return super().energy(y, t) + torch.where(t < 0.1, math.nan, 0.0)

    density = gaussian()
    broken = Broken(density.mean, 0.04 * torch.eye(D), T0)
    with pytest.raises(ExplorerError, match="no finite energy at"):
        sample(broken, 2, t_start=T_START)
