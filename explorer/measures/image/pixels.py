"""What one can say of images without a model: contrast, brightness and wavelet sparsity.

All take images of shape ``(N, C, H, W)``, floats in [0, 1] or uint8 (divided by 255), as a NumPy array or a tensor, and
return one float64 number an image, shape ``(N,)``.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from explorer.wavelets import detail_mask, wavelet_transform

__all__ = ["brightness", "contrast", "wavelet_sparsity"]

_NEGLIGIBLE = 1e-6


def brightness(pixels: np.ndarray | Tensor) -> np.ndarray:
    """Mean over pixels and channels."""
    return _double(pixels).mean((1, 2, 3)).numpy()


def contrast(pixels: np.ndarray | Tensor) -> np.ndarray:
    """Root mean square deviation from each channel's mean; the contrast of `explorer.perturbations` multiplies it."""
    x = _double(pixels)
    return (x - x.mean((2, 3), keepdim=True)).square().mean((1, 2, 3)).sqrt().numpy()


def wavelet_sparsity(pixels: np.ndarray | Tensor) -> np.ndarray:
    """Participation ratio of the wavelet details, ``(sum |c|)^2 / (n sum c^2)``, in ``(0, 1]``.

    It is the share of the ``n`` detail coefficients (see `explorer.wavelets`) that an image effectively uses: ``1/n``
    when only one is not zero, 1 when all are equally large, ``2/pi`` for Gaussian noise. Small means sparse. An image
    without details (a constant one, or one too small to have any) has ``1/n``, the least value, since one coefficient
    is more than enough for it.
    """
    x = _double(pixels)
    mask = detail_mask(*x.shape[-2:]).expand(x.shape[1:])
    details = wavelet_transform(x)[:, mask].abs()
    details = details * (details > _NEGLIGIBLE)  # rounding errors of a constant image are no details
    n = max(1, details.shape[1])
    ratio = details.sum(1).square() / (n * details.square().sum(1))
    return ratio.nan_to_num(1.0 / n).numpy()


def _double(pixels: np.ndarray | Tensor) -> Tensor:
    x = torch.as_tensor(np.array(pixels) if isinstance(pixels, np.ndarray) else pixels).detach().cpu()
    return x.to(torch.float64) / (255.0 if x.dtype == torch.uint8 else 1.0)
