"""The image of a data set that is nearest to a sample: has the model drawn what it was shown?"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from explorer.progress import Progress

__all__ = ["Nearest", "nearest_images"]

_BATCH_VALUES = 2**24  # pixel values at once, 128 MiB of float64


class Nearest(NamedTuple):
    """Of each image, the nearest one of a data set.

    Attributes:
        place: its index in the data set, shape ``(n,)``; of several at the same distance the first.
        distance: root mean square over pixel values, in [0, 1], shape ``(n,)``; 0 for the same pixels.
    """

    place: np.ndarray
    distance: np.ndarray


def nearest_images(images: np.ndarray, pixels: np.ndarray, progress: Progress | None = None) -> Nearest:
    """Nearest images by the distance of their pixels, ``||a - b||^2 = ||a||^2 - 2 <a, b> + ||b||^2``, exact on uint8.

    Args:
        images: uint8, shape ``(n, C, H, W)``.
        pixels: of the data set, uint8, shape ``(N, C, H, W)``, N at least 1; read in batches, so that it may be
            memory-mapped.
        progress: called with (images of the data set done, N).

    Raises:
        ValueError: the data set is empty, or its images have another shape.
    """
    if not len(pixels) or pixels.shape[1:] != images.shape[1:]:
        raise ValueError(f"A data set of images of shape {images.shape[1:]} is needed, not {pixels.shape}.")
    ours = images.reshape(len(images), -1).astype(np.float64)
    place = np.zeros(len(ours), dtype=np.int64)
    least = np.full(len(ours), np.inf)
    size = max(1, _BATCH_VALUES // ours.shape[1])
    for begin in range(0, len(pixels), size):
        theirs = pixels[begin : begin + size].reshape(-1, ours.shape[1]).astype(np.float64)
        squared = np.square(theirs).sum(1) - 2 * ours @ theirs.T
        best = squared.argmin(1)
        here = squared[np.arange(len(ours)), best]
        closer = here < least
        place[closer], least[closer] = begin + best[closer], here[closer]
        if progress is not None:
            progress(min(begin + size, len(pixels)), len(pixels))
    squared = least + np.square(ours).sum(1)
    return Nearest(place, np.sqrt(squared / ours.shape[1]) / 255)
