"""Many numbers an image -> two: principal components, then UMAP.

`fit_projection` standardizes features and keeps their principal components. `Plane` places points so that neighbors
stay neighbors: UMAP (McInnes, Healy and Melville 2018, arXiv 1802.03426), begun from the first two components, so that
what is far apart on the map is, in the large, far apart in the features. Both are deterministic.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from sklearn.decomposition import PCA

if TYPE_CHECKING:
    from umap import UMAP

__all__ = ["COMPONENTS", "MIN_DIST", "NEIGHBORS", "SEED", "Plane", "Projection", "fit_projection"]

COMPONENTS = 50
"""Principal components that are kept."""

NEIGHBORS, MIN_DIST, SEED = 15, 0.1, 0
"""UMAP's settings: neighbors of a point, closest distance of two points on the map, seed."""

_SMALLEST_SCALE = 0.1  # a logarithm that varies by less says hardly anything, and is not blown up to say as much

# numba's simplest threading layer, the one that is there on every system, ends the process when two threads call it.
_umap_lock = threading.Lock()


class Projection(NamedTuple):
    """Standardized features on their principal components.

    Attributes:
        mean, scale: of the features, shape ``(F,)``.
        axes: orthonormal, shape ``(K, F)``.
    """

    mean: np.ndarray
    scale: np.ndarray
    axes: np.ndarray

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """``(N, F) -> (N, K)``, float32; what is not finite stays so."""
        with np.errstate(invalid="ignore"):
            projected: np.ndarray = ((features - self.mean) / self.scale) @ self.axes.T
        return projected


def fit_projection(features: np.ndarray) -> Projection:
    """Mean, scale and at most `COMPONENTS` principal axes of features, finite, shape ``(N, F)`` with N at least 1."""
    mean = features.mean(0)
    scale = np.maximum(features.std(0), _SMALLEST_SCALE)
    if len(features) < 2:
        return Projection(mean, scale, np.eye(2, features.shape[1], dtype=np.float32))
    components = min(COMPONENTS, *features.shape)
    fitted = PCA(components, random_state=SEED).fit((features - mean) / scale)
    return Projection(mean, scale, fitted.components_.astype(np.float32))


class Plane:
    """Points placed in the plane.

    Args:
        points: finite, shape ``(N, K)`` with N at least 1, first components first. Fewer than 16 have no neighborhoods
            that UMAP could keep: their first two components are where they are.
        progress: called now and then with the share of the work that is done. What it raises is raised here, but not
            before UMAP is done: it cannot be interrupted.

    Attributes:
        positions: of the points, float32 ``(N, 2)``.
    """

    def __init__(self, points: np.ndarray, progress: Callable[[float], None]) -> None:
        self._umap: UMAP | None = None
        self.positions = _first_two(points)
        if len(points) <= NEIGHBORS:
            return
        # Equal points must not begin in one place: nothing would tell in which direction to push them apart.
        begin = self.positions / (float(self.positions.std()) or 1.0)
        begin += np.random.default_rng(SEED).normal(0, 1e-3, begin.shape).astype(np.float32)
        with _umap_alone(progress) as bar:
            self._umap = _umap_class()(
                n_neighbors=NEIGHBORS,
                min_dist=MIN_DIST,
                init=begin,
                random_state=SEED,
                n_jobs=1,  # a seed allows no more
                tqdm_kwds=bar,
            )
            self.positions = self._umap.fit_transform(points)

    def place(self, points: np.ndarray, progress: Callable[[float], None]) -> np.ndarray:
        """Place more points, ``(M, K)``, among those that are there, which stay; float32 ``(M, 2)``."""
        if self._umap is None or not len(points):
            return _first_two(points)
        with _umap_alone(progress) as bar:
            self._umap.tqdm_kwds = bar
            placed: np.ndarray = self._umap.transform(points)
        return placed


def _first_two(points: np.ndarray) -> np.ndarray:
    first = np.zeros((len(points), 2), dtype=np.float32)
    first[:, : points.shape[1]] = points[:, :2]
    return first


def _umap_class() -> type[UMAP]:
    """UMAP, whose import takes seconds."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ImportWarning)  # a part of it that is not used here wants TensorFlow
        from umap import UMAP
    found: type[UMAP] = UMAP
    return found


@contextmanager
def _umap_alone(progress: Callable[[float], None]) -> Iterator[dict[str, object]]:
    """Wait until no other thread is in UMAP, and keep others out.

    Yields:
        Settings of UMAP's progress bar that make it report to `progress`, and be silent otherwise.
    """
    while not _umap_lock.acquire(timeout=0.5):
        progress(0.0)
    epochs = _Epochs(progress)
    try:
        yield {"file": epochs, "disable": False, "desc": "", "bar_format": "{n_fmt}/{total_fmt}"}
    finally:
        _umap_lock.release()
    if epochs.raised is not None:
        raise epochs.raised


class _Epochs:
    """What the progress bar of UMAP writes to: the only sign of life that UMAP gives.

    The bar writes while it holds a lock, and does not let go of it when the write fails. So what `progress` raises is
    kept until UMAP is done, and `progress` is not called again.
    """

    def __init__(self, progress: Callable[[float], None]) -> None:
        self._progress = progress
        self.raised: BaseException | None = None

    def write(self, text: str) -> None:
        done, _, total = text.strip().partition("/")
        if self.raised is None and done.isdecimal() and total.isdecimal():
            try:
                self._progress(int(done) / max(1, int(total)))
            except BaseException as error:  # Streamlit ends a script with one that is no Exception.
                self.raised = error

    def flush(self) -> None:
        """Nothing is kept back."""
