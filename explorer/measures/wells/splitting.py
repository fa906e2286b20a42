"""Where one well becomes two: the noise level at which a central point loses its stability.

At large noise every image is denoised to one point: ``y* = D(y*, t)`` is the only fixed point, the bottom of the only
well. It is stable while the largest eigenvalue ``mu`` of ``J(y*, t) = dD/dy`` is below 1; where ``mu`` crosses 1 as the
noise falls, a decision falls: the symmetry is broken (Raya and Ambrogioni 2023, arXiv 2305.19693; Biroli, Bonnaire, de
Bortoli and Mézard 2024, arXiv 2402.18491). Two stored images at -1 and 1: exactly ``t = 1``.

The point is followed from large noise to small by Newton's method, ``(I - J) step = D(y) - y``, so that it is kept
where it is not stable any more, and ``mu`` is found by Lanczos' method (`explorer.measures.image.curvature`). Where a
density has no symmetry the point may end at the crossing, together with an unstable one, or there may be no crossing:
the central point slides into one well, while others appear beside it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import brentq
from scipy.sparse.linalg import LinearOperator, minres
from torch import Tensor

from explorer.errors import ExplorerError
from explorer.measures.image.curvature import smallest_curvature
from explorer.measures.shared.jacobian import DenoiserJacobian
from explorer.measures.shared.noise_levels import log_spaced
from explorer.models.base import EnergyModel
from explorer.units import psnr_from_noise_variance

__all__ = ["Splitting", "central_point", "splitting_noise"]

_STEPS = 30  # of Newton's method
_SOLVER_STEPS = 60
_NEAR_ONE = 0.97  # the least eigenvalue of a point that ends where it becomes 1
_LARGEST = 1.0  # Newton's step in units of sqrt(d t)


_At = tuple[Tensor, float, np.ndarray]
"""A central point, its largest eigenvalue, and the direction of that."""


@dataclass(frozen=True)
class Splitting:
    """The central point of a density, from large noise to small.

    Attributes:
        ts: noise variances, decreasing, as far as it was followed; the last is `t`, if there is one.
        largest: ``mu``, the largest eigenvalue of the denoiser's Jacobian there.
        t: where it crosses 1, or where the point ends; None where it does neither.
        point: ``y*`` at `t`, or at the last of `ts`, shape ``(C, H, W)``.
        direction: in which it splits, of norm 1, shape ``(C, H, W)``.
    """

    ts: tuple[float, ...]
    largest: tuple[float, ...]
    t: float | None
    point: np.ndarray
    direction: np.ndarray

    @property
    def psnr(self) -> float | None:
        """`t` in dB."""
        return None if self.t is None else float(psnr_from_noise_variance(self.t))


def splitting_noise(
    model: EnergyModel,
    y: Tensor,
    t_high: float,
    t_low: float,
    *,
    levels: int = 51,
    tolerance: float = 1e-3,
    progress: Callable[[int, int | None], None] | None = None,
) -> Splitting:
    """Follow the central point from `t_high` down to where it splits, or to `t_low`.

    Args:
        model: an energy model, twice differentiable.
        y: where to begin, shape ``(1, C, H, W)``, such as the mean of the data; its type is that of the computation.
        t_high: so large that there is one well.
        t_low: where the search ends.
        levels: noise levels at which it looks, evenly spaced in ``log t``; steps of 1 dB lose no point of `digits`.
        tolerance: of the noise variance, relative, of the eigenvalue, and of the point, see `central_point`.
        progress: called with (levels done, `levels`); it may raise to stop.

    Raises:
        ExplorerError: the model is known at one noise level alone, it is split at `t_high`, or the point cannot be
            followed.
        ValueError: not just one image, or noise variances out of order.
    """
    model.need_noise_levels("The noise at which a density splits")
    if len(y) != 1 or not 0 < t_low < t_high:
        raise ValueError("The central point is one image, and 0 < t_low < t_high.")
    y = y.to(model.device)
    seen: list[tuple[float, float]] = []
    last: _At | None = None

    def at(t: float, start: Tensor) -> _At:
        point = central_point(model, start, t, tolerance)
        found = smallest_curvature(model, point, t, tolerance=tolerance)
        return point, 1 - found.smallest, found.direction

    for done, t in enumerate(log_spaced(t_high, t_low, levels), 1):
        now: _At | None
        try:
            now = at(t, y)
        except ExplorerError:
            if last is None:
                raise
            now = None
        if now is None or now[1] >= 1:
            if last is None:
                raise ExplorerError(
                    f"At {float(psnr_from_noise_variance(t)):.1f} dB the density is split already. Begin at more noise."
                )
            crossing, (point, largest, direction) = _root(at, y, t, seen[-1][0], tolerance)
            if largest < _NEAR_ONE:
                raise ExplorerError(
                    f"The central point of the density cannot be followed to {float(psnr_from_noise_variance(t)):.1f} "
                    "dB. End at more noise."
                )
            seen.append((crossing, largest))
            return _splitting(seen, crossing, point, direction)
        seen.append((t, now[1]))
        y, last = now[0], now
        if progress is not None:
            progress(done, levels)
    assert last is not None
    return _splitting(seen, None, last[0], last[2])


def _root(
    at: Callable[[float, Tensor], _At], y: Tensor, t_low: float, t_high: float, tolerance: float
) -> tuple[float, _At]:
    """Where ``mu`` crosses 1, or the point ends, and what is there on the side of more noise, where `y` is it."""

    def excess(log_t: float) -> float:
        try:
            return at(math.exp(log_t), y)[1] - 1
        except ExplorerError:
            return 1.0

    low, high = math.log(t_low), math.log(t_high)
    found = brentq(excess, low, high, xtol=max(0.1 * tolerance, 1e-12))
    for beyond in (found, *(min(high, found + tolerance * 2**k) for k in range(20))):
        with suppress(ExplorerError):
            return math.exp(found), at(math.exp(beyond), y)
    return math.exp(high), at(t_high, y)


def central_point(model: EnergyModel, y: Tensor, t: float, tolerance: float = 1e-3) -> Tensor:
    """The fixed point ``y* = D(y*, t)`` near `y`, stable or not, by Newton's method; shape ``(1, C, H, W)``.

    Args:
        model: an energy model, twice differentiable.
        y: where to begin, shape ``(1, C, H, W)``.
        t: noise variance.
        tolerance: of ``||D(y) - y||`` in units of ``sqrt(d t)``, as far as the numbers of `y` are exact.

    Raises:
        ExplorerError: it is not found.
    """
    scale = math.sqrt(t * y.numel())
    close = max(tolerance, torch.finfo(y.dtype).eps ** 0.5)
    for _ in range(_STEPS):
        jacobian = DenoiserJacobian(model, y, t)
        residual = t * jacobian.score  # D(y) - y
        size = float(residual.norm())
        if not math.isfinite(size):
            break
        if size <= close * scale:
            return (y + residual).detach() if size > 0 else y.detach()
        solved, _ = minres(_rest(jacobian), residual.flatten().double().cpu().numpy(), rtol=1e-4, maxiter=_SOLVER_STEPS)
        step = torch.as_tensor(solved, dtype=y.dtype, device=y.device).view_as(y)
        y = (y + step * min(1.0, _LARGEST * scale / max(float(step.norm()), 1e-30))).detach()
    raise ExplorerError(
        f"The central point of the density cannot be followed to {float(psnr_from_noise_variance(t)):.1f} dB. "
        "End at more noise."
    )


def _rest(jacobian: DenoiserJacobian) -> LinearOperator:
    """``I - J``."""

    def product(vector: np.ndarray) -> np.ndarray:
        row: np.ndarray = vector.ravel() - jacobian.products(vector.reshape(1, -1))[0]
        return row

    return LinearOperator((jacobian.size,) * 2, matvec=product, dtype=np.float64)


def _splitting(seen: list[tuple[float, float]], t: float | None, point: Tensor, direction: np.ndarray) -> Splitting:
    ts, largest = zip(*seen, strict=True)
    return Splitting(ts, largest, t, point[0].cpu().numpy(), direction)
