"""The energy on the line through two images, and on the plane through three.

Lengths are in units of ``h``, half the distance of the first two images, and the origin is the middle of these two: on
the line they are at -1 and 1, whatever they show. Energies are compared between noise levels as

    V(z, t) = t / h^2 (U(y(z), t) - min U),

which for one stored image is ``|z - z_1|^2 / 2`` at every noise level, and for two of them goes from one parabola at
large noise to ``min(|z - 1|, |z + 1|)^2 / 2`` at small: one well becomes two at ``t = h^2``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from explorer.errors import ExplorerError
from explorer.measures.shared.scoring import log_prob_batched
from explorer.models.base import EnergyModel

__all__ = ["Section", "energies_on", "minima", "reduced"]


@dataclass(frozen=True)
class Section:
    """A line or a plane in the space of images.

    Attributes:
        origin: an image, shape ``(C, H, W)``.
        axes: orthonormal, shape ``(k, C, H, W)``, k = 1 or 2.
        unit: ``h``, the length that is 1.
        places: coordinates of the images that span it, in units of `unit`, shape ``(k + 1, k)``.
    """

    origin: Tensor
    axes: Tensor
    unit: float
    places: np.ndarray

    @classmethod
    def through(cls, images: Tensor) -> Section:
        """The line through two images, or the plane through three, shape ``(k + 1, C, H, W)``.

        Raises:
            ExplorerError: two of them are the same, or three are on one line.
        """
        flat = images.flatten(1).double()
        origin, first = (flat[0] + flat[1]) / 2, flat[1] - flat[0]
        unit = float(first.norm()) / 2
        if unit == 0:
            raise ExplorerError("Two of these images are the same. Choose different ones.")
        axes = [first / (2 * unit)]
        for image in flat[2:]:
            rest = image - origin - ((image - origin) @ axes[0]) * axes[0]
            if float(rest.norm()) < 1e-6 * unit:
                raise ExplorerError("These three images are on one line. Choose another third one.")
            axes.append(rest / rest.norm())
        basis = torch.stack(axes)
        places = ((flat - origin) @ basis.T / unit).numpy()
        shape = images.shape[1:]
        return cls(origin.view(shape).to(images.dtype), basis.view(-1, *shape).to(images.dtype), unit, places)

    def points(self, coordinates: np.ndarray) -> Tensor:
        """The images at coordinates ``(P, k)``; shape ``(P, C, H, W)``."""
        z = torch.as_tensor(self.unit * coordinates, dtype=self.axes.dtype)
        return self.origin + torch.einsum("pk,kchw->pchw", z, self.axes)

    def coordinates(self, y: Tensor) -> np.ndarray:
        """Where images ``(B, C, H, W)`` are, projected at right angles; shape ``(B, k)``."""
        away = (y.cpu() - self.origin).flatten(1).double()
        found: np.ndarray = (away @ self.axes.flatten(1).double().T / self.unit).numpy()
        return found


def energies_on(model: EnergyModel, section: Section, coordinates: np.ndarray, t: float) -> np.ndarray:
    """``U`` in nats at coordinates ``(P, k)`` of a section; float64, shape ``(P,)``."""
    return -log_prob_batched(model, section.points(coordinates), t).double().numpy()


def reduced(energies: np.ndarray, t: float, unit: float) -> np.ndarray:
    """``V``, without a unit, of energies in nats at one noise level; see the module's docstring."""
    low = np.nanmin(energies) if np.isfinite(energies).any() else math.nan
    found: np.ndarray = (energies - low) * t / unit**2
    return found


def minima(places: np.ndarray, energies: np.ndarray, depth: float = 0.0) -> np.ndarray:
    """Where energies on a line have their wells: local minima, each mended by the parabola through its neighbors.

    Args:
        places: increasing and evenly spaced, shape ``(P,)``, P at least 3.
        energies: shape ``(P,)``.
        depth: a well is told from the one beside it where the barrier between them is higher than this, in the unit of
            `energies`, above the shallower of the two.

    Returns:
        Increasing, shape ``(number of wells,)``; the lowest is always among them.
    """
    kept: list[int] = []
    around = np.concatenate(([math.inf], energies, [math.inf]))
    for k in np.flatnonzero((energies <= around[:-2]) & (energies < around[2:])).tolist():
        if kept:
            barrier = energies[kept[-1] : k + 1].max()
            if barrier - max(energies[kept[-1]], energies[k]) <= depth:
                kept[-1] = min(kept[-1], k, key=lambda place: energies[place])
                continue
        kept.append(k)
    return np.array([_mended(places, energies, k) for k in kept])


def _mended(places: np.ndarray, energies: np.ndarray, k: int) -> float:
    if k in (0, len(places) - 1):
        return float(places[k])
    low, middle, high = energies[k - 1 : k + 2]
    curvature = low - 2 * middle + high
    shift = 0.5 * (low - high) / curvature if curvature > 0 else 0.0
    return float(places[k] + shift * (places[1] - places[0]))
