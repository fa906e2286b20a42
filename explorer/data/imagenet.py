"""Downsampled ImageNet as its authors release it (Chrabaszcz, Loshchilov, Hutter 2017, arXiv 1707.08819).

A folder with ``train_data_batch_1`` to ``train_data_batch_10`` and ``val_data``: pickles without a suffix, or ``.npz``
files. Each is a dict of

    data     uint8 (N, 3 S^2): of each image its red, then its green, then its blue plane, row by row
    labels   N whole numbers from 1
    mean     the mean image of the training set; not used here

A batch of 64 x 64 images is 1.5 GB: images are read from the file one at a time, and pickles are never run.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path

import numpy as np

from explorer.data.numpy_files import open_arrays
from explorer.data.parts import named_parts
from explorer.data.pickles import arrays_in_pickle
from explorer.data.reading import ImageSet, cut
from explorer.data.rows import READ_ERRORS, ArrayInFile
from explorer.data.store import Sample
from explorer.data.views import CENTRAL, Views
from explorer.decoding import MAX_PIXELS
from explorer.errors import ExplorerError, in_brief
from explorer.images import ImageShape, to_pil

__all__ = ["downsampled_imagenet", "imagenet_files", "is_imagenet_file"]

_TRAIN = tuple(f"train_data_batch_{number}" for number in range(1, 11))
_VALIDATION = "val_data"
_SUFFIXES = (".npz", "")
_MAX_LABEL = 2**31 - 1


@dataclass(frozen=True)
class _Batch:
    """One file: its images as rows of ``3 S^2`` bytes, and their labels from 0; -1 where these are of another kind."""

    path: Path
    images: ArrayInFile
    labels: np.ndarray
    side: int


def is_imagenet_file(path: Path) -> bool:
    """Whether a file is called as one of the released files."""
    return path.suffix in _SUFFIXES and (path.stem in _TRAIN or path.stem == _VALIDATION)


def imagenet_files(folder: Path) -> list[Path]:
    """The released files in a folder, by number, those of validation last; of a batch in both forms the ``.npz``."""
    found = []
    for name in (*_TRAIN, _VALIDATION):
        forms = [folder / f"{name}{suffix}" for suffix in _SUFFIXES]
        found += [path for path in forms if path.is_file()][:1]
    return found


def downsampled_imagenet(title: str, files: Sequence[Path], split: str) -> ImageSet:
    """The images of released files; their labels have no names.

    The two parts are those of the files, if there are files of both.

    Args:
        title: what people call the set.
        files: as `imagenet_files` gives them, or one of them.
        split: ``"train"``, ``"validation"`` or ``"all"``.

    Raises:
        ExplorerError: a file is damaged, or holds something else.
    """
    batches = [_open_batch(path) for path in files]
    parts = named_parts([(path.stem,) for path in files])
    division = parts and parts.division([len(batch.labels) for batch in batches])
    batches = [batches[place] for place in parts.wanted(split)] if parts else batches
    starts = list(accumulate((len(batch.labels) for batch in batches), initial=0))

    def read(numbers: Sequence[int], image_shape: ImageShape, views: Views = CENTRAL) -> Iterator[Sample]:
        wanted = np.asarray(numbers)
        for batch, (start, end) in zip(batches, pairwise(starts), strict=True):
            here = (wanted[(wanted >= start) & (wanted < end)] - start).tolist()
            for number, pixels in zip(here, _pixels(batch, here), strict=True):
                label, of_all = int(batch.labels[number]), start + number
                yield from cut(to_pil(pixels), label, str(of_all), of_all, image_shape, views)

    without = [batch.path.name for batch in batches if (batch.labels < 0).any()]
    notes = (f"The labels in {', '.join(without)} are not used: they are not one whole number from 1 per image.",)
    return ImageSet(title, starts[-1], read, division=division, notes=notes if without else ())


def _pixels(batch: _Batch, numbers: Sequence[int]) -> Iterator[np.ndarray]:
    """Images of one file, uint8 ``(3, S, S)``."""
    try:
        for row in batch.images.rows(numbers):
            yield row.reshape(3, batch.side, batch.side)
    except READ_ERRORS as error:
        raise ExplorerError(
            f"{batch.path.name} is damaged or truncated ({in_brief(error)}). Download it again."
        ) from error


def _open_batch(path: Path) -> _Batch:
    images, labels = open_arrays(path)[0][1:3] if path.suffix == ".npz" else _open_pickle(path)
    values = images.shape[1] if len(images.shape) == 2 else 0
    side = math.isqrt(values // 3)
    if images.dtype != np.uint8 or values != 3 * side**2 or not 0 < side**2 <= MAX_PIXELS:
        raise ExplorerError(
            f"{path.name} is not downsampled ImageNet: data are {images.dtype} {images.shape}, not uint8 (N, 3 S^2)."
        )
    if labels is None or not _are_from_one(labels, images.shape[0]):
        return _Batch(path, images, np.full(images.shape[0], -1), side)
    return _Batch(path, images, labels.reshape(-1).astype(np.int64) - 1, side)


def _are_from_one(labels: np.ndarray, count: int) -> bool:
    """Whether they are whole numbers from 1 on, one an image."""
    is_whole = np.issubdtype(labels.dtype, np.integer) and labels.size == count
    return bool(is_whole and ((labels >= 1) & (labels <= _MAX_LABEL)).all())


def _open_pickle(path: Path) -> tuple[ArrayInFile, np.ndarray | None]:
    try:
        content = arrays_in_pickle(path, ("data", "labels"))
        images, labels = content.get("data"), content.get("labels")
        if not isinstance(images, ArrayInFile):
            raise ExplorerError(f"{path.name} is not downsampled ImageNet: it has no array 'data'.")
        if isinstance(labels, ArrayInFile):
            if not np.issubdtype(labels.dtype, np.integer) or labels.shape != images.shape[:1]:
                return images, None
            return images, np.array(list(labels.rows(range(labels.shape[0]))), np.int64)
        return images, None if labels is None else np.array(labels, np.int64)
    except READ_ERRORS as error:
        if isinstance(error, ExplorerError):
            raise
        raise ExplorerError(f"{path.name} is damaged or truncated ({in_brief(error)}). Download it again.") from error
