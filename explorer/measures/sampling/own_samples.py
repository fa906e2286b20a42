"""Are a model's own samples as probable as the data?

If the model's density is that of the data, its samples have the same distribution of log p as the data, and so

    E_model[-log p(y, t)]  =  E_data[-log p(x + sqrt(t) eps, t)] .

On the left is the entropy of the model, on the right its cross-entropy on the data, what the negative log-likelihood
says. A difference means that the density is wrong, or that the sampler is (more steps tell which). Samples that are
less probable than the data: the model holds images for possible that are none. More probable ones: the model has
learned what is simple in the data and not the rest. Equality proves nothing by itself, since both errors can cancel.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import torch
from torch import Tensor

from explorer.measures.shared.noise import noise_generator
from explorer.measures.shared.scoring import log_prob_batched
from explorer.models.base import EnergyModel

__all__ = ["OwnSamples", "compare_log_prob", "log_prob_with_noise", "own_samples"]


@dataclass(frozen=True)
class OwnSamples:
    """Mean ``-log p`` of samples and of data at one noise variance, in bits/dimension.

    Attributes:
        model, model_error: over samples of the model, and its standard error.
        data, data_error: over the data, and its standard error.
        samples, images: numbers of both.
        t: noise variance.
    """

    model: float
    model_error: float
    data: float
    data_error: float
    samples: int
    images: int
    t: float

    @property
    def difference(self) -> float:
        """``E_model - E_data``, positive where samples are less probable than data."""
        return self.model - self.data

    @property
    def error(self) -> float:
        """Standard error of `difference`."""
        return math.hypot(self.model_error, self.data_error)

    def as_dict(self) -> dict[str, float]:
        """Plain numbers, for JSON."""
        return asdict(self)


def own_samples(model: EnergyModel, log_prob: Tensor, x: Tensor, t: float, seed: int = 0) -> OwnSamples:
    """Compare samples of a model with data.

    Args:
        model: an energy model.
        log_prob: ``log p(y, t)`` of samples ``y`` of ``p(., t)``, in nats, shape ``(n,)``, n at least 2.
        x: clean (dequantized) images of the data, shape ``(N, C, H, W)``, N at least 2.
        t: noise variance of the samples, which the data are given, too.
        seed: of the noise.

    Raises:
        ValueError: fewer than two samples or images.
    """
    return compare_log_prob(log_prob, log_prob_with_noise(model, x, t, seed), model.dimensions, t)


def log_prob_with_noise(model: EnergyModel, x: Tensor, t: float, seed: int = 0) -> Tensor:
    """``log p(x + sqrt(t) eps, t)`` in nats, shape ``(N,)``, on the CPU; arguments as for `own_samples`."""
    noise = torch.randn(x.shape, generator=noise_generator(seed), dtype=x.dtype)
    return log_prob_batched(model, x.cpu() + math.sqrt(t) * noise, t)


def compare_log_prob(samples: Tensor, data: Tensor, dimensions: int, t: float) -> OwnSamples:
    """Compare log p of samples with log p of data, both with noise of variance `t`.

    Args:
        samples, data: in nats, shapes ``(n,)`` and ``(N,)``, each at least 2.
        dimensions: ``d``.
        t: noise variance.

    Raises:
        ValueError: fewer than two samples or images.
    """
    if len(samples) < 2 or len(data) < 2:
        raise ValueError("At least two samples and two images are needed to know the error.")
    (of_model, model_error), (of_data, data_error) = _bits(samples, dimensions), _bits(data, dimensions)
    return OwnSamples(of_model, model_error, of_data, data_error, len(samples), len(data), t)


def _bits(log_prob: Tensor, dimensions: int) -> tuple[float, float]:
    """Mean of ``-log p`` and its standard error, in bits/dimension."""
    bits = -log_prob.cpu().double() / (dimensions * math.log(2))
    return float(bits.mean()), float(bits.std() / len(bits) ** 0.5)
