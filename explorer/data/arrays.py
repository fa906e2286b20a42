"""Images in NumPy files: ``.npy`` (mapped into memory) and ``.npz`` (streamed, row by row).

Arrays of shape ``(N, H, W)``, ``(N, H, W, C)`` or ``(N, C, H, W)`` with ``C`` 1 or 3; uint8, or floats in [0, 1].
Pickled objects are never loaded.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
from numpy.lib import format as npy

from explorer.data.labels import labels_of_array, no_labels
from explorer.data.reading import ImageSet, cut
from explorer.data.rows import READ_ERRORS, ArrayInFile, array_in_stream, map_array
from explorer.data.store import Sample
from explorer.data.views import CENTRAL, Views
from explorer.decoding import MAX_PIXELS
from explorer.errors import ExplorerError, in_brief
from explorer.images import ImageShape, to_pil

__all__ = ["array_file", "open_array"]

_IMAGE_KEYS = ("images", "image", "x", "X", "data", "arr_0")
_LABEL_KEYS = ("labels", "label", "y", "Y", "targets", "target", "classes", "class")
_MOST_LABEL_BYTES = 2**30


def array_file(path: Path) -> ImageSet:
    """The images of a ``.npy`` or ``.npz`` file.

    In a ``.npz`` the images are under `images` (or `x`, `data`, the only array, ...), labels, if any, under `labels` or
    `y`: see `explorer.data.labels`.

    Raises:
        ExplorerError: the file cannot be read, or shape, type or values are none of the above. Values are looked at
            while images are read.
    """
    array, found, key, refusal = open_array(path)
    channel_axis = _channel_axis(path, array.shape)
    if array.dtype != np.uint8 and not np.issubdtype(array.dtype, np.floating):
        raise ExplorerError(
            f"{path.name} holds numbers of type {array.dtype}. Use uint8 (0 to 255) or floats in [0, 1]."
        )

    labels = no_labels(array.shape[0], *filter(None, [refusal]))
    if found is not None:
        labels = labels_of_array(found, array.shape[0], f"The array {key!r}")

    def read(numbers: Sequence[int], image_shape: ImageShape, views: Views = CENTRAL) -> Iterator[Sample]:
        try:
            for number, row in zip(numbers, array.rows(numbers), strict=True):
                pixels = _to_pixels(row, channel_axis, number, path.name)
                yield from cut(to_pil(pixels), int(labels.numbers[number]), str(number), number, image_shape, views)
        except READ_ERRORS as error:
            if isinstance(error, ExplorerError):
                raise
            raise ExplorerError(f"{path.name} is damaged or truncated ({in_brief(error)}).") from error

    return ImageSet(path.stem, array.shape[0], read, labels.names, notes=labels.notes)


class Opened(NamedTuple):
    """What is in a file.

    Attributes:
        images: they stay in it.
        labels: an array of any type whose first axis has as many places as there are images, or of as many values; None
            where there is none.
        label_key: what it is called.
        refusal: why an array of labels that is there is not given.
    """

    images: ArrayInFile
    labels: np.ndarray | None = None
    label_key: str = ""
    refusal: str = ""


def open_array(path: Path) -> Opened:
    """The images of a ``.npy`` or ``.npz`` file, and their labels, if any.

    Raises:
        ExplorerError: the file cannot be read, or it is not clear which array holds the images.
    """
    try:
        return _open_npz(path) if path.suffix.lower() == ".npz" else _open_npy(path)
    except READ_ERRORS as error:
        if isinstance(error, ExplorerError):
            raise
        raise ExplorerError(
            f"{path.name} is damaged or not a NumPy file of plain numbers ({in_brief(error)})."
        ) from error


def _open_npy(path: Path) -> Opened:
    array = map_array(path)
    return Opened(ArrayInFile(array.shape, array.dtype, lambda numbers: (array[number] for number in numbers)))


def _open_npz(path: Path) -> Opened:
    with zipfile.ZipFile(path) as archive:
        keys = [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]
        label_key = next((key for key in _LABEL_KEYS if key in keys), None)
        others = [key for key in keys if key != label_key]
        key = next((key for key in _IMAGE_KEYS if key in keys), others[0] if len(others) == 1 else None)
        if key is None:
            raise ExplorerError(
                f"{path.name} has the arrays {', '.join(keys) or 'none'}. Call the one that holds the images 'images'."
            )
        with archive.open(f"{key}.npy") as member:
            shape, fortran_order, dtype = _read_header(member)
        if archive.getinfo(f"{key}.npy").file_size < math.prod(shape) * dtype.itemsize:
            raise EOFError("it holds fewer numbers than its header says")
        if dtype.hasobject or fortran_order:
            raise ExplorerError(
                f"{path.name} holds objects, or is in Fortran order. Save it with numpy.ascontiguousarray."
            )
        labels, refusal = None, ""
        if label_key is not None:
            with archive.open(f"{label_key}.npy") as member:
                label_shape, _, label_dtype = _read_header(member)
            refusal = _why_no_labels(label_key, label_shape, label_dtype, shape)
            if not refusal:
                with archive.open(f"{label_key}.npy") as member:
                    labels = npy.read_array(member, allow_pickle=False)

    @contextmanager
    def open_images() -> Iterator[IO[bytes]]:
        with zipfile.ZipFile(path) as archive, archive.open(f"{key}.npy") as member:
            _read_header(member)
            yield member

    return Opened(array_in_stream(shape, dtype, open_images), labels, label_key or "", refusal)


def _why_no_labels(key: str, shape: tuple[int, ...], dtype: np.dtype, images: tuple[int, ...]) -> str:
    """Why an array cannot hold the labels of images, before it is read; empty where it may.

    Args:
        key, shape, dtype: of the array, as its header says.
        images: shape of the array of images.
    """
    if dtype.hasobject:
        return f"The array {key!r} is not used for labels: it holds Python objects. Save numbers or text."
    if images[:1] not in (shape[:1], (math.prod(shape),)):
        return f"The array {key!r} is not used for labels: its shape is {shape}, for {math.prod(images[:1]):,} images."
    if math.prod(shape) * dtype.itemsize > _MOST_LABEL_BYTES:
        return f"The array {key!r} is not used for labels: it is too large, {shape} of type {dtype}."
    return ""


def _read_header(member: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype]:
    version = npy.read_magic(member)
    return npy.read_array_header_1_0(member) if version == (1, 0) else npy.read_array_header_2_0(member)


def _channel_axis(path: Path, shape: tuple[int, ...]) -> int | None:
    """Which axis of one image holds the channels; None for ``(H, W)``. The last one, where both could."""
    if math.prod(shape[1:]) > 3 * MAX_PIXELS:
        raise ExplorerError(f"{path.name} has images of {tuple(shape[1:])}, which is too large. Save smaller ones.")
    if len(shape) == 3 and min(shape[1:]) > 0:
        return None
    if len(shape) == 4 and min(shape[1:]) > 0:
        for axis in (2, 0):
            if shape[axis + 1] in (1, 3):
                return axis
    raise ExplorerError(
        f"{path.name} has shape {tuple(shape)}. Use (N, H, W), (N, H, W, C) or (N, C, H, W) with C 1 or 3."
    )


def _to_pixels(image: np.ndarray, channel_axis: int | None, number: int, name: str) -> np.ndarray:
    """One image of the file as uint8 ``(C, H, W)``."""
    image = image[None] if channel_axis is None else np.moveaxis(image, channel_axis, 0)
    if image.dtype == np.uint8:
        return image
    if not np.isfinite(image).all():
        raise ExplorerError(
            f"Image {number} of {name} holds values that are not finite (NaN or infinity). Replace them."
        )
    if image.min() < 0 or image.max() > 1:
        raise ExplorerError(
            f"Image {number} of {name} has values outside [0, 1]. Scale them, or save uint8 (0 to 255)."
        )
    return np.rint(image.astype(np.float64) * 255).astype(np.uint8)
