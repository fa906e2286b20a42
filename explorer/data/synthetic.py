"""Images made by a formula, of which a fact is known: how many parameters they have, or how regular they are."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["CAlpha", "Disks"]

_PAPER_SIZE = 80  # pixels
_AT_ONCE = 1000  # images, whose spectra take many times their memory


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


@dataclass(frozen=True)
class CAlpha:
    """Two regular regions with a regular contour between them (Kadkhodaie, Guth, Simoncelli and Mallat 2023).

    With ``u`` white noise, uniform in [-1, 1], and ``|k|`` the frequency in cycles an image (1 for the mean), the
    contour is at the row

        c(j) = size/2 + size g(j),        g = F^-1[ |k|^-alpha F u ] sqrt(size / 80)

    of column ``j``, and the regions above and below are fields ``F^-1[ |k|^-alpha F u ]`` in two dimensions, one of
    them stretched to the range ``[r, 1]``, the other to ``[0, s]``, with ``r`` and ``s`` uniform in [0, 1]. The root
    makes the contour as steep at all sizes as it is at the paper's 80 pixels. The edge is blurred by a box of 2 x 2
    pixels, over which the contour is placed at fractions of a pixel. Both wrap around at the left and right border.

    The mean squared error of the best denoiser of ``C^alpha`` images falls as ``t^(alpha / (alpha + 1))``: its PSNR
    rises by ``alpha / (alpha + 1)`` dB for each dB of the noisy image (Korostelev and Tsybakov 1993; Mallat 2009).

    Attributes:
        size: height and width in pixels.
        alpha: regularity, positive.
    """

    size: int = 32
    alpha: float = 2.0

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """`count` independent images, values in [0, 1], shape ``(count, 1, size, size)``."""
        parts = [min(_AT_ONCE, count - first) for first in range(0, count, _AT_ONCE)]
        return torch.cat([self._drawn(part, generator) for part in parts])

    def _drawn(self, count: int, generator: torch.Generator) -> Tensor:
        lines = self._smooth(2 * torch.rand(count, self.size, generator=generator) - 1, 1)
        contour = self.size * (0.5 + (self.size / _PAPER_SIZE) ** 0.5 * lines)
        fields = self._smooth(2 * torch.rand(count, 2, self.size, self.size, generator=generator) - 1, 2)
        bright, dark, swapped = torch.rand(3, count, 1, 1, generator=generator)
        light = bright + (1 - bright) * _stretched(fields[:, 0])
        shade = dark * _stretched(fields[:, 1])
        is_light_above = swapped < 0.5
        above, below = torch.where(is_light_above, light, shade), torch.where(is_light_above, shade, light)
        rows = torch.arange(self.size).view(-1, 1)
        under = ((rows + 1.5 - contour[:, None, :]) / 2).clamp(0, 1)  # the share of two rows below the contour
        under = (under.roll(1, 2) + 2 * under + under.roll(-1, 2)) / 4  # and two columns
        images: Tensor = above + under * (below - above)
        return images[:, None]

    def _smooth(self, noise: Tensor, axes: int) -> Tensor:
        """Noise with amplitudes falling as ``|k|^-alpha`` along the last one or two axes."""
        frequency = torch.fft.fftfreq(self.size, 1 / self.size)
        squared = frequency.square() if axes == 1 else frequency[:, None].square() + frequency.square()
        gain = squared.clamp_min(1) ** (-self.alpha / 2)
        over = (-1,) if axes == 1 else (-2, -1)
        smooth: Tensor = torch.fft.ifftn(torch.fft.fftn(noise, dim=over) * gain, dim=over).real
        return smooth


def _stretched(field: Tensor) -> Tensor:
    """Each field of ``(N, H, W)`` to the range [0, 1]."""
    low, high = field.amin((1, 2), keepdim=True), field.amax((1, 2), keepdim=True)
    stretched: Tensor = (field - low) / (high - low)
    return stretched
