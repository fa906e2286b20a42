"""An orthogonal wavelet transform of images, periodized, in torch: batched, differentiable, on any device.

One level on an ``n x n`` band is ``A X A^T`` with ``A`` orthonormal, ``n x n``: its upper half averages neighbors
(low-pass), its lower half takes their differences (high-pass), both at every second place, wrapping around at the
border. The upper left quarter is the approximation, on which the next level works; the other three quarters are
details. Coefficients are laid out in place, as in the figure, and have the sum of squares of the image.

    [ approximation | details ... ]
    [ details ...   | details ... ]

The wavelet is Daubechies' with three vanishing moments (``db3``). Among haar, db2..4, sym4 and coif1, at 2 to 20 % of
the coefficients of 32 x 32 natural images, it has the least squared error or is within 0.2 dB of it, without Haar's
blocks.

Reference: Mallat, A Wavelet Tour of Signal Processing, chapter 7 (2009).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pywt
import torch
from torch import Tensor

__all__ = ["detail_mask", "inverse_wavelet_transform", "levels", "wavelet_transform"]

_WAVELET = "db3"
_SMALLEST_BAND = 4
_SHIFT = -2  # centers the filters on their two pixels; same as PyWavelets' mode "periodization"


def levels(height: int, width: int) -> int:
    """Number of levels: halve while both sides are even and the approximation keeps at least 4 x 4; 3 for 32 x 32."""
    count = 0
    while height % 2 == 0 and width % 2 == 0 and min(height, width) // 2 >= _SMALLEST_BAND:
        height, width, count = height // 2, width // 2, count + 1
    return count


def wavelet_transform(x: Tensor) -> Tensor:
    """Coefficients of images.

    Args:
        x: shape ``(..., H, W)``, floating.

    Returns:
        Coefficients of the same shape. Images with an odd side are all approximation: they come back as they are.
    """
    height, width = x.shape[-2:]
    for level in range(levels(height, width)):
        h, w = height >> level, width >> level
        band = _filters(h, x) @ x[..., :h, :w] @ _filters(w, x).mT
        x = band if level == 0 else _with_corner(x, band)
    return x


def inverse_wavelet_transform(coefficients: Tensor) -> Tensor:
    """Images, shape ``(..., H, W)``, from the coefficients that `wavelet_transform` gives."""
    height, width = coefficients.shape[-2:]
    for level in reversed(range(levels(height, width))):
        h, w = height >> level, width >> level
        band = _filters(h, coefficients).mT @ coefficients[..., :h, :w] @ _filters(w, coefficients)
        coefficients = band if level == 0 else _with_corner(coefficients, band)
    return coefficients


def detail_mask(height: int, width: int, device: torch.device | str = "cpu") -> Tensor:
    """True where a coefficient is a detail, False in the approximation band; bool, shape ``(H, W)``."""
    count = levels(height, width)
    mask = torch.ones(height, width, dtype=torch.bool, device=device)
    mask[: height >> count, : width >> count] = False
    return mask


def _with_corner(x: Tensor, corner: Tensor) -> Tensor:
    """A copy of `x` whose upper left part is `corner`; out of place, so that gradients pass."""
    h, w = corner.shape[-2:]
    top = torch.cat([corner, x[..., :h, w:]], -1)
    return torch.cat([top, x[..., h:, :]], -2)


def _filters(n: int, like: Tensor) -> Tensor:
    return torch.from_numpy(_filter_matrix(n)).to(like.dtype).to(like.device)


@lru_cache(maxsize=32)
def _filter_matrix(n: int) -> np.ndarray:
    """``A``: row ``k < n/2`` is the low-pass filter from ``2k - 2`` on, modulo ``n``; the high-pass rows follow."""
    wavelet = pywt.Wavelet(_WAVELET)
    matrix = np.zeros((n, n))
    for half, taps in enumerate((wavelet.rec_lo, wavelet.rec_hi)):
        for k in range(n // 2):
            for j, tap in enumerate(taps):
                matrix[half * (n // 2) + k, (2 * k + j + _SHIFT) % n] += tap
    return matrix
