"""Does ``exp(-U)`` integrate to one at the largest noise?

At ``t`` far above the variance of the data, the noisy data are Gaussian with the data's covariance plus ``t``, so that
a normalized energy has ``E U(y, t) = 1/2 sum_i log(2 pi e (lambda_i + t))``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from explorer.measures.consistency.check import Check, Conditions, Subject
from explorer.measures.consistency.partition import LogPartition, Normalization
from explorer.measures.consistency.verdict import Verdict, decide, threshold_text, with_error
from explorer.measures.dataset.nll import gaussian_entropy
from explorer.measures.shared.noise import noise_generator
from explorer.models.base import EnergyModel, sum_pixels
from explorer.models.devices import inference_batch_size
from explorer.progress import Progress
from explorer.units import short_unit

__all__ = ["LargeNoiseCheck", "large_noise_error"]


@dataclass(frozen=True)
class LargeNoiseCheck(Check[Normalization]):
    """The log normalization at the largest noise, where the truth is Gaussian."""

    name = "large_noise"
    title = "Normalization at large noise"
    measured = Normalization
    threshold = 0.002
    unit = "nats/dimension"

    def cost(self, conditions: Conditions) -> float:  # noqa: ARG002
        return self.images * 2 / 3

    def run(self, subject: Subject, progress: Progress) -> Normalization:
        x = subject.x[: self.images]
        error = large_noise_error(subject.model, x, subject.t_max, subject.seed)
        progress(1, 1)
        return Normalization(images=len(x), log_partition=error)

    def judge(self, measured: Normalization, conditions: Conditions) -> Verdict:
        value = measured.log_partition.value / conditions.dimensions
        error = measured.log_partition.standard_error / conditions.dimensions
        outcome = decide(value, self.threshold, error)
        sentence = (
            "At the largest noise, where the noisy data are Gaussian, the log of the integral of the density is "
            f"{with_error(value, error, 4)} nats per dimension {threshold_text(self.threshold)}; it should be 0."
        )
        shown = f"{with_error(value, error, 4)} {short_unit(self.unit)}"
        return self.verdict(outcome, value, shown, sentence, conditions.largest_noise, error)


def large_noise_error(model: EnergyModel, x: Tensor, t: float, seed: int = 0) -> LogPartition:
    """``1/2 sum_i log(2 pi e (lambda_i + t)) - E U(y, t)``, which is ``log Z(t)`` where the noisy data are Gaussian.

    The noise is antithetic and ``1/2 (||eps||^2 - d)``, of mean zero, is taken out, or it would hide the rest.

    Args:
        model: an energy model.
        x: images, shape ``(N, C, H, W)``, N at least 2.
        t: noise variance, far above the variances of the data.
        seed: of the noise.
    """
    generator = noise_generator(seed)
    excess = []
    for images in torch.split(x, inference_batch_size(model.dimensions, model.device)):
        clean = images.to(model.device)
        noise = torch.randn(images.shape, generator=generator).to(clean)
        pair = [-model.log_prob(clean + sign * math.sqrt(t) * noise, t).cpu().double() for sign in (1, -1)]
        excess.append(0.5 * (pair[0] + pair[1]) - 0.5 * (sum_pixels(noise.square()).cpu().double() - model.dimensions))
    energies = torch.cat(excess)
    return LogPartition(
        value=gaussian_entropy(x, t) - float(energies.mean()), standard_error=float(energies.std() / len(x) ** 0.5)
    )
