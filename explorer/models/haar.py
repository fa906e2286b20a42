"""The orthonormal Haar transform of images, one step at a time.

Four neighboring pixels ``a b / c d`` become one coarse pixel and three details,

    coarse      (a + b + c + d) / 2
    horizontal  (a - b + c - d) / 2         vertical  (a + b - c - d) / 2         diagonal  (a - b - c + d) / 2 .

The map is orthogonal: it has determinant 1, and white noise of variance ``t`` on the pixels is white noise of variance
``t`` on every coefficient. So the density of an image is, exactly, that of its coarse image times that of its details
given the coarse image.

Reference: Mallat, A Wavelet Tour of Signal Processing, chapter 7 (2009).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["haar", "halve", "inverse_haar"]

# Rows: coarse, horizontal, vertical, diagonal; columns: a, b, c, d. Symmetric, hence its own inverse.
_SIGNS = ((1.0, 1.0, 1.0, 1.0), (1.0, -1.0, 1.0, -1.0), (1.0, 1.0, -1.0, -1.0), (1.0, -1.0, -1.0, 1.0))


def haar(x: Tensor) -> tuple[Tensor, Tensor]:
    """One step: ``(B, C, H, W)`` with even sides -> coarse ``(B, C, H/2, W/2)``, details ``(B, 3C, H/2, W/2)``.

    Details are ordered by band, then by channel.

    Raises:
        ValueError: a side is odd.
    """
    batch, channels, height, width = x.shape
    if height % 2 or width % 2:
        raise ValueError(f"The Haar transform needs even sides, not {height} x {width}.")
    blocks = F.pixel_unshuffle(x, 2).view(batch, channels, 4, height // 2, width // 2)
    bands = torch.einsum("km,bcmhw->bkchw", _matrix(x), blocks)
    return bands[:, 0], bands[:, 1:].flatten(1, 2)


def inverse_haar(coarse: Tensor, details: Tensor) -> Tensor:
    """The image ``(B, C, H, W)`` with these coefficients; the inverse of `haar`."""
    bands = torch.cat((coarse, details), 1).view(len(coarse), 4, -1, *coarse.shape[2:])
    blocks = torch.einsum("km,bkchw->bcmhw", _matrix(coarse), bands)
    return F.pixel_shuffle(blocks.flatten(1, 2), 2)


def halve(x: Tensor, times: int = 1) -> Tensor:
    """The mean of each ``2^times x 2^times`` block: the coarse image after so many steps, divided by ``2^times``."""
    return F.avg_pool2d(x, 2**times) if times else x


def _matrix(like: Tensor) -> Tensor:
    return 0.5 * torch.tensor(_SIGNS, dtype=like.dtype, device=like.device)
