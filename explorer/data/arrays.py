"""Images in NumPy files: ``.npy`` (mapped into memory) and ``.npz`` (streamed, row by row).

Which axis is which says `explorer.data.layouts`, which values are black and white `explorer.scales`, for all images of
a file at once. Booleans, integers and floats are read; pickled objects are never loaded.
"""

from __future__ import annotations

import math
import re
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import accumulate, islice, pairwise
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.lib import format as npy
from PIL import Image

from explorer.data.labels import labels_of_arrays
from explorer.data.layouts import LAYOUTS, Layout, find_layout
from explorer.data.parts import Parts, named_parts
from explorer.data.reading import ImageSet, cut
from explorer.data.rows import READ_ERRORS, ArrayInFile, array_in_stream, map_array
from explorer.data.store import Sample
from explorer.data.views import CENTRAL, Views
from explorer.decoding import over_white
from explorer.errors import ExplorerError, in_brief
from explorer.images import ImageShape
from explorer.scales import Extent, Scale, UnknownScale, extent_of, find_scale, in_words, kind_name, to_eight_bits

__all__ = ["Opened", "array_file", "open_arrays"]

_IMAGE_WORDS = ("images", "image", "imgs", "img", "x", "data", "arr", "samples", "inputs")
_LABEL_WORDS = ("labels", "label", "y", "targets", "target", "classes", "class")
_MOST_LABEL_BYTES = 2**30
_DARK = 64
_BLOCK = 2**18  # values at a time
_BYTES = Scale(0, 255)
_ADVICE = "Choose it with the command store and --white, or save uint8 (0 to 255) or floats in [0, 1]."


class Opened(NamedTuple):
    """Images in a file, and their labels.

    Attributes:
        part: what is left of their names: "train" of ``x_train`` and ``y_train``; empty where nothing is.
        images: they stay in the file.
        labels: an array of any type, or None.
        label_key: what it is called.
        refusal: why an array of labels that is there is not given.
    """

    part: str
    images: ArrayInFile
    labels: np.ndarray | None = None
    label_key: str = ""
    refusal: str = ""


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


def array_file(path: Path, split: str = "all", scale: Scale | None = None) -> ImageSet:
    """The images of a ``.npy`` or ``.npz`` file.

    In a ``.npz`` the images are under `images` (or `x`, `data`, the only array, ...), labels, if any, under `labels` or
    `y`: see `explorer.data.labels`. Where names say a part as well (``x_train``, ``val_images``), these are the parts.

    Args:
        path: of the file.
        split: ``"train"``, ``"validation"`` or ``"all"``.
        scale: which values are black and white, where they are not the usual bytes; found if None.

    Raises:
        ExplorerError: the file cannot be read, its shape is that of no images or may be read in several ways, or it is
            not clear which values are black and white.
    """
    arrays = _lay_out(open_arrays(path), path.name)
    scales, notes = _find_scales(path, arrays, scale)
    parts = _parts([array.opened.part for array in arrays])
    counts = [array.layout.count for array in arrays]
    labels = labels_of_arrays(
        [(array.opened.labels, f"The array {array.opened.label_key!r}") for array in arrays], counts
    )
    notes += (*filter(None, (array.opened.refusal for array in arrays)), *labels.notes)
    numbers_of = np.split(labels.numbers, np.cumsum(counts)[:-1])
    division = parts and parts.division(counts)
    places = parts.wanted(split) if parts else list(range(len(arrays)))
    starts = list(accumulate((counts[place] for place in places), initial=0))

    def read(numbers: Sequence[int], image_shape: ImageShape, views: Views = CENTRAL) -> Iterator[Sample]:
        wanted = np.asarray(numbers, np.int64)
        for place, (start, end) in zip(places, pairwise(starts), strict=True):
            here = (wanted[(wanted >= start) & (wanted < end)] - start).tolist()
            array = arrays[place]
            taken = scales[array.opened.images.dtype]
            with _damage_named(path):
                for number, values in zip(here, array.read(here), strict=True):
                    label = int(numbers_of[place][number])
                    of_all = start + number
                    yield from cut(_picture(values, taken), label, str(of_all), of_all, image_shape, views)

    return ImageSet(path.stem, starts[-1], read, labels.names, division, notes)


def open_arrays(path: Path) -> list[Opened]:
    """The images of a ``.npy`` or ``.npz`` file: one array, or one for each part.

    Raises:
        ExplorerError: the file cannot be read, it is not clear which array holds the images, or labels do not fit.
    """
    with _damage_named(path):
        return _open_npz(path) if path.suffix.lower() == ".npz" else [_open_npy(path)]


@contextmanager
def _damage_named(path: Path) -> Iterator[None]:
    try:
        yield
    except READ_ERRORS as error:
        if isinstance(error, ExplorerError):
            raise
        raise ExplorerError(
            f"{path.name} is damaged or not a NumPy file of plain numbers ({in_brief(error)})."
        ) from error


def _open_npy(path: Path) -> Opened:
    array = map_array(path)
    return Opened("", ArrayInFile(array.shape, array.dtype, lambda numbers: (array[number] for number in numbers)))


class _Header(NamedTuple):
    """What an array in an archive says of itself."""

    shape: tuple[int, ...]
    fortran_order: bool
    dtype: np.dtype[Any]


def _open_npz(path: Path) -> list[Opened]:
    with zipfile.ZipFile(path) as archive:
        keys = [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]
        images, labels = _image_keys(keys, path.name), {_part_of(key, _LABEL_WORDS): key for key in reversed(keys)}
        found = []
        for part, key in images.items():
            with archive.open(f"{key}.npy") as member:
                header = _read_header(member)
            if archive.getinfo(f"{key}.npy").file_size < math.prod(header.shape) * header.dtype.itemsize:
                raise EOFError("it holds fewer numbers than its header says")
            if header.dtype.hasobject or header.fortran_order:
                raise ExplorerError(
                    f"{path.name} holds objects, or is in Fortran order. Save it with numpy.ascontiguousarray."
                )
            label_key = labels.get(part)
            found.append(
                Opened(
                    part,
                    array_in_stream(header.shape, header.dtype, partial(_open_member, path, key)),
                    *((None,) if label_key is None else _read_labels(archive, label_key)),
                )
            )
        return found


@contextmanager
def _open_member(path: Path, key: str) -> Iterator[IO[bytes]]:
    """The bytes of an array in an archive."""
    with zipfile.ZipFile(path) as archive, archive.open(f"{key}.npy") as member:
        _read_header(member)
        yield member


def _read_labels(archive: zipfile.ZipFile, key: str) -> tuple[np.ndarray | None, str, str]:
    """An array of labels, its name, and why it is not given where it is not."""
    with archive.open(f"{key}.npy") as member:
        header = _read_header(member)
    if header.dtype.hasobject:
        return None, key, f"The array {key!r} is not used for labels: it holds Python objects. Save numbers or text."
    if math.prod(header.shape) * header.dtype.itemsize > _MOST_LABEL_BYTES:
        return (
            None,
            key,
            f"The array {key!r} is not used for labels: it has the shape {header.shape}, which is too large.",
        )
    with archive.open(f"{key}.npy") as member:
        return npy.read_array(member, allow_pickle=False), key, ""


def _read_header(member: IO[bytes]) -> _Header:
    version = npy.read_magic(member)
    return _Header(*(npy.read_array_header_1_0(member) if version == (1, 0) else npy.read_array_header_2_0(member)))


def _image_keys(keys: Sequence[str], name: str) -> dict[str, str]:
    """Part -> the array of its images, in the order of the file.

    Raises:
        ExplorerError: it is not clear which one holds the images.
    """
    found: dict[str, tuple[int, str]] = {}
    for key in keys:
        part = _part_of(key, _IMAGE_WORDS)
        if part is not None and _part_of(key, _LABEL_WORDS) is None:
            rank = min(_IMAGE_WORDS.index(word) for word in _words(key) if word in _IMAGE_WORDS)
            found[part] = min(found.get(part, (rank, key)), (rank, key))
    others = [key for key in keys if _part_of(key, _LABEL_WORDS) is None]
    if not found and (len(others) == 1 or _parts(others)):
        return {key if len(others) > 1 else "": key for key in others}
    if len(found) == 1 or _parts(list(found)):
        return {part: key for part, (_, key) in found.items()}
    if "" in found:
        return {"": found[""][1]}
    raise ExplorerError(
        f"{name} has the arrays {', '.join(keys) or 'none'}. Call the one that holds the images 'images', or those of "
        "the two parts 'x_train' and 'x_test'."
    )


def _words(key: str) -> list[str]:
    return re.findall("[a-z]+", key.lower())


def _part_of(key: str, role: Sequence[str]) -> str | None:
    """What is left of a name without the words of a role; None where it has none of them."""
    words = _words(key)
    return "_".join(word for word in words if word not in role) if any(word in role for word in words) else None


def _parts(names: Sequence[str]) -> Parts | None:
    return named_parts([(name,) for name in names])


def _lay_out(found: Sequence[Opened], name: str) -> list[_Images]:
    """The arrays of a file with their axes, which are the same in all of them: the largest one says which."""
    for opened in found:
        if opened.images.dtype.kind not in "buif":
            raise ExplorerError(
                f"{name} holds numbers of type {opened.images.dtype}. Use booleans, integers or floats."
            )
    largest = max(found, key=lambda opened: opened.images.shape[:1])
    axes = _layout(largest, name).axes
    return [_Images(opened, _layout(opened, name, (axes,))) for opened in found]


def _layout(opened: Opened, name: str, among: Sequence[str] = LAYOUTS) -> Layout:
    labels = opened.labels
    count = len(labels) if labels is not None and labels.ndim else None
    return find_layout(opened.images.shape, name, count, among)


def _find_scales(
    path: Path, arrays: Sequence[_Images], chosen: Scale | None
) -> tuple[dict[np.dtype[Any], Scale], tuple[str, ...]]:
    """The scale of each type of numbers, for all arrays of a file, and what people should know of them.

    Raises:
        ExplorerError: it is not clear which values are black and white.
    """
    extents: dict[np.dtype[Any], Extent] = {}
    with _damage_named(path):
        for array in arrays:
            dtype = array.opened.images.dtype
            for extent in _extents(array, path.name):
                extents[dtype] = extents[dtype] + extent if dtype in extents else extent
                if dtype == np.uint8 and extents[dtype].high >= _DARK:
                    break  # the type says it all
    is_single = len(arrays) == 1 and arrays[0].layout.is_single
    notes = [f"{path.name} is read as {arrays[0].layout}."] if is_single else []
    scales = {}
    for dtype, extent in extents.items():
        is_usual = dtype == np.uint8 and extent.high >= _DARK
        scales[dtype] = _scale_of(extent, path.name) if chosen is None or is_usual else chosen
        notes += _notes(path.name, extent, scales[dtype])
    return scales, tuple(notes)


def _scale_of(extent: Extent, name: str) -> Scale:
    """The scale of all images of a file, of which not every one is dark.

    Raises:
        UnknownScale: it is not clear.
    """
    if extent.dtype.kind == "u" and extent.high == 1:
        return Scale(0, 1)
    try:
        return find_scale(extent, name, advice=_ADVICE)
    except UnknownScale as error:
        if error.whites == (255, 65535):  # bytes in a wider type
            return _BYTES
        raise


def _extents(array: _Images, name: str) -> Iterator[Extent]:
    """Where the values of images lie, some images at a time; those of alpha are not looked at."""
    layout = array.layout
    step = max(1, _BLOCK // (layout.height * layout.width * layout.channels))
    images = array.read(range(layout.count))
    for start in range(0, layout.count, step):
        some = np.stack(list(islice(images, step)))
        colors = some[..., :3] if layout.channels == 4 else some
        if not np.isfinite(colors).all():
            for number, image in enumerate(colors, start):
                extent_of(image, f"Image {number} of {name}")  # which says so
        yield extent_of(colors, name)


def _notes(name: str, extent: Extent, scale: Scale) -> list[str]:
    """What people should know of a scale, where the numbers are not the usual ones."""
    if extent.dtype == np.uint8 and scale.white == 255:
        dark = f"{name} is dark: its largest value is {in_words(extent.high)} of 255."
        return [dark] if 0 < extent.high < _DARK else []
    outside = ""
    if extent.low < scale.black or extent.high > scale.white:
        outside = (
            f" Its values reach from {in_words(extent.low)} to {in_words(extent.high)}: those outside are clipped."
        )
    return [f"{name} holds {kind_name(extent.dtype)}: {scale}.{outside}"]


def _picture(values: np.ndarray, scale: Scale) -> Image.Image:
    pixels = values if values.dtype == np.uint8 and scale == _BYTES else to_eight_bits(values, scale)[0]
    image = Image.fromarray(np.ascontiguousarray(pixels))
    return over_white(image) if image.mode == "RGBA" else image
