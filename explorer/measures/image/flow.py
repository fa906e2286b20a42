"""The likelihood of single images by the probability-flow ODE, a second opinion that never asks the energy at ``t0``.

Along the flow (Song et al. 2021, arXiv 2011.13456, in our time ``t``, the noise variance)

    dy/dt = 1/2 grad U(y, t),      d/dt log p(y(t), t) = -1/2 laplacian U(y, t)

hence ``log p(x, t0) = log p(y(T), T) + 1/2 integral_{t0}^{T} laplacian U dt`` with ``y(t0) = x``. At large ``T`` the
model's own energy is taken; whether it is normalized there is another check. The path is found by an adaptive
Runge-Kutta solver in ``log t``; the Laplacian is then integrated along it by Gauss-Legendre quadrature, with fresh
random probes at each node, so that their errors average out and the error of the whole is known.
"""

from __future__ import annotations

import math
import time

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field
from scipy.integrate import solve_ivp
from torch import Tensor

from explorer.measures.shared.laplacian import laplacian
from explorer.measures.shared.noise import noise_generator
from explorer.models.base import EnergyModel

__all__ = ["FlowLikelihood", "flow_log_prob"]

_MOST = 2**53
_MOST_GRADIENTS = 1_000  # several times what a good model takes


class FlowLikelihood(BaseModel):
    """What the flow says of one image, beside the energy.

    Attributes:
        log_prob: by the flow, in nats; not a number when it cannot be followed to its end.
        standard_error: of `log_prob`, from the trace probes, in nats; 0 with exact traces.
        energy_log_prob: by the energy, one forward pass, in nats.
        tolerance: of the solver, see `flow_log_prob`.
        gradients: evaluations of the gradient by the solver.
        traces: Hessian-vector products.
        seconds: that the flow took.
        energy_seconds: that one forward pass of the energy takes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")

    log_prob: float
    standard_error: float
    energy_log_prob: float
    tolerance: float
    gradients: int = Field(ge=0, le=_MOST)
    traces: int = Field(ge=0, le=_MOST)
    seconds: float
    energy_seconds: float = Field(gt=0)

    @property
    def difference(self) -> float:
        """Flow minus energy, in nats."""
        return self.log_prob - self.energy_log_prob


def flow_log_prob(
    model: EnergyModel,
    x: Tensor,
    t0: float,
    t_max: float,
    *,
    tolerance: float = 1e-4,
    nodes: int = 48,
    probes: int | None = 8,
    seed: int = 0,
) -> FlowLikelihood:
    """log p of one image at `t0` by the probability flow.

    Args:
        model: an energy model.
        x: the image as the model reads it, shape ``(1, C, H, W)``.
        t0: noise variance, positive.
        t_max: where the flow ends and the model's energy is taken for the truth.
        tolerance: of the solver, relative; absolute it is this share of ``sqrt(t0)``, the smallest scale of the path.
        nodes: of the quadrature in ``log t``.
        probes: for the trace at each node, at least 2; None for exact traces.
        seed: of the probes.

    Raises:
        ValueError: more than one image, or noise variances out of order.
    """
    if len(x) != 1 or not 0 < t0 < t_max:
        raise ValueError("The flow takes one image, and 0 < t0 < t_max.")
    model.log_prob(x.to(model.device), t0)  # the first call is slower
    began = time.perf_counter()
    energy_log_prob = float(model.log_prob(x.to(model.device), t0))
    energy_seconds = time.perf_counter() - began

    began = time.perf_counter()

    def as_images(flat: np.ndarray) -> Tensor:
        return torch.as_tensor(flat, dtype=x.dtype, device=model.device).view(1, *model.image_shape)

    calls = 0

    def velocity(log_t: float, flat: np.ndarray) -> np.ndarray:
        """``dy / d log t = t/2 grad U``."""
        nonlocal calls
        calls += 1
        t = math.exp(log_t)
        result = (-0.5 * t * model.derivatives(as_images(flat), t).score).flatten().cpu().double().numpy()
        if calls > _MOST_GRADIENTS or not np.isfinite(result).all():
            raise FloatingPointError("The probability flow of this model cannot be followed.")
        return result

    def answer(log_prob: float, standard_error: float, traces: int) -> FlowLikelihood:
        return FlowLikelihood(
            log_prob=log_prob,
            standard_error=standard_error,
            energy_log_prob=energy_log_prob,
            tolerance=tolerance,
            gradients=calls,
            traces=traces,
            seconds=time.perf_counter() - began,
            energy_seconds=energy_seconds,
        )

    span = (math.log(t0), math.log(t_max))
    start = x.flatten().cpu().double().numpy()
    try:
        path = solve_ivp(
            velocity, span, start, method="RK45", dense_output=True, rtol=tolerance, atol=tolerance * math.sqrt(t0)
        )
    except FloatingPointError:
        return answer(math.nan, math.nan, 0)
    if not path.success:
        return answer(math.nan, math.nan, 0)
    points, weights = np.polynomial.legendre.leggauss(nodes)
    half = 0.5 * (span[1] - span[0])
    generator = noise_generator(seed)
    total, variance = 0.0, 0.0
    for log_t, weight in zip(span[0] + half * (points + 1), half * weights, strict=True):
        t = math.exp(log_t)
        result = laplacian(model, as_images(path.sol(log_t)), t, probes, generator)
        total += 0.5 * weight * t * float(result.value)
        variance += (0.5 * weight * t * float(result.standard_error)) ** 2
    end = float(model.log_prob(as_images(path.y[:, -1]), t_max))
    return answer(end + total, math.sqrt(variance), nodes * (model.dimensions if probes is None else probes))
