"""The density of an image of any size, factored over scales.

With ``x_0`` an image in [0, 1], ``x_{l+1}`` the mean of four pixels of ``x_l`` and ``d_l`` the orthonormal Haar details
of ``x_l`` (`explorer.models.haar`), noise of variance ``t0`` on every pixel of ``x_0`` is noise of variance
``t0 / 4^l`` on ``x_l`` and on ``d_l``. The orthonormal coefficients of ``x_0`` are ``2^l d_l`` and ``2^J x_J``, with
noise ``t0`` each; the transform has determinant 1, so that

    log p(x_0, t0)  =  log p(x_J, t0 / 4^J) - n_J J log 2
                       + sum_{l < J} [ log p(d_l, t0 / 4^l | x_{l+1}) - 3 n_{l+1} l log 2 ],

``n_l`` the number of pixel values of ``x_l``, is one normalized density of the whole image. The *base*, an energy of
small images, gives the first term, and a `ConditionalModel` each of the others.

**Sizes.** The image is halved until its shorter side is below ``2 b``, with ``b`` the base's side; both sides must be
multiples of ``2^J``, and `fitting_sides` says how much of an image of other sides is scored. What is left at the end is
cut into squares of ``b x b`` from the upper left corner, independent under the model, and the pixels beyond them are
independent, Gaussian with mean 1/2 and variance 1/12. An image of sides ``2^J b`` is one square. With ``b = 16``, from
128 pixels on, fewer than one coefficient in 50 is a pixel beyond the squares.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from explorer.models.base import Derivatives, EnergyModel
from explorer.models.conditional import ConditionalEnergy
from explorer.models.details import ConditionalModel
from explorer.models.haar import haar

__all__ = ["Factor", "MultiscaleDensity", "fitting_sides"]

_TILE = 256  # positions a side that go through a network at once
_FAR_PIXEL = (0.5, 1 / 12)  # mean and variance of a pixel of which nothing is known


def fitting_sides(height: int, width: int, base: int) -> tuple[int, int]:
    """The largest sides of a part of an image that a `MultiscaleDensity` with a base of this side scores.

    They are multiples of ``2^J``, ``J`` the number of halvings: a side loses less than a part in `base` of the shorter
    one.

    Raises:
        ValueError: a side is smaller than the base.
    """
    unit = 2 ** _halvings(height, width, base)
    return height // unit * unit, width // unit * unit


def _halvings(height: int, width: int, base: int) -> int:
    shorter = min(height, width)
    if shorter < base:
        raise ValueError(f"An image of {height} x {width} pixels is smaller than the base of {base} x {base}.")
    return (shorter // base).bit_length() - 1


@dataclass(frozen=True)
class Factor:
    """One term of log p.

    Attributes:
        level: ``l`` of the details; of the base ``J``, the number of steps.
        is_base: whether this is the base.
        energy: in nats, in the units of ``x_0``'s orthonormal coefficients, shape ``(B,)``: the energies of all
            factors add up to ``-log p(x_0)``.
        local: the same for each position, shape ``(B, h, w)``; a square of the base is spread evenly over its pixels.
        dimensions: coefficients of the factor.
    """

    level: int
    is_base: bool
    energy: Tensor
    local: Tensor
    dimensions: int


class MultiscaleDensity(EnergyModel):
    """See the module's docstring.

    Args:
        base: energy of small square images, shape ``(C, b, b)``, with values in [0, 1].
        steps: conditional models of level 0, 1, ...; the last one also serves all levels above its own.
        t0: noise variance of the pixels at which log p is reported; the coarse images have their share of it.
        side: of `image_shape`, the size at which the model is used where none is asked for.

    Raises:
        ValueError: there is no conditional model, or the base is not square.
    """

    def __init__(self, base: EnergyModel, steps: Sequence[ConditionalModel], t0: float, side: int = 256) -> None:
        super().__init__()
        channels, height, width = base.image_shape
        if height != width or not steps:
            raise ValueError("A base for square images and at least one conditional model are needed.")
        self.base = base
        self.steps = nn.ModuleList(steps)
        self.t_min = self.t0 = self.t_max = t0
        self.image_shape = (channels, side, side)

    def step(self, level: int) -> ConditionalModel:
        """The conditional model of a level."""
        step = self.steps[min(level, len(self.steps) - 1)]
        assert isinstance(step, ConditionalModel)
        return step

    def levels(self, height: int, width: int) -> int:
        """``J``, the number of steps for an image of this size.

        Raises:
            ValueError: the size does not fit; `fitting_sides` gives one that does.
        """
        levels = _halvings(height, width, self.base.image_shape[1])
        if height % 2**levels or width % 2**levels:
            raise ValueError(f"Sides must be multiples of {2**levels} pixels, not {height} x {width}.")
        return levels

    def factors(self, x: Tensor) -> list[Factor]:
        """The terms of ``-log p(x, t0)``, from the finest to the base.

        Args:
            x: images, shape ``(B, C, H, W)``.

        Raises:
            ValueError: the channels or the size do not fit.
        """
        self._check(x)
        levels = self.levels(*x.shape[2:])
        factors = []
        for level in range(levels):
            coarse, details = haar(x)
            x = coarse / 2
            t = torch.full((len(x),), self.t0 / 4**level, dtype=x.dtype, device=x.device)
            at_level = torch.full_like(t, level)
            local = _tiled(self.step(level), details, t, x, at_level) + details.shape[1] * level * math.log(2)
            factors.append(Factor(level, False, _sum(local), local, details[0].numel()))
        factors.append(self._base_factor(x, levels))
        return factors

    def squares(self, x: Tensor) -> Tensor:
        """The squares of the base in what is left of images at the end, ``(B, C, h, w)``: ``(B n, C, b, b)``."""
        side = self.base.image_shape[1]
        rows, columns = (length // side * side for length in x.shape[2:])
        cut = x[..., :rows, :columns].unfold(2, side, side).unfold(3, side, side).permute(0, 2, 3, 1, 4, 5)
        return cut.reshape(-1, x.shape[1], side, side)

    def _base_factor(self, x: Tensor, levels: int) -> Factor:
        side = self.base.image_shape[1]
        batch, channels, height, width = x.shape
        rows, columns = height // side * side, width // side * side
        noise = self.t0 / 4**levels
        mean, variance = _FAR_PIXEL[0], _FAR_PIXEL[1] + noise
        local = 0.5 * (math.log(2 * math.pi * variance) + (x - mean).square() / variance).sum(1)
        squares = self.squares(x)
        energy = self.base.energy(squares, torch.full((len(squares),), noise, dtype=x.dtype, device=x.device))
        energy = energy.view(batch, rows // side, columns // side) / side**2
        spread = energy.repeat_interleave(side, 1).repeat_interleave(side, 2)
        covered = F.pad(torch.ones_like(spread, dtype=torch.bool), (0, width - columns, 0, height - rows))
        local = torch.where(covered, F.pad(spread, (0, width - columns, 0, height - rows)), local)
        local = local + channels * levels * math.log(2)
        return Factor(levels, True, _sum(local), local, x[0].numel())

    def energy(self, y: Tensor, t: Tensor) -> Tensor:
        """``-log p(y, t0)`` in nats: the factors are normalized at one noise level.

        Args:
            y: images of any size that fits, shape ``(B, C, H, W)``.
            t: noise variances, all of them `t0`, shape ``(B,)``.

        Raises:
            ValueError: another noise variance, or an image that does not fit.
        """
        if not torch.allclose(t, torch.full_like(t, self.t0), rtol=1e-3, atol=0.0):
            raise ValueError(f"A multi-scale density is one at the noise variance {self.t0:g} alone.")
        return torch.stack([factor.energy for factor in self.factors(y)]).sum(0)

    def derivatives(self, y: Tensor, t: Tensor | float | None = None) -> Derivatives:
        """Energy and score at `t0`; the time score is not known, and NaN. Arguments as for `energy`."""
        with torch.enable_grad():
            y = y.detach().requires_grad_()
            energy = self.energy(y, self._noise_variances(y, t))
            (gradient,) = torch.autograd.grad(energy.sum(), y)
        return Derivatives(energy.detach(), -gradient, torch.full_like(energy, math.nan).detach())

    def _noise_variances(self, y: Tensor, t: Tensor | float | None) -> Tensor:
        self._check(y)
        return torch.as_tensor(self.t0 if t is None else t, dtype=y.dtype, device=y.device).expand(len(y))

    def _check(self, x: Tensor) -> None:
        if x.ndim != 4 or x.shape[1] != self.image_shape[0]:
            raise ValueError(f"Images of shape (B, {self.image_shape[0]}, H, W) are needed, not {tuple(x.shape)}.")


def _sum(local: Tensor) -> Tensor:
    """Over positions, in float64 where the device has it: energies of 10^6 nats, of which one matters."""
    flat = local.flatten(1)
    return flat.sum(1) if flat.device.type == "mps" else flat.sum(1, dtype=torch.float64)


def _tiled(model: ConditionalModel, details: Tensor, t: Tensor, coarse: Tensor, level: Tensor) -> Tensor:
    """`local_energy` of large images, tile by tile with the neighborhood that counts: memory beyond the image's own
    does not grow with it."""
    height, width = details.shape[2:]
    if not isinstance(model, ConditionalEnergy) or max(height, width) <= _TILE:
        return model.local_energy(details, t, coarse, level)
    reach = model.config.reach
    rows = []
    for top in range(0, height, _TILE):
        row = []
        for left in range(0, width, _TILE):
            up, before = max(0, top - reach), max(0, left - reach)
            part = (..., slice(up, top + _TILE + reach), slice(before, left + _TILE + reach))
            local = model.local_energy(details[part], t, coarse[part], level)
            row.append(local[:, top - up :, left - before :][:, :_TILE, :_TILE])
        rows.append(torch.cat(row, 2))
    return torch.cat(rows, 1)
