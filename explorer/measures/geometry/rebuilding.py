"""An image rebuilt from a few coefficients: in the denoiser's own basis, in the DCT, and in wavelets.

All three bases are orthonormal, so that the image from the coefficients of a set ``S`` leaves the others:

    ||x - x_S||^2 = sum_{k not in S} <e_k, x>^2.

In each basis the ``k`` largest coefficients of the clean image are taken (the best approximation of ``k`` terms; Mallat
2009, chapter 9). A denoiser does not know these: its own choice are the terms of ``J y`` that count most, those of the
largest ``|lambda_k <e_k, y>|``, which is the fourth way.

Each is told as PSNR against ``k``.
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

__all__ = ["BASES", "OWN_CHOICE", "WAYS", "Rebuilt", "contour_share", "contours", "rebuild", "rebuilt_image"]

BASES = ("eigenvectors", "DCT", "wavelets")
"""What an image is rebuilt in, by the largest coefficients of the clean image."""

OWN_CHOICE = "eigenvectors, by the noisy image"
"""The denoiser's own choice of coefficients."""

WAYS = (*BASES, OWN_CHOICE)
"""In the order of `Rebuilt`."""

_CONTOUR = 0.25  # of the pixels: those of the largest gradients
_EXACT = 1e-10  # mean squared error of what is rebuilt without loss, of values in [0, 1]: 100 dB


@dataclass(frozen=True)
class Rebuilt:
    """An image from ``k`` coefficients, for each of `WAYS`.

    Attributes:
        counts: ``k``, shape ``(K,)``.
        psnr: in dB, shape ``(4, K)``; 100 at most.
    """

    counts: tuple[int, ...]
    psnr: np.ndarray

    @property
    def gain(self) -> np.ndarray:
        """By how many dB the eigenvectors are better than the better one of the other two, shape ``(K,)``."""
        gain: np.ndarray = self.psnr[0] - self.psnr[1:3].max(0)
        return gain

    @property
    def own_gain(self) -> np.ndarray:
        """The same by the denoiser's own choice."""
        gain: np.ndarray = self.psnr[3] - self.psnr[1:3].max(0)
        return gain


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
    for way in WAYS:
        coefficients = _coefficients(way, basis, x)
        kept = np.concatenate([[0.0], np.cumsum(coefficients[_order(way, coefficients, basis)] ** 2)])
        errors.append([max(total - kept[count], 0.0) / x.size for count in counts])
    return Rebuilt(tuple(counts), np.asarray(psnr_from_noise_variance(np.maximum(errors, _EXACT))))


def rebuilt_image(way: str, basis: Basis, x: np.ndarray, count: int) -> np.ndarray:
    """The image from `count` coefficients in one of `WAYS`, float32, shape ``(C, H, W)``."""
    coefficients = _coefficients(way, basis, x)
    kept = np.zeros_like(coefficients)
    chosen = _order(way, coefficients, basis)[:count]
    kept[chosen] = coefficients[chosen]
    if way in ("eigenvectors", OWN_CHOICE):
        image = (kept @ basis.eigenvectors.reshape(len(kept), -1)).reshape(x.shape)
    elif way == "wavelets":
        image = inverse_wavelet_transform(torch.from_numpy(kept.reshape(x.shape))).numpy()
    else:
        rows, columns = dct_matrix(x.shape[1]), dct_matrix(x.shape[2])
        image = (rows.T @ torch.from_numpy(kept.reshape(x.shape)) @ columns).numpy()
    return np.asarray(image, np.float32)


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


def _coefficients(way: str, basis: Basis, x: np.ndarray) -> np.ndarray:
    if way in ("eigenvectors", OWN_CHOICE):
        vectors = basis.eigenvectors.reshape(len(basis.eigenvectors), -1).astype(np.float64)
        return np.asarray(vectors @ x.reshape(-1).astype(np.float64))
    image = torch.from_numpy(x).double()
    if way == "wavelets":
        return wavelet_transform(image).flatten().numpy()
    rows, columns = dct_matrix(x.shape[1]), dct_matrix(x.shape[2])
    return (rows @ image @ columns.T).flatten().numpy()


def _order(way: str, coefficients: np.ndarray, basis: Basis) -> np.ndarray:
    """Which coefficients are taken first."""
    if way == OWN_CHOICE:
        coefficients = basis.eigenvalues * _coefficients(way, basis, basis.noisy)
    order: np.ndarray = np.argsort(-np.abs(coefficients), kind="stable")
    return order
