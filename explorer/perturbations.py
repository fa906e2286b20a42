"""Perturbations of images that one drags with a slider: batched, differentiable, deterministic.

They are applied in a fixed order: **sparsity, blur, contrast, brightness, noise, clip, JPEG**. First what changes the
structure of the image, then what scales and shifts it, then the noise, as in a camera, where the scene is blurred by
the lens, amplified, and read out noisily. So contrast scales the picture but never the noise, brightness does not
disturb the others, clipping shows what a screen would show, and JPEG, last, what a file would keep of all that.

    sparsity    keep the largest detail coefficients of an orthogonal wavelet transform (`explorer.wavelets`)
    blur        convolve with a Gaussian, cut off at 4 standard deviations; the image is mirrored at its border
    contrast    mean + c (x - mean), the mean of each image and channel
    brightness  x + b
    noise       x + s eps, eps ~ N(0, 1)
    clip        to [0, 1]
    jpeg        as a JPEG file brings it back: in 8-bit pixels; the only step that has no derivative
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from explorer.images import Values, to_pil
from explorer.units import with_unit
from explorer.wavelets import detail_mask, inverse_wavelet_transform, wavelet_transform

__all__ = ["RANGES", "Perturbation", "Range", "perturb", "sweep"]

_CUTOFF = 4.0


class Range(NamedTuple):
    """What a slider needs to know.

    Attributes:
        low: least value.
        high: greatest value.
        step: distance of two values.
        unit: its unit.
        label: its name on the screen.
    """

    low: float
    high: float
    step: float
    unit: str
    label: str

    @property
    def title(self) -> str:
        """Name and unit, for a slider or an axis."""
        return with_unit(self.label, self.unit)

    @property
    def decimals(self) -> int:
        """That tell two neighboring values apart."""
        return len(f"{self.step:g}".partition(".")[2])


RANGES: dict[str, Range] = {
    "contrast": Range(0.0, 2.0, 0.02, "×", "Contrast"),
    "brightness": Range(-0.5, 0.5, 0.01, "white = 1", "Brightness"),
    "sparsity": Range(0.01, 1.0, 0.01, "of coefficients", "Sparsity"),
    "blur": Range(0.0, 4.0, 0.05, "pixels", "Blur"),
    "noise": Range(0.0, 0.5, 0.005, "σ, white = 1", "Noise"),
}
"""Name of a parameter of `Perturbation` -> its range."""


class Perturbation(BaseModel):
    """How an image is changed. The defaults change nothing.

    Attributes:
        contrast: factor of the deviations from the mean, in [0, 2].
        brightness: what is added to every value, in [-0.5, 0.5].
        sparsity: fraction of the detail coefficients that are kept, largest first, over all channels, in (0, 1]. The
            approximation band (4 x 4 of 32 x 32) is always kept; at 1 the image is unchanged.
        blur: standard deviation of the Gaussian in pixels, in [0, 4].
        noise: standard deviation of the noise, in [0, 0.5].
        seed: of the noise.
        clip: whether the result is clipped to [0, 1].
        jpeg: quality of the JPEG file that keeps the result, in [1, 100], on the scale of libjpeg and with its half
            resolution of color; None for no file.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    contrast: float = Field(default=1.0, ge=0.0, le=2.0)
    brightness: float = Field(default=0.0, ge=-0.5, le=0.5)
    sparsity: float = Field(default=1.0, gt=0.0, le=1.0)
    blur: float = Field(default=0.0, ge=0.0, le=4.0)
    noise: float = Field(default=0.0, ge=0.0, le=0.5)
    seed: int = Field(default=0, ge=0, lt=2**63)
    clip: bool = False
    jpeg: int | None = Field(default=None, ge=1, le=100)


def perturb(x: Tensor, perturbation: Perturbation, convention: Values | None = None) -> Tensor:
    """Change images, all in the same way and with the same draw of the noise.

    Args:
        x: images, values in [0, 1], shape ``(B, C, H, W)``.
        perturbation: how.
        convention: what numbers stand for the 8-bit pixels that JPEG takes and gives; that of our own models when None.

    Returns:
        Images of the same shape, on the same device. Values may leave [0, 1] unless clipped.
    """
    return _apply(x, [perturbation], convention)


def sweep(
    x: Tensor, perturbation: Perturbation, name: str, values: Sequence[float], convention: Values | None = None
) -> Tensor:
    """One image under many values of one parameter, the others held, the same draw of the noise throughout.

    Args:
        x: one image, shape ``(1, C, H, W)``.
        perturbation: the other parameters.
        name: the parameter, a key of `RANGES`.
        values: its values, ``V`` of them.
        convention: as for `perturb`.

    Returns:
        Images, shape ``(V, C, H, W)``; each is what `perturb` gives, up to rounding.

    Raises:
        ValueError: there is no such parameter, a value is out of its range, there are none, or not just one image.
    """
    if name not in RANGES:
        raise ValueError(f"There is no parameter {name!r} to sweep. Choose one of {', '.join(RANGES)}.")
    if x.shape[0] != 1 or not len(values):
        raise ValueError(f"A sweep needs one image and at least one value, not {x.shape[0]} and {len(values)}.")
    held = perturbation.model_dump()
    return _apply(x, [Perturbation(**(held | {name: float(value)})) for value in values], convention)


def _apply(x: Tensor, perturbations: Sequence[Perturbation], convention: Values | None) -> Tensor:
    """Broadcast ``B`` images against ``V`` perturbations, where one of the two is 1."""

    def column(name: str) -> Tensor:
        return torch.tensor([getattr(p, name) for p in perturbations], dtype=x.dtype, device=x.device).view(-1, 1, 1, 1)

    def changes(name: str) -> bool:
        return any(getattr(p, name) != Perturbation.model_fields[name].default for p in perturbations)

    count = max(x.shape[0], len(perturbations))
    if changes("sparsity"):
        x = _sparsify(x, column("sparsity"))
    if changes("blur"):
        x = _blur(x, column("blur"))
    if changes("contrast"):
        mean = x.mean((-2, -1), keepdim=True)
        x = mean + column("contrast") * (x - mean)
    if changes("brightness"):
        x = x + column("brightness")
    if changes("noise"):
        x = x + column("noise") * _standard_noise(x.shape[1:], perturbations[0].seed).to(x)
    if perturbations[0].clip:
        x = x.clamp(0.0, 1.0)
    if perturbations[0].jpeg is not None:
        x = _through_jpeg(x, perturbations[0].jpeg, convention or Values())
    return x.expand(count, -1, -1, -1).contiguous()


def _sparsify(x: Tensor, fraction: Tensor) -> Tensor:
    """Keep the given fraction of the detail coefficients of each image; at least one."""
    coefficients = wavelet_transform(x)
    height, width = x.shape[-2:]
    mask = detail_mask(height, width, device=x.device)
    details = (coefficients.detach().abs() * mask).flatten(1)
    total = int(mask.sum()) * x.shape[1]
    if total == 0:
        return x
    kept = (fraction.view(-1, 1) * total).round().clamp(1, total).long()
    ranked = details.sort(1, descending=True).values
    threshold = ranked.expand(max(len(ranked), len(kept)), -1).gather(
        1, (kept - 1).expand(max(len(ranked), len(kept)), 1)
    )
    keep = (details >= threshold).view(-1, *x.shape[1:]) | ~mask
    return inverse_wavelet_transform(coefficients * keep)


def _blur(x: Tensor, sigma: Tensor) -> Tensor:
    """``G_H x G_W^T`` with the matrices of `_blur_matrices`."""
    rows, columns = (_blur_matrices(size, sigma.flatten()).unsqueeze(1) for size in x.shape[-2:])
    return rows @ x @ columns.mT


def _blur_matrices(size: int, sigma: Tensor) -> Tensor:
    """Gaussian blur of a line of `size` pixels as a matrix for each standard deviation, shape ``(V, size, size)``.

    The line is mirrored at its ends, end pixels repeated, as often as the kernel reaches: the mean does not change, and
    a kernel may be wider than the line. Rows sum to 1; ``sigma = 0`` is the identity.
    """
    reach = int(torch.ceil(_CUTOFF * sigma.max()))
    offsets = torch.arange(-reach, reach + 1, device=sigma.device)
    scaled = offsets / sigma.clamp(min=1e-6)[:, None]
    weights = torch.exp(-0.5 * scaled**2) * (scaled.abs() <= _CUTOFF)
    weights = weights / weights.sum(1, keepdim=True)
    places = torch.remainder(torch.arange(size, device=sigma.device)[:, None] + offsets, 2 * size)
    places = torch.minimum(places, 2 * size - 1 - places)
    matrices = torch.zeros(len(sigma), size, size, dtype=sigma.dtype, device=sigma.device)
    return matrices.scatter_add(2, places.expand(len(sigma), -1, -1), weights[:, None].expand(-1, size, -1))


def _standard_noise(image_shape: Sequence[int], seed: int) -> Tensor:
    """One draw of ``N(0, 1)`` for every value; on the CPU, so that it does not depend on the device."""
    return torch.randn(tuple(image_shape), generator=torch.Generator().manual_seed(seed))


def _through_jpeg(x: Tensor, quality: int, convention: Values) -> Tensor:
    """Each image written to a JPEG file and read again."""
    pixels = convention.to_pixels(x).cpu().numpy()
    read = np.stack([_jpeg(image, quality) for image in pixels])
    return convention.centers(torch.from_numpy(read)).to(x)


def _jpeg(pixels: np.ndarray, quality: int) -> np.ndarray:
    file = io.BytesIO()
    to_pil(pixels).save(file, "JPEG", quality=quality)
    read = np.asarray(Image.open(file))
    return read[None] if read.ndim == 2 else read.transpose(2, 0, 1)
