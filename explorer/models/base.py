"""The interface of everything that gives an energy.

An energy model assigns to a noisy image ``y = x + sqrt(t) eps``, ``eps ~ N(0, I)``, the energy

    U(y, t) = -log p(y, t)    [nats]

where ``p(., t)`` is the density of ``y``. Both derivatives come from one backward pass: the score
``-grad_y U = grad_y log p`` and the time score ``dU/dt``. The denoiser follows from the score (Tweedie; Miyasawa 1961):

    D(y, t) = E[x | y] = y - t grad_y U(y, t).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from explorer.errors import ExplorerError
from explorer.units import psnr_from_noise_variance

__all__ = ["Derivatives", "EnergyModel", "GaussianEnergy", "sum_pixels"]


class Derivatives(NamedTuple):
    """Energy and its two derivatives at ``(y, t)``.

    Attributes:
        energy: ``U(y, t)`` in nats, shape ``(B,)``.
        score: ``-grad_y U(y, t)``, shape ``(B, C, H, W)``.
        time_score: ``dU/dt (y, t)``, shape ``(B,)``.
    """

    energy: Tensor
    score: Tensor
    time_score: Tensor


def sum_pixels(values: Tensor) -> Tensor:
    """Sum ``(B, ...)`` over all but the first axis, in float64 where the device has it; shape ``(B,)``.

    Energies are of the order of 10^4 nats and differences of 1 nat matter, which is at the edge of float32.
    """
    if values.device.type == "mps":
        return values.flatten(1).sum(1)
    return values.flatten(1).sum(1, dtype=torch.float64).to(values.dtype)


class EnergyModel(nn.Module):
    """Base class. A subclass sets `image_shape` and implements `energy`, in PyTorch; both derivatives come from it.

    Attributes:
        image_shape: ``(C, H, W)``.
        t0: noise variance at which log p is reported when none is given; 0 for a density of images without noise.
        t_min, t_max: range of noise variances in which the energy can be trusted. By default from 60 dB to -20 dB,
            where values in [0, 1] are lost in the noise. A density at one noise level has `t0` for both.
    """

    image_shape: tuple[int, int, int]
    t0: float = 0.0
    t_min: float = 1e-6
    t_max: float = 100.0

    @property
    def t_low(self) -> float:
        """The smallest noise variance at which the model can be checked: `t0`, but not below `t_min`."""
        return max(self.t0, self.t_min)

    @property
    def has_noise_levels(self) -> bool:
        """Whether the energy is known over a range of noise variances; if not, at `t0` alone."""
        return self.t_min < self.t_max

    @property
    def dimensions(self) -> int:
        """``d = C * H * W``, the number of pixel values of an image."""
        channels, height, width = self.image_shape
        return channels * height * width

    @property
    def device(self) -> torch.device:
        """Where the model's tensors are."""
        tensor: Tensor | None = next(iter(self.parameters()), None)
        if tensor is None:
            tensor = next(iter(self.buffers()), None)
        return torch.device("cpu") if tensor is None else tensor.device

    def need_noise_levels(self, what: str) -> None:
        """Return if the energy is known over a range of noise variances.

        Args:
            what: asks for it; it begins the sentence of the error.

        Raises:
            ExplorerError: the energy is known at `t0` alone.
        """
        if not self.has_noise_levels:
            raise ExplorerError(
                f"{what} needs the energy at many noise levels, and this model gives it at "
                f"{float(psnr_from_noise_variance(self.t0)):.0f} dB alone. Choose another model."
            )

    def energy(self, y: Tensor, t: Tensor) -> Tensor:
        """``U(y, t) = -log p(y, t)`` in nats.

        Args:
            y: noisy images, shape ``(B, C, H, W)``.
            t: noise variances, shape ``(B,)``.

        Returns:
            Energies, shape ``(B,)``.
        """
        raise NotImplementedError

    def forward(self, y: Tensor, t: Tensor) -> Tensor:
        """Same as `energy`."""
        return self.energy(y, t)

    @torch.no_grad()
    def log_prob(self, x: Tensor, t: Tensor | float | None = None) -> Tensor:
        """``log p(x, t) = -U(x, t)`` in nats, one forward pass, no gradients.

        Args:
            x: images, shape ``(B, C, H, W)``.
            t: noise variances, a number or shape ``(B,)``; the model's own `t0` when None.

        Returns:
            Log densities, shape ``(B,)``.

        Raises:
            ValueError: the shape of the images is not the model's.
        """
        return -self.energy(x, self._noise_variances(x, t))

    def derivatives(self, y: Tensor, t: Tensor | float | None = None) -> Derivatives:
        """Energy, score and time score from one backward pass; no graph is kept.

        Args:
            y: noisy images, shape ``(B, C, H, W)``.
            t: noise variances, a number or shape ``(B,)``; the model's own `t0` when None.

        Raises:
            ValueError: the shape of the images is not the model's.
        """
        with torch.enable_grad():
            t = self._noise_variances(y, t).detach().clone().requires_grad_()
            y = y.detach().requires_grad_()
            energy = self.energy(y, t)
            grad_y, grad_t = torch.autograd.grad(energy.sum(), (y, t))
        return Derivatives(energy.detach(), -grad_y, grad_t)

    def denoise(self, y: Tensor, t: Tensor | float | None = None) -> Tensor:
        """``D(y, t) = y + t * score = E[x | y]``, shape ``(B, C, H, W)`` (Tweedie).

        Args:
            y: noisy images, shape ``(B, C, H, W)``.
            t: noise variances, a number or shape ``(B,)``; the model's own `t0` when None.

        Raises:
            ValueError: the shape of the images is not the model's.
        """
        t = self._noise_variances(y, t)
        return y + t.view(-1, 1, 1, 1) * self.derivatives(y, t).score

    def _noise_variances(self, y: Tensor, t: Tensor | float | None) -> Tensor:
        if tuple(y.shape[1:]) != tuple(self.image_shape):
            raise ValueError(
                f"The model reads images of shape {tuple(self.image_shape)} (channels, height, width), "
                f"but these have shape {tuple(y.shape[1:])}."
            )
        t = torch.as_tensor(self.t0 if t is None else t, dtype=y.dtype, device=y.device)
        return t.expand(y.shape[0])


class GaussianEnergy(EnergyModel):
    """The energy of a Gaussian, from which one can draw exactly at every noise level."""

    def draw(self, t: float, normal: Tensor) -> Tensor:
        """Noisy images at the noise variance `t`, from independent standard normal numbers; both ``(n, C, H, W)``."""
        raise NotImplementedError
