"""Does ``exp(-U)`` integrate to one at the smallest noise? Annealed importance sampling, for images of few pixels.

Particles (Neal 2001) follow the model's own densities ``exp(-U(., t))`` from large noise down to ``t0``, with Langevin
moves that leave each of them as it is, and gather

    log w = sum_k [ U(y_k, t_k) - U(y_k, t_{k+1}) ],      E w = Z(t0) / Z(T),

with ``Z(t)`` the integral of ``exp(-U(., t))``. From level to level the particles are moved as the Gaussian with the
data's spectrum would shrink, ``z_i -> z_i sqrt((lambda_i + t_{k+1}) / (lambda_i + t_k))``, a linear map whose Jacobian
is added to ``log w`` (Vaikuntanathan and Jarzynski 2008): only what is not Gaussian is left to the moves. Where few
particles come to carry the weight they are drawn anew in proportion to it (Del Moral, Doucet and Jasra 2006).
Independent groups of particles give the error. By Jensen's inequality the mean of their logarithms is low.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from explorer.measures.consistency.check import Check, Conditions, Subject
from explorer.measures.consistency.partition import LogPartition, Normalization
from explorer.measures.consistency.verdict import Verdict, decide, threshold_text, with_error
from explorer.measures.shared.noise import noise_generator
from explorer.models.anchor import SpectralGaussian
from explorer.models.base import Derivatives, EnergyModel, sum_pixels
from explorer.progress import Progress
from explorer.units import short_unit

__all__ = ["AnnealingCheck", "anneal"]

_MOST_DIMENSIONS = 256
_FEWEST_EFFECTIVE = 0.5  # share of the particles of a group
_TARGET_ACCEPTANCE = 0.6  # near the best for Langevin moves (Roberts and Rosenthal 1998)


@dataclass(frozen=True)
class AnnealingCheck(Check[Normalization]):
    """The log normalization at the smallest noise.

    Attributes:
        images: number of particles; each begins at an image.
        levels: steps of the annealing.
    """

    name = "annealing"
    title = "Normalization by annealing"
    measured = Normalization
    threshold = 0.02
    unit = "nats/dimension"

    levels: int

    def not_applicable(self, conditions: Conditions) -> str | None:
        if conditions.dimensions <= _MOST_DIMENSIONS:
            return None
        return f"Annealing is unreliable above {_MOST_DIMENSIONS} dimensions."

    def cost(self, conditions: Conditions) -> float:  # noqa: ARG002
        return self.images * self.levels * (2 + 1 / 3)

    def fitted(self, share: float) -> AnnealingCheck:  # noqa: ARG002
        return self  # models of so few dimensions are fast

    def run(self, subject: Subject, progress: Progress) -> Normalization:
        x = subject.x
        annealed = anneal(
            subject.model,
            x[torch.arange(self.images) % len(x)],
            subject.t_low,
            subject.t_max,
            levels=self.levels,
            seed=subject.seed,
            progress=progress,
        )
        return Normalization(images=min(self.images, len(x)), log_partition=annealed)

    def judge(self, measured: Normalization, conditions: Conditions) -> Verdict:
        value = measured.log_partition.value / conditions.dimensions
        error = measured.log_partition.standard_error / conditions.dimensions
        outcome = decide(value, self.threshold, error)
        sentence = (
            "Followed from the largest noise to the smallest by annealed importance sampling, the log of the integral "
            f"of the density is {with_error(value, error, 3)} nats per dimension {threshold_text(self.threshold)}; it "
            "should be 0."
        )
        if outcome == "does not pass" and value > 0:
            sentence += " There is probability where there are no images."
        shown = f"{with_error(value, error, 3)} {short_unit(self.unit)}"
        return self.verdict(outcome, value, shown, sentence, conditions.smallest_noise, error)


def anneal(
    model: EnergyModel,
    x: Tensor,
    t0: float,
    t_max: float,
    *,
    levels: int = 1000,
    moves: int = 1,
    groups: int = 4,
    seed: int = 0,
    progress: Progress | None = None,
) -> LogPartition:
    """``log Z(t0) - log Z(t_max)`` by annealed importance sampling, in nats.

    Args:
        model: an energy model.
        x: images, one for each particle, shape ``(N, C, H, W)``: with noise of variance `t_max` on them the particles
            begin as samples of the model, where it is Gaussian. What does not fill the groups is left out.
        t0, t_max: noise variances.
        levels: steps in ``log t``; the error falls with their number.
        moves: Langevin moves at each level.
        groups: independent groups of particles, at least 2; the error is read off their spread.
        seed: of noise and moves.
        progress: called with (levels done, levels in all).

    Raises:
        ValueError: fewer than two groups of two particles.
    """
    generator = noise_generator(seed)
    ts = np.geomspace(t_max, t0, levels + 1)
    if groups < 2 or len(x) < 2 * groups:
        raise ValueError("At least two groups of two particles are needed.")
    clean = x[: len(x) // groups * groups].to(model.device)
    gaussian = SpectralGaussian(model.image_shape).fit(x).to(clean)

    def normal() -> Tensor:
        return torch.randn(clean.shape, generator=generator).to(clean)

    y = clean + math.sqrt(t_max) * normal()
    log_weight = torch.zeros(groups, len(clean) // groups, dtype=torch.float64)
    log_partition = torch.zeros(groups, dtype=torch.float64)
    step = 0.5  # of the moves, in units of the noise variance
    for done, (t_from, t_to) in enumerate(itertools.pairwise(ts)):
        before = -model.log_prob(y, float(t_from)).cpu().double()
        shrinkage = ((gaussian.variances + t_to) / (gaussian.variances + t_from)).sqrt()
        y = gaussian.mean + gaussian.synthesize(shrinkage * gaussian.coefficients(y))
        now = model.derivatives(y, float(t_to))
        gained = before - now.energy.cpu().double() + float(shrinkage.cpu().double().log().sum())
        log_weight += gained.view(groups, -1)
        share = log_weight.softmax(1)
        poor = 1 / share.square().sum(1) < _FEWEST_EFFECTIVE * share.shape[1]
        if poor.any():
            survivors = torch.arange(len(y)).view(groups, -1)
            survivors[poor] = survivors[poor].gather(
                1, torch.multinomial(share[poor], share.shape[1], True, generator=generator)
            )
            log_partition[poor] += log_weight[poor].logsumexp(1) - math.log(share.shape[1])
            log_weight[poor] = 0.0
            chosen = survivors.flatten().to(y.device)
            y, now = y[chosen], Derivatives(*(part[chosen] for part in now))
        for _ in range(moves):
            size = step * float(t_to)
            proposed = y + size * now.score + math.sqrt(2 * size) * normal()
            then = model.derivatives(proposed, float(t_to))
            forth = sum_pixels((proposed - y - size * now.score).square())
            back = sum_pixels((y - proposed - size * then.score).square())
            log_ratio = now.energy - then.energy + (forth - back) / (4 * size)
            chance = torch.rand(len(y), generator=generator).to(clean)
            accepted = torch.log(chance) < log_ratio
            mask = accepted.view(-1, 1, 1, 1)
            y = torch.where(mask, proposed, y)
            now = Derivatives(
                torch.where(accepted, then.energy, now.energy),
                torch.where(mask, then.score, now.score),
                torch.where(accepted, then.time_score, now.time_score),
            )
            step = min(1.0, step * math.exp(0.1 * (float(accepted.float().mean()) - _TARGET_ACCEPTANCE)))
        if progress is not None:
            progress(done + 1, levels)
    log_partition += log_weight.logsumexp(1) - math.log(log_weight.shape[1])
    return LogPartition(value=float(log_partition.mean()), standard_error=float(log_partition.std() / groups**0.5))
