"""Products of the denoiser's Jacobian at one noisy image with vectors.

    J(y, t) = dD/dy = I - t hess U(y, t),

symmetric because ``D`` follows from a gradient. A product is a backward pass through the gradient (Pearlmutter 1994).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from explorer.errors import ExplorerError
from explorer.measures.shared.twice import CheapSecondDerivatives
from explorer.models.base import EnergyModel
from explorer.units import psnr_from_noise_variance

__all__ = ["DenoiserJacobian"]


class DenoiserJacobian:
    """``J(y, t)`` of a model at one noisy image.

    The gradient of the energy is computed once, for as many copies of the image as there are vectors in a product.

    Args:
        model: an energy model, twice differentiable.
        y: noisy image, shape ``(1, C, H, W)``.
        t: its noise variance, positive.
        copies: vectors in a product at once.

    Attributes:
        size: ``d``, the number of pixel values.
        score: at the image, shape ``(1, C, H, W)``.

    Raises:
        ValueError: not just one image, or `t` is not positive.
    """

    def __init__(self, model: EnergyModel, y: Tensor, t: float, copies: int = 1) -> None:
        if len(y) != 1 or not t > 0:
            raise ValueError("The Jacobian is that at one image with noise.")
        self.size = y.numel()
        self._t = t
        with torch.enable_grad(), CheapSecondDerivatives():
            self._y = y.to(model.device).detach().expand(copies, *y.shape[1:]).clone().requires_grad_()
            variance = torch.full((copies,), t, dtype=y.dtype, device=self._y.device)
            energy = model.energy(self._y, variance).sum()
            (self._gradient,) = torch.autograd.grad(energy, self._y, create_graph=True)
        self.score = -self._gradient.detach()[:1]

    def products(self, vectors: np.ndarray) -> np.ndarray:
        """``J v`` for each row ``v``, at most `copies` of them.

        Args:
            vectors: float64, shape ``(n, d)``.

        Returns:
            The same shape.

        Raises:
            ExplorerError: a product is not finite.
        """
        v = torch.zeros_like(self._y)
        v[: len(vectors)] = torch.as_tensor(vectors, dtype=v.dtype).view(len(vectors), *v.shape[1:]).to(v.device)
        curved = None
        if self._gradient.requires_grad:  # else the energy is linear
            (curved,) = torch.autograd.grad(self._gradient, self._y, v, retain_graph=True, allow_unused=True)
        product = v if curved is None else v - self._t * curved
        rows: np.ndarray = product[: len(vectors)].flatten(1).double().cpu().numpy()
        if not np.isfinite(rows).all():
            raise ExplorerError(
                f"The model has no finite curvature at {float(psnr_from_noise_variance(self._t)):.1f} dB. "
                "Choose another noise level."
            )
        return rows
