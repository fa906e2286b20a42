"""An image rebuilt from a few coefficients: in the denoiser's own basis, in the DCT, and in wavelets.

All three bases are orthonormal, so that the best image from the coefficients of a set ``S`` leaves the others:

    ||x - x_S||^2 = sum_{k not in S} <e_k, x>^2.

From the denoiser's basis the first ``k`` vectors are taken, those of the largest eigenvalues: which they are is known
from the noisy image. From DCT and wavelets the ``k`` largest coefficients are taken, which only the clean image tells,
and whose places would have to be stored as well. The comparison is hard on the adaptive basis.

Each is told as PSNR against ``k``. For C^alpha images the best exponent of a decay is known (Mallat 2009, chapter 9).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from explorer.measures.geometry.bases import Basis
from explorer.models.anchor import dct_matrix
from explorer.units import psnr_from_noise_variance
from explorer.wavelets import inverse_wavelet_transform, wavelet_transform

__all__ = ["BASES", "Rebuilt", "contour_share", "contours", "rebuild", "rebuilt_image"]

BASES = ("eigenvectors", "DCT", "wavelets")
"""What an image is rebuilt in, in the order of `Rebuilt`."""

_CONTOUR = 0.25  # of the pixels: those of the largest gradients
_EXACT = 1e-10  # mean squared error of what is rebuilt without loss, of values in [0, 1]: 100 dB


@dataclass(frozen=True)
class Rebuilt:
    """An image from ``k`` coefficients, for each of `BASES`.

    Attributes:
        counts: ``k``, shape ``(K,)``.
        psnr: in dB, shape ``(3, K)``; 100 at most.
    """

    counts: tuple[int, ...]
    psnr: np.ndarray

    def gain(self, count: int) -> float:
        """By how many dB the eigenvectors are better than the better one of the other two."""
        place = self.counts.index(count)
        return float(self.psnr[0, place] - self.psnr[1:, place].max())


def rebuild(basis: Basis, x: np.ndarray, counts: Sequence[int]) -> Rebuilt:
    """How well an image is rebuilt, against the number of coefficients.

    Args:
        basis: of the denoiser, at a noisy image of `x`.
        x: the clean image in the model's values, shape ``(C, H, W)``.
        counts: numbers of coefficients, at most those of the eigenvectors.

    Raises:
        ValueError: there are fewer eigenvectors than that.
    """
    if max(counts) > len(basis.eigenvalues):
        raise ValueError(f"There are {len(basis.eigenvalues)} eigenvectors, not {max(counts)}.")
    total = float(np.square(x, dtype=np.float64).sum())
    errors = []
    for kind in BASES:
        coefficients = _coefficients(kind, basis, x)
        order = slice(None) if kind == "eigenvectors" else np.argsort(-np.abs(coefficients), kind="stable")
        kept = np.concatenate([[0.0], np.cumsum(coefficients[order] ** 2)])
        errors.append([max(total - kept[count], 0.0) / x.size for count in counts])
    return Rebuilt(tuple(counts), np.asarray(psnr_from_noise_variance(np.maximum(errors, _EXACT))))


def rebuilt_image(kind: str, basis: Basis, x: np.ndarray, count: int) -> np.ndarray:
    """The image from `count` coefficients in one of `BASES`, float32, shape ``(C, H, W)``."""
    coefficients = _coefficients(kind, basis, x)
    if kind == "eigenvectors":
        vectors = basis.eigenvectors[:count].reshape(-1, x.size)
        return (coefficients[:count] @ vectors).reshape(x.shape).astype(np.float32)
    kept = np.zeros_like(coefficients)
    largest = np.argsort(-np.abs(coefficients), kind="stable")[:count]
    kept[largest] = coefficients[largest]
    return _image(kind, kept.reshape(x.shape))


def contours(x: np.ndarray) -> np.ndarray:
    """True for the quarter of the pixels with the largest gradient of the image, those on its contours.

    Args:
        x: clean image, shape ``(C, H, W)``; the squares of the gradients of all channels are summed.

    Returns:
        Shape ``(H, W)``; none where the image is constant.
    """
    down, right = np.gradient(x.astype(np.float64), axis=(1, 2))
    steepness = (down**2 + right**2).sum(0)
    limit = np.quantile(steepness, 1 - _CONTOUR)
    steep: np.ndarray = (steepness >= limit) & (steepness > 0)
    return steep


def contour_share(basis: Basis, on_contours: np.ndarray) -> np.ndarray:
    """The share of each eigenvector's squares that lies on contours, shape ``(K,)``; of a constant one, their area.

    Args:
        basis: the eigenvectors.
        on_contours: from `contours`, shape ``(H, W)``.
    """
    share: np.ndarray = (basis.eigenvectors.astype(np.float64) ** 2)[..., on_contours].sum((1, 2))
    return share


def _coefficients(kind: str, basis: Basis, x: np.ndarray) -> np.ndarray:
    if kind == "eigenvectors":
        vectors = basis.eigenvectors.reshape(len(basis.eigenvectors), -1).astype(np.float64)
        return np.asarray(vectors @ x.reshape(-1).astype(np.float64))
    image = torch.from_numpy(x).double()
    if kind == "wavelets":
        return wavelet_transform(image).flatten().numpy()
    rows, columns = dct_matrix(x.shape[1]), dct_matrix(x.shape[2])
    return (rows @ image @ columns.T).flatten().numpy()


def _image(kind: str, coefficients: np.ndarray) -> np.ndarray:
    values = torch.from_numpy(coefficients)
    if kind == "wavelets":
        image = inverse_wavelet_transform(values)
    else:
        image = dct_matrix(coefficients.shape[1]).T @ values @ dct_matrix(coefficients.shape[2])
    result: np.ndarray = image.float().numpy()
    return result
