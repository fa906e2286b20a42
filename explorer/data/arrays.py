"""Images in NumPy files: ``.npy`` (mapped into memory) and ``.npz`` (streamed, row by row).

Which axis is which says `explorer.data.layouts`, which values are black and white `explorer.scales`, for all images of
a file at once. Booleans, integers and floats are read; pickled objects are never loaded.
"""

from __future__ import annotations

import math
import re
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
from numpy.lib import format as npy
from PIL import Image

from explorer.data.folders import SPLIT_NAMES
from explorer.data.layouts import Layout, find_layout
from explorer.data.reading import ImageSet, cut
from explorer.data.rows import READ_ERRORS, ArrayInFile, array_in_stream, map_array
from explorer.data.store import Sample
from explorer.data.views import CENTRAL, Views
from explorer.decoding import over_white
from explorer.errors import ExplorerError, in_brief
from explorer.images import ImageShape
from explorer.scales import Extent, Scale, extent_of, find_scale, in_words, kind_name, to_eight_bits

__all__ = ["Opened", "array_file", "open_arrays"]

_IMAGE_WORDS = ("images", "image", "imgs", "img", "x", "data", "arr", "samples", "inputs")
_LABEL_WORDS = ("labels", "label", "y", "targets", "target", "classes", "class")
_DARK = 64
_BLOCK = 2**18  # values at a time


class Opened(NamedTuple):
    """Images in a file, and their labels.

    Attributes:
        part: what is left of their names: "train" of ``x_train`` and ``y_train``; empty where nothing is.
        images: they stay in the file.
        labels: whole numbers ``(N,)``, or None.
    """

    part: str
    images: ArrayInFile
    labels: np.ndarray | None = None


class _Images(NamedTuple):
    """An array whose axes are known."""

    opened: Opened
    layout: Layout

    def read(self, numbers: Sequence[int]) -> Iterator[np.ndarray]:
        """Images of increasing numbers: ``(H, W)`` or ``(H, W, C)``."""
        array = self.opened.images
        if self.layout.is_single:
            yield from [self.layout.image(np.stack(list(array.rows(range(array.shape[0])))))] * len(numbers)
        else:
            yield from map(self.layout.image, array.rows(numbers))


def array_file(path: Path, split: str = "all") -> ImageSet:
    """The images of a ``.npy`` or ``.npz`` file.

    In a ``.npz`` the images are under `images` (or `x`, `data`, the only array, ...), labels, if any, under `labels` or
    `y`: integers, one an image. Where names say a part as well (``x_train``, ``val_images``), these are the parts.

    Args:
        path: of the file.
        split: ``"train"``, ``"validation"`` or ``"all"``.

    Raises:
        ExplorerError: the file cannot be read, its shape is that of no images or may be read in several ways, or it is
            not clear which values are black and white.
    """
    arrays = [_laid_out(opened, path.name) for opened in open_arrays(path)]
    scale, notes = _find_scale(arrays, path.name)
    parts = _parts([array.opened.part for array in arrays])
    chosen = parts.get(split, arrays) if not parts else [arrays[place] for place in parts.get(split, range(len(arrays)))]
