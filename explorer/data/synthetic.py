"""Images made by a formula with a known number of parameters."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["Disks"]


@dataclass(frozen=True)
class Disks:
    """A disk on a plane background: a family with five parameters, two of position, a radius and two intensities.

    A pixel's value is ``background + (disk - background) * clamp(radius - distance + 1/2, 0, 1)``, with ``distance``
    from the pixel's center to the disk's: linear anti-aliasing, so that the image changes with every parameter at
    every scale. All parameters are uniform and independent; the disk is inside the image and brighter than the
    background by at least 0.3.

    Attributes:
        size: height and width in pixels.
    """

    size: int = 16

    @property
    def prior(self) -> tuple[Tensor, Tensor]:
        """Least values and ranges of row, column and radius (in pixels), intensity of disk and background."""
        low = torch.tensor([0.4375 * self.size, 0.4375 * self.size, 0.1875 * self.size, 0.65, 0.0])
        return low, torch.tensor([0.125 * self.size, 0.125 * self.size, 0.0625 * self.size, 0.35, 0.35])

    def parameters(self, count: int, generator: torch.Generator) -> Tensor:
        """Independent draws from the prior, shape ``(count, 5)``."""
        low, span = self.prior
        return low + span * torch.rand(count, 5, generator=generator)

    def render(self, parameters: Tensor) -> Tensor:
        """Images of given parameters ``(N, 5)``, values in [0, 1], shape ``(N, 1, size, size)``."""
        row, column, radius, disk, background = (p.view(-1, 1, 1) for p in parameters.unbind(1))
        centers = torch.arange(self.size, dtype=parameters.dtype) + 0.5
        distance = torch.hypot(centers[:, None] - row, centers - column)
        inside = (radius - distance + 0.5).clamp(0, 1)
        return (background + (disk - background) * inside)[:, None]

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """`count` independent images, shape ``(count, 1, size, size)``."""
        return self.render(self.parameters(count, generator))
