"""The Laplacian of the energy, ``sum_i d^2 U / dy_i^2``, from Hessian-vector products.

With probes ``v`` of independent random signs, ``E <v, H v> = tr H`` (Hutchinson 1989); the variance over probes gives
the error. Without probes the trace is exact, at the cost of one product a pixel value.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from explorer.measures.shared.twice import CheapSecondDerivatives
from explorer.models.base import EnergyModel, sum_pixels

__all__ = ["Laplacian", "laplacian", "trace_passes", "trace_probes"]

_EXACT = 64  # pixel values up to which a trace is not estimated


class Laplacian(NamedTuple):
    """At ``(y, t)``, each of shape ``(B,)`` but the score.

    Attributes:
        value: ``laplacian U``.
        standard_error: of `value`, over the probes; 0 where it is exact.
        energy: ``U``, in nats.
        score: ``-grad_y U``, shape ``(B, C, H, W)``.
        time_score: ``dU/dt``.
    """

    value: Tensor
    standard_error: Tensor
    energy: Tensor
    score: Tensor
    time_score: Tensor


def laplacian(model: EnergyModel, y: Tensor, t: float, probes: int | None, generator: torch.Generator) -> Laplacian:
    """Laplacian, energy and first derivatives, from one graph of the gradient.

    Args:
        model: an energy model.
        y: noisy images, shape ``(B, C, H, W)``, on the model's device.
        t: noise variance.
        probes: random probes an image, at least 2; None for the exact trace.
        generator: of the probes, on the CPU.

    Raises:
        ValueError: fewer than two probes.
    """
    if probes is not None and probes < 2:
        raise ValueError("At least two probes are needed to know the error.")
    with torch.enable_grad():
        y = y.detach().requires_grad_()
        variance = torch.full((len(y),), t, dtype=y.dtype, device=y.device, requires_grad=True)
        with CheapSecondDerivatives():
            energy = model.energy(y, variance)
            gradient, time_score = torch.autograd.grad(energy.sum(), (y, variance), create_graph=True)

        def curvature(v: Tensor) -> Tensor:
            if not gradient.requires_grad:  # an energy that is linear in y
                return torch.zeros_like(energy)
            (product,) = torch.autograd.grad((gradient * v).sum(), y, retain_graph=True, allow_unused=True)
            return torch.zeros_like(energy) if product is None else sum_pixels(product * v)

        if probes is None:
            directions = torch.eye(model.dimensions, dtype=y.dtype, device=y.device).view(-1, *model.image_shape)
            value = torch.stack([curvature(v.expand_as(y)) for v in directions]).sum(0)
            error = torch.zeros_like(value)
        else:
            signs = (
                2.0 * torch.randint(2, (probes, *y.shape), generator=generator).to(device=y.device, dtype=y.dtype) - 1
            )
            draws = torch.stack([curvature(v) for v in signs])
            value, error = draws.mean(0), draws.std(0) / probes**0.5
    return Laplacian(value, error, energy.detach(), -gradient.detach(), time_score.detach())


def trace_probes(dimensions: int, probes: int) -> int | None:
    """None, which stands for the exact trace, where an image has so few pixel values; else `probes`."""
    return None if dimensions <= _EXACT else probes


def trace_passes(dimensions: int, probes: int) -> int:
    """What `laplacian` costs with `trace_probes` for one image, in forward and backward passes."""
    return 2 + 2 * (trace_probes(dimensions, probes) or dimensions)
