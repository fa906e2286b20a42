"""When do samples decide what they become, and does the data's covariance predict it?

A sample on its way from noise to an image decides first on which side of the data's mean it falls, along the direction
``e`` in which the data vary most, with variance ``lambda``. At large noise the energy near the mean is

    U = const + 1/2 <e, y>^2 (1/t - lambda/t^2 + ...),

whose first two terms cancel at the **speciation noise** ``t = lambda`` (Biroli, Bonnaire, de Bortoli and Mézard 2024,
arXiv 2402.18491). Where the data are two classes, far apart beside their own width, one well becomes two there:
for classes of variance ``v`` at ``-m`` and ``m``, exactly at ``t = m^2 - v``, while ``lambda = m^2 + v``. For Gaussian
data the other terms matter as much, and there is one well at every noise. Far above ``lambda`` a Gaussian is enough
(late initialization, `explorer.measures.sampling.start`).

What trajectories do: along the reverse diffusion, ``q(t)`` is the share of samples for which the side of ``D(y, t)``
is that of the image in which they end: 1/2 where all is open, 1 where all is decided. If the diffusion is exact, that
image and ``y`` are an image and the same with noise of variance ``t``. For Gaussian data

    q = 1/2 + arcsin(sqrt(lambda / (lambda + t))) / pi,

which is 3/4, half way, at ``t = lambda`` exactly; for two points at +-1, ``q = Phi(1 / sqrt(t))``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from scipy.sparse.linalg import svds
from torch import Tensor

from explorer.errors import ExplorerError
from explorer.measures.sampling.samplers import SAMPLERS
from explorer.measures.sampling.start import start
from explorer.measures.shared.noise import noise_generator
from explorer.measures.wells.landscape import Section
from explorer.models.base import EnergyModel
from explorer.units import psnr_from_noise_variance

__all__ = ["HALF_WAY", "Paths", "follow_paths", "principal_line"]

HALF_WAY = 0.75
"""Share of samples whose side is decided, half way between chance and certainty."""

_DRAWS = 200  # of the samples, for the error


def principal_line(x: Tensor) -> Section:
    """The line through the mean of images along which they vary most; its unit is their standard deviation there, so
    that ``unit^2`` is the speciation noise.

    Args:
        x: images in a model's values, shape ``(N, C, H, W)``, N at least 2.

    Raises:
        ExplorerError: there are fewer than two images, or all are the same.
    """
    if len(x) < 2:
        raise ExplorerError("The direction in which images vary most needs at least two. Choose more.")
    if (x == x[0]).all():
        raise ExplorerError("All of these images are the same. Choose others.")
    mean = x.double().mean(0)
    away = (x.double() - mean).flatten(1).numpy()
    if min(away.shape) == 1 or len(away) == 2:  # all of them are on one line
        axis, largest = away[np.abs(away).sum(1).argmax()], float(np.linalg.norm(away))
    else:
        begin = np.random.default_rng(0).standard_normal(min(away.shape))
        _, (largest,), (axis,) = svds(away, 1, v0=begin)
    unit = float(largest) / math.sqrt(len(x))
    direction = torch.from_numpy(axis / np.linalg.norm(axis)).view(1, *x.shape[1:]).to(x.dtype)
    return Section(mean.to(x.dtype), direction, unit, np.array([[-1.0], [1.0]]))


@dataclass
class Paths:
    """Samples on their way, seen on a line or a plane.

    Attributes:
        section: what they are seen on.
        ts: noise variances so far, decreasing.
        noisy, denoised: coordinates of ``y`` and of ``D(y, t)``, each of shape ``(n, k)``, one for each of `ts`.
        ends: ``D`` at the last of them, shape ``(n, C, H, W)``.
    """

    section: Section
    ts: list[float] = field(default_factory=list)
    noisy: list[np.ndarray] = field(default_factory=list)
    denoised: list[np.ndarray] = field(default_factory=list)
    ends: Tensor | None = None

    @property
    def psnr(self) -> np.ndarray:
        """`ts` in dB."""
        return np.asarray(psnr_from_noise_variance(np.array(self.ts)))

    @property
    def decided(self) -> np.ndarray:
        """``q``: share of the samples whose side along the first axis is that of their end, shape ``(K,)``."""
        share: np.ndarray = self._kept.mean(1)
        return share

    @property
    def decision_noise(self) -> float | None:
        """The noise variance at which `decided` passes `HALF_WAY` for the last time; None where it never is below."""
        return _crossing(self.ts, self.decided)

    @property
    def decision_error(self) -> float | None:
        """Standard error of `decision_noise` in dB, from samples drawn anew with replacement (Efron 1979); None where
        that is None.

        A share rises slowly: 64 samples of Gaussian data tell their variance to 3 dB.
        """
        if self.decision_noise is None:
            return None
        kept, random = self._kept, np.random.default_rng(0)
        count = kept.shape[1]
        draws = (_crossing(self.ts, kept[:, random.integers(0, count, count)].mean(1)) for _ in range(_DRAWS))
        found = [float(psnr_from_noise_variance(t)) for t in draws if t is not None]
        return float(np.std(found, ddof=1)) if len(found) > 1 else None

    @property
    def _kept(self) -> np.ndarray:
        """Which samples are on the side of their end, shape ``(K, n)``."""
        sides = np.stack(self.denoised)[:, :, 0] > 0
        kept: np.ndarray = sides == sides[-1]
        return kept


def follow_paths(
    model: EnergyModel, section: Section, ts: Sequence[float], count: int, sampler: str = "ancestral", seed: int = 0
) -> Iterator[Paths]:
    """Samples of a model seen on a section, from the first noise variance to the last: one and the same object, which
    grows by a level each time. Nothing is computed before it is asked for.

    Args:
        model: an energy model.
        section: in the model's values.
        ts: noise variances, decreasing.
        count: number of samples.
        sampler: a key of `SAMPLERS`; ``ancestral`` is the reverse diffusion, ``flow`` draws nothing after the start.
        seed: of all that is drawn.

    Raises:
        ExplorerError: the energy is not finite.
    """
    generator = noise_generator(seed)
    paths = Paths(section)
    for state in SAMPLERS[sampler](model, start(model, ts[0], count, generator), ts, generator):
        if not torch.isfinite(state.energy).all():
            raise ExplorerError(f"The model gives no finite energy at {psnr_from_noise_variance(state.t):.1f} dB.")
        paths.ts.append(state.t)
        paths.noisy.append(section.coordinates(state.y))
        paths.denoised.append(section.coordinates(state.denoised))
        paths.ends = state.denoised.cpu()
        yield paths


def _crossing(ts: Sequence[float], share: np.ndarray) -> float | None:
    """By a straight line in ``log t``; None where the share is never below."""
    below = np.flatnonzero(share < HALF_WAY)
    if not len(below) or below[-1] + 1 >= len(share):
        return None
    k = int(below[-1])
    part = (HALF_WAY - share[k]) / (share[k + 1] - share[k])
    return float(math.exp((1 - part) * math.log(ts[k]) + part * math.log(ts[k + 1])))
