"""The largest eigenvalues of a symmetric matrix that is known by its products with vectors alone.

Block Lanczos with full orthogonalization (Golub and Underwood 1977): rows ``Q``, orthonormal, span the Krylov space of
a random block; the eigenvalues of ``Q A Q^T`` (Ritz values) come to those of ``A`` from inside, the largest first. The
norm of ``A e - lambda e`` bounds how far each is from an eigenvalue. A block finds equal eigenvalues, up to as many as
it has vectors; where the space is exhausted, it goes on with random vectors.

The trace is that of ``Q A Q^T`` plus that of the rest, which probes ``v`` of random signs estimate as the mean of
``<v, P A P v>`` with ``P = I - Q^T Q`` (Hutchinson 1989; Meyer, Musco, Musco and Woodruff 2021, arXiv 2010.09649).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from dataclasses import dataclass

import numpy as np
import torch

__all__ = ["Eigenpairs", "largest_eigenpairs"]

_TOLERANCE = 0.01  # of an eigenvalue: fine enough for what a learned model knows
_MOST = 3.0  # vectors in the space, at most, for each eigenpair
_EXTRA = 16  # and so many more; as often it looks whether it is done
_PROBES = 16
_NOTHING = 1e-5  # of a product: what rounding in float32 leaves


@dataclass(frozen=True)
class Eigenpairs:
    """Eigenvalues and eigenvectors.

    Attributes:
        values: decreasing, shape ``(K,)``.
        vectors: orthonormal rows, shape ``(K, d)``.
        residuals: ``||A e_k - lambda_k e_k||``, shape ``(K,)``.
        trace: of the matrix.
        trace_error: its standard error; 0 where it is exact.
        lowest: the smallest eigenvalue, or an upper bound of it.
        asymmetry: ``||B - B^T|| / ||B||`` (Frobenius) of ``B = Q A Q^T``.
        products: of the matrix with a vector that it took.
    """

    values: np.ndarray
    vectors: np.ndarray
    residuals: np.ndarray
    trace: float
    trace_error: float
    lowest: float
    asymmetry: float
    products: int

    @classmethod
    def of_matrix(cls, matrix: np.ndarray) -> Eigenpairs:
        """All of a matrix ``(d, d)``, made symmetric."""
        values, columns = np.linalg.eigh((matrix + matrix.T) / 2)
        values, vectors = values[::-1], columns.T[::-1]
        residuals = np.linalg.norm(vectors @ matrix.T - values[:, None] * vectors, axis=1)
        trace, lowest = float(np.trace(matrix)), float(values[-1])
        return cls(values, vectors, residuals, trace, 0.0, lowest, _asymmetry(matrix), len(matrix))


def largest_eigenpairs(
    products: Callable[[np.ndarray], np.ndarray], size: int, count: int, block: int, generator: torch.Generator
) -> Generator[float, None, Eigenpairs]:
    """The largest eigenvalues, to within 0.01 or as near as three times as many products come; see `Eigenpairs`.

    Args:
        products: ``A v`` for each row ``v`` of shape ``(block, size)``.
        size: ``d``.
        count: how many eigenvalues, at most `size`.
        block: vectors in a product.
        generator: of the random vectors, on the CPU.

    Yields:
        The share that is done, at most.
    """
    block = min(block, size)
    most = min(size, math.ceil(_MOST * count) + _EXTRA) // block * block
    basis, projected = np.zeros((most + block, size)), np.zeros((most + block, most))
    known = _extend(basis, 0, _random(block, size, generator), generator)
    while True:
        columns = slice(known - block, known)
        image = products(basis[columns])
        for _ in range(2):  # once leaves rounding errors that grow
            along = image @ basis[:known].T
            image = image - along @ basis[:known]
            projected[:known, columns] += along.T
        yield known / (most + _PROBES)
        is_last = known == most
        if not is_last:
            _extend(basis, known, image, generator)
            projected[known : known + block, columns] = basis[known : known + block] @ image.T
        if is_last or (known >= count + _EXTRA and known % _EXTRA == 0):
            square = projected[:known, :known]
            values, inside = np.linalg.eigh((square + square.T) / 2)
            lowest, values, inside = float(values[0]), values[::-1][:count], inside[:, ::-1][:, :count]
            residuals = np.linalg.norm(image.T @ inside[columns], axis=0)
            if is_last or residuals.max() < _TOLERANCE:
                break
        known += block
    rest = np.zeros(1)
    if known < size:
        probes = torch.randint(2, (_PROBES, size), generator=generator).double().numpy() * 2 - 1
        probes -= (probes @ basis[:known].T) @ basis[:known]
        found: list[np.ndarray] = []
        for first in range(0, _PROBES, block):
            part = probes[first : first + block]
            found.append((products(part) * part).sum(1))
            yield (known + first) / (known + _PROBES)
        rest = np.concatenate(found)
    return Eigenpairs(
        values,
        inside.T @ basis[:known],
        residuals,
        float(np.trace(square) + rest.mean()),
        float(rest.std(ddof=1) / _PROBES**0.5) if known < size else 0.0,
        lowest,
        _asymmetry(square),
        known + (_PROBES if known < size else 0),
    )


def _extend(basis: np.ndarray, known: int, rows: np.ndarray, generator: torch.Generator) -> int:
    """Write orthonormal rows behind the first `known`, that span `rows`; random ones where these are nothing new.

    Returns:
        How many rows there are then.
    """
    for row in rows:
        vector, norm = row, 0.0
        for _ in range(2):
            vector = vector - (basis[:known] @ vector) @ basis[:known]
        norm = float(np.linalg.norm(vector))
        if norm < _NOTHING and known < basis.shape[1]:
            vector = _random(1, len(row), generator)[0]
            for _ in range(2):
                vector = vector - (basis[:known] @ vector) @ basis[:known]
            norm = float(np.linalg.norm(vector))
        basis[known] = vector / norm if norm else 0.0
        known += 1
    return known


def _random(count: int, size: int, generator: torch.Generator) -> np.ndarray:
    vectors: np.ndarray = torch.randn(count, size, generator=generator, dtype=torch.float64).numpy()
    return vectors


def _asymmetry(matrix: np.ndarray) -> float:
    scale = float(np.linalg.norm(matrix))
    return float(np.linalg.norm(matrix - matrix.T)) / scale if scale else 0.0
