"""What a model says of a data set at each noise level: the band that curves of single images are read against.

At each noise variance ``t`` on a grid, over a fixed subset of images ``x`` with ``y = x + sqrt(t) eps``:

    local dimensionality   E ||x - D(y, t)||^2 / t        [dimensions]
    mean log p             -E U(y, t)                     [nats]

and of both the median, 10 % and 90 % over the images.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from torch import Tensor

from explorer.errors import ExplorerError
from explorer.home import write_atomically
from explorer.measures.image.dimensionality import local_dimensionality
from explorer.models.base import EnergyModel
from explorer.progress import Progress
from explorer.units import noise_variance_from_psnr, psnr_from_noise_variance

__all__ = [
    "PROFILE_IMAGES",
    "PROFILE_LEVELS",
    "Band",
    "Profile",
    "measure_profile",
    "profile_grid",
    "profile_subset",
    "read_profile",
    "write_profile",
]

PROFILE_IMAGES = 128
PROFILE_LEVELS = 25

_FINEST_PSNR = 70.0
_COARSEST_PSNR = -20.0
_QUANTILES = (0.1, 0.5, 0.9)
_STRICT = ConfigDict(extra="forbid", frozen=True)

Finite = Annotated[float, Field(allow_inf_nan=False)]


class Band(BaseModel):
    """Quantiles over images, one value a noise level: 10 %, median, 90 %."""

    model_config = _STRICT

    low: tuple[Finite, ...]
    median: tuple[Finite, ...]
    high: tuple[Finite, ...]


class Profile(BaseModel):
    """Content of ``profile.json``.

    Attributes:
        psnr: noise levels in dB, from fine (large) to coarse.
        dimensionality: local dimensionality, in dimensions.
        log_prob: mean log p of the noisy image, in nats.
        images: number of images that the quantiles are over.
    """

    model_config = _STRICT

    psnr: tuple[Finite, ...] = Field(min_length=1)
    dimensionality: Band
    log_prob: Band
    images: int = Field(ge=1)

    @model_validator(mode="after")
    def _same_lengths(self) -> Profile:
        curves = [
            curve for band in (self.dimensionality, self.log_prob) for curve in (band.low, band.median, band.high)
        ]
        if any(len(curve) != len(self.psnr) for curve in curves):
            raise ValueError("Every curve of a profile needs one value per noise level.")
        return self


def profile_grid(model: EnergyModel, t_max: float | None = None) -> tuple[float, ...]:
    """`PROFILE_LEVELS` noise levels in dB, evenly spaced from the model's `t0` (at most 70 dB) to `t_max` (at least
    -20 dB); that of `t0` for a model of one noise level."""
    if not model.has_noise_levels:
        return (round(float(psnr_from_noise_variance(model.t0)), 3),)
    finest = min(_FINEST_PSNR, float(psnr_from_noise_variance(model.t0))) if model.t0 > 0 else _FINEST_PSNR
    coarsest = _COARSEST_PSNR if t_max is None else max(_COARSEST_PSNR, float(psnr_from_noise_variance(t_max)))
    return tuple(np.linspace(finest, coarsest, PROFILE_LEVELS).round(3).tolist())


def measure_profile(
    model: EnergyModel,
    x: Tensor,
    psnrs: tuple[float, ...],
    progress: Progress | None = None,
) -> Profile:
    """Measure the profile of images on a grid of noise levels.

    Args:
        model: an energy model.
        x: images as the model is given them, shape ``(N, C, H, W)``.
        psnrs: noise levels in dB.
        progress: called with the number of levels that are done, and of all.

    Raises:
        ExplorerError: the model gives no finite value at some level.
    """
    bands: dict[str, list[np.ndarray]] = {"dimensionality": [], "log_prob": []}
    for done, psnr in enumerate(psnrs):
        estimates = local_dimensionality(model, x, [noise_variance_from_psnr(psnr)])
        for name, values in (("dimensionality", estimates.denoising), ("log_prob", -estimates.mean_energy)):
            quantiles = np.quantile(values[:, 0].numpy(), _QUANTILES)
            if not np.isfinite(quantiles).all():
                raise ExplorerError(
                    f"The model gives no finite energy at {psnr:g} dB for some images. Its training failed; train it "
                    "again or choose another."
                )
            bands[name].append(quantiles)
        if progress is not None:
            progress(done + 1, len(psnrs))
    return Profile(
        psnr=psnrs,
        dimensionality=_band(bands["dimensionality"]),
        log_prob=_band(bands["log_prob"]),
        images=len(x),
    )


def _band(rows: list[np.ndarray]) -> Band:
    low, median, high = np.array(rows).T.tolist()
    return Band(low=low, median=median, high=high)


def profile_subset(count: int) -> np.ndarray:
    """Indices of at most `PROFILE_IMAGES` of `count` images, evenly spread and always the same."""
    chosen = min(count, PROFILE_IMAGES)
    return np.arange(chosen) * count // max(chosen, 1)


def write_profile(folder: Path, profile: Profile) -> None:
    """Write ``profile.json`` atomically.

    Raises:
        ExplorerError: the disk is full or the folder cannot be written.
    """
    with write_atomically(folder / "profile.json") as path:
        path.write_text(profile.model_dump_json(), encoding="utf-8")


def read_profile(folder: Path) -> Profile:
    """Read ``profile.json``.

    Raises:
        ExplorerError: it is missing or damaged.
    """
    path = folder / "profile.json"
    try:
        return Profile.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise ExplorerError(f"The profile {path} is missing or damaged. Build the catalog again.") from error
