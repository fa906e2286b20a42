"""Samplers on distributions whose samples are known."""

from __future__ import annotations

import functools
import itertools
import math

import pytest
import torch
from scipy.stats import ks_2samp

from explorer.measures.sampling.moves import langevin_move, mala_move, move_down
from explorer.measures.sampling.samplers import SAMPLERS, ancestral, corrector, flow, gradients_needed, mala, mala_step
from explorer.measures.sampling.schedules import even_schedule, kadkhodaie_simoncelli_schedule
from explorer.measures.sampling.state import Sampler, State
from explorer.models.analytic import Gaussian, GaussianScaleMixture
from explorer.models.base import EnergyModel
from tests.measures.sampling.distributions import SIZE, T0, T_START, D, contrasts, exact, gaussian, variance_ratios


def last(sampler: Sampler, density: EnergyModel, ts: list[float], count: int, seed: int = 0) -> State:
    generator = torch.Generator().manual_seed(seed)
    y = 0.5 + math.sqrt(ts[0]) * torch.randn(count, *density.image_shape, generator=generator)
    *_, state = sampler(density, y, ts, generator)
    return state


@pytest.mark.parametrize(("name", "steps"), [("ancestral", 800), ("flow", 100), ("corrector", 400), ("mala", 400)])
def test_samples_of_a_gaussian_have_its_covariance_and_its_log_p(name: str, steps: int) -> None:
    """With 4,000 samples a variance is known to 2.2 % (one standard error), the mean of all 36 to 0.4 %, and the mean
    energy to 1.1 % of a nat a dimension; steps are so many that the samplers' own error is below 1 %."""
    density, count = gaussian(), 4000
    state = last(SAMPLERS[name], density, even_schedule(T_START, T0, steps), count)
    ratios = variance_ratios(state.y, density, T0)
    assert ((ratios - 1).abs() < 5 * math.sqrt(2 / count)).all()
    assert float(ratios.mean()) == pytest.approx(1, abs=3 * math.sqrt(2 / count / D) + 0.01)
    z = (state.y - density.mean).flatten(1) @ density.eigenvectors
    correlation = torch.corrcoef(z.T) - torch.eye(D)
    assert float(correlation.abs().max()) < 5.5 / math.sqrt(count)
    reference = -density.log_prob(exact(density, count, T0))
    assert ks_2samp(state.energy.numpy(), reference.numpy()).pvalue > 1e-3


def test_samples_of_a_scale_mixture_have_its_log_p() -> None:
    """Three contrasts, a third of the samples each: the flow finds them in these proportions (a share is known to
    0.9 %, one standard error), and log p is distributed as that of exact samples."""
    density, count = contrasts(), 3000
    state = last(flow, density, even_schedule(1e4, T0, 200), count)
    reference = -density.log_prob(exact(density, count, T0))
    assert ks_2samp(state.energy.numpy(), reference.numpy()).pvalue > 1e-3
    radius = (state.y - 0.5).flatten(1).square().mean(1).sqrt() / 0.1
    for low, high in ((0, 0.55), (0.55, 1.7), (1.7, math.inf)):
        true = ((exact(density, 100_000, T0) - 0.5).flatten(1).square().mean(1).sqrt() / 0.1).double()
        share = float(((true > low) & (true <= high)).double().mean())
        found = float(((radius > low) & (radius <= high)).double().mean())
        assert found == pytest.approx(share, abs=4 * math.sqrt(share * (1 - share) / count))


def gap(sampler: Sampler, steps: int, count: int = 4000) -> float:
    """Mean variance along the eigenvectors over the true one, minus 1; known to 0.4 %."""
    density = gaussian()
    return (
        float(variance_ratios(last(sampler, density, even_schedule(T_START, T0, steps), count).y, density, T0).mean())
        - 1
    )


def test_ancestral_sampling_is_of_first_order() -> None:
    """Twice the steps, half the error."""
    coarse, fine = gap(ancestral, 50), gap(ancestral, 100)
    assert coarse < -0.1
    assert coarse / fine == pytest.approx(2, abs=0.35)


def test_the_flow_is_of_second_order() -> None:
    """Deterministic: a Gaussian is scaled by ``sqrt((lambda + t0) / (lambda + T))``. Twice the steps, a quarter of the
    error of that, and four times of Euler's, twice."""
    density = gaussian().double()
    y = density.mean + math.sqrt(T_START) * torch.randn(
        4, 1, SIZE, SIZE, generator=torch.Generator().manual_seed(0), dtype=torch.float64
    )
    scale = ((density.eigenvalues + T0) / (density.eigenvalues + T_START)).sqrt()
    exactly = ((y - density.mean).flatten(1) @ density.eigenvectors * scale) @ density.eigenvectors.T

    def error(sampler: Sampler, steps: int) -> float:
        *_, state = sampler(density, y, even_schedule(T_START, T0, steps), torch.Generator())
        return float(((state.y - density.mean).flatten(1) - exactly).norm())

    assert error(flow, 100) / error(flow, 200) == pytest.approx(4, rel=0.1)
    euler = functools.partial(ancestral, beta=1.0)
    assert error(euler, 100) / error(euler, 200) == pytest.approx(2, rel=0.1)
    assert error(flow, 100) < 0.1 * error(euler, 200)


@pytest.mark.parametrize("name", ["corrector", "mala"])
def test_moves_mend_what_steps_get_wrong(name: str) -> None:
    euler = functools.partial(ancestral, beta=1.0)
    assert abs(gap(SAMPLERS[name], 50)) < 0.7 * abs(gap(euler, 50))


def test_ancestral_sampling_is_kadkhodaie_and_simoncellis() -> None:
    """Their algorithm as they write it, at known noise levels, noise for noise."""
    density, h0, beta = gaussian(), 0.05, 0.1
    ts = kadkhodaie_simoncelli_schedule(1.0, T0, h0, beta)
    start = 0.5 + torch.randn(3, 1, SIZE, SIZE, generator=torch.Generator().manual_seed(0))
    *_, state = ancestral(density, start, ts, torch.Generator().manual_seed(1), beta=beta)
    generator = torch.Generator().manual_seed(1)
    y, sigma = start, 1.0
    for k in range(1, len(ts) - 1):
        h = h0 * k / (1 + h0 * (k - 1))
        gamma = sigma * math.sqrt((1 - beta * h) ** 2 - (1 - h) ** 2)
        d = density.denoise(y, sigma**2) - y
        y = y + h * d + gamma * torch.randn(y.shape, generator=generator)
        sigma *= 1 - beta * h
        assert sigma**2 == pytest.approx(ts[k])
    before_last = list(
        itertools.islice(ancestral(density, start, ts, torch.Generator().manual_seed(1), beta=beta), len(ts))
    )
    torch.testing.assert_close(before_last[-2].y, y, rtol=1e-4, atol=1e-5)
    assert state.t == T0


def test_ancestral_steps_of_half_are_those_of_a_diffusion_model() -> None:
    """To first order in the step: ``y' = D + t'/t (y - D) + sqrt(t' (1 - t'/t)) z``."""
    y, score = torch.ones(1, 1, 2, 2), torch.full((1, 1, 2, 2), 0.7)
    t, t_next = 0.5, 0.5 * 0.98
    moved = move_down(y, score, t, t_next, 0.5, torch.Generator().manual_seed(0))
    z = torch.randn(y.shape, generator=torch.Generator().manual_seed(0))
    denoised = y + t * score
    expected = denoised + t_next / t * (y - denoised) + math.sqrt(t_next * (1 - t_next / t)) * z
    torch.testing.assert_close(moved, expected, atol=2e-3, rtol=0)


def test_a_step_never_goes_past_the_denoised_image() -> None:
    y, score = torch.zeros(1, 1, 100, 100), torch.ones(1, 1, 100, 100)
    moved = move_down(y, score, 1.0, 1e-4, 0.5, torch.Generator().manual_seed(0))
    assert float(moved.mean()) == pytest.approx(1.0, abs=1e-3)
    assert float(moved.std()) == pytest.approx(0.01, rel=0.05)


LARGE_STEP = 0.5  # in units of the noise variance: without the accept test, variances are a third too large


def chain(density: Gaussian | GaussianScaleMixture, accept: bool, count: int = 4000, moves: int = 40) -> torch.Tensor:
    """Energies after `moves` moves at ``t``, from exact samples."""
    t = 0.05
    y = exact(density, count, t)
    generator = torch.Generator().manual_seed(2)
    now = density.derivatives(y, t)
    for _ in range(moves):
        if accept:
            y, now, _ = mala_move(density, y, now, t, LARGE_STEP, generator)
        else:
            y = langevin_move(y, now.score, t, LARGE_STEP, generator)
            now = density.derivatives(y, t)
    return torch.stack((now.energy.double(), (y - 0.5).flatten(1).square().sum(1).double()))


def unchanged(after: torch.Tensor, density: Gaussian | GaussianScaleMixture) -> bool:
    """Whether energies and radii are distributed as those of other exact samples, means to 4 standard errors."""
    y = exact(density, after.shape[1], 0.05, seed=3)
    before = torch.stack((-density.log_prob(y, 0.05).double(), (y - 0.5).flatten(1).square().sum(1).double()))
    error = ((before.var(1) + after.var(1)) / before.shape[1]).sqrt()
    same = ((before.mean(1) - after.mean(1)).abs() < 4 * error).all()
    return bool(same) and all(ks_2samp(a, b).pvalue > 1e-4 for a, b in zip(before.numpy(), after.numpy(), strict=True))


@pytest.mark.parametrize("density", [gaussian(), contrasts()], ids=["gaussian", "contrasts"])
def test_mala_leaves_an_exact_density_unchanged_and_langevin_moves_do_not(
    density: Gaussian | GaussianScaleMixture,
) -> None:
    assert unchanged(chain(density, accept=True), density)
    assert not unchanged(chain(density, accept=False), density)


def test_mala_moves_are_taken_and_refused() -> None:
    density = gaussian()
    y = exact(density, 500, 0.05)
    now = density.derivatives(y, 0.05)
    moved = mala_move(density, y, now, 0.05, LARGE_STEP, torch.Generator().manual_seed(0))
    stayed = ~moved.accepted
    assert 0.05 < float(moved.accepted.double().mean()) < 0.95
    torch.testing.assert_close(moved.y[stayed], y[stayed], rtol=0, atol=0)
    assert not (moved.y[moved.accepted] == y[moved.accepted]).flatten(1).all(1).any()
    again = density.derivatives(moved.y, 0.05)
    torch.testing.assert_close(moved.derivatives.energy, again.energy)
    torch.testing.assert_close(moved.derivatives.score, again.score)


def test_at_a_level_that_is_repeated_mala_only_moves() -> None:
    density = gaussian()
    y = exact(density, 4000, 0.05)
    *_, state = mala(density, y, [0.05] * 20, torch.Generator().manual_seed(0), step=LARGE_STEP)
    assert unchanged(torch.stack((state.energy.double(), (state.y - 0.5).flatten(1).square().sum(1).double())), density)
    assert state.acceptance is not None
    assert 0 < state.acceptance < 1


def test_the_step_of_mala_is_accepted_as_theory_says() -> None:
    """57 % for noise alone in many dimensions."""
    density = Gaussian(torch.zeros(1, 20, 20), 1e-6 * torch.eye(400), T0)
    y = exact(density, 400, 1.0)
    states = list(mala(density, y, [1.0] * 10, torch.Generator().manual_seed(0)))
    acceptance = sum(state.acceptance or 0 for state in states) / 10
    assert acceptance == pytest.approx(0.574, abs=0.05)
    assert mala_step(400) == pytest.approx(1.36 / 400 ** (1 / 3))


def test_mala_takes_larger_moves_where_little_noise_is_left_and_one_step_at_each_level() -> None:
    """Variances of images are far above the noise there, so that a move of the size of the noise hardly matters."""
    density, generator = gaussian(), torch.Generator().manual_seed(0)
    first, *_, last = mala(density, exact(density, 200, 1.0), even_schedule(1.0, 1e-4, 60), generator)
    assert first.step == mala_step(D)
    assert last.step > 2 * first.step
    assert 0.4 < last.acceptance < 0.9
    repeated = mala(density, exact(density, 200, 1e-4), [1e-4] * 5, generator)
    assert {state.step for state in repeated} == {mala_step(D)}


@pytest.mark.parametrize("name", SAMPLERS)
def test_states_say_what_the_model_says_of_them(name: str) -> None:
    """One for each noise variance; energy and denoised image are those of ``(y, t)``; gradients are counted."""
    density = contrasts()
    calls = 0
    plain = density.derivatives

    def counted(*arguments: object) -> object:
        nonlocal calls
        calls += 1
        return plain(*arguments)

    density.derivatives = counted
    ts = even_schedule(10.0, T0, 5)
    y = 0.5 + math.sqrt(10.0) * torch.randn(3, *density.image_shape, generator=torch.Generator().manual_seed(0))
    states = []
    for state in SAMPLERS[name](density, y, ts, torch.Generator().manual_seed(0)):
        assert state.gradients == calls
        states.append(state)
    assert [state.t for state in states] == ts
    assert calls == gradients_needed(name, len(ts))
    for state in states:
        torch.testing.assert_close(state.energy, -density.log_prob(state.y, state.t))
        torch.testing.assert_close(state.denoised, density.denoise(state.y, state.t))
        assert (state.acceptance is not None) == (name == "mala")


@pytest.mark.parametrize("name", SAMPLERS)
def test_nothing_is_computed_before_it_is_asked_for(name: str) -> None:
    density = gaussian()
    states = SAMPLERS[name](density, exact(density, 2, 1.0), even_schedule(1.0, T0, 10**6), torch.Generator())
    assert next(states).t == 1.0
    assert next(states).t < 1.0
    states.close()


@pytest.mark.parametrize("ts", [[], [1.0, 2.0], [1.0, 0.0], [1.0, -1.0]])
@pytest.mark.parametrize("name", SAMPLERS)
def test_noise_variances_out_of_order_are_refused(name: str, ts: list[float]) -> None:
    with pytest.raises(ValueError, match="none larger"):
        next(SAMPLERS[name](gaussian(), torch.zeros(1, 1, SIZE, SIZE), ts, torch.Generator()))


def test_options_out_of_range_are_refused() -> None:
    density, y, ts = gaussian(), torch.zeros(1, 1, SIZE, SIZE), [1.0, 0.5]
    with pytest.raises(ValueError, match="beta"):
        list(ancestral(density, y, ts, torch.Generator(), beta=0.0))
    with pytest.raises(ValueError, match="move"):
        list(mala(density, y, ts, torch.Generator(), moves=0))
    assert len(list(corrector(density, y, ts, torch.Generator(), corrections=0))) == 2
