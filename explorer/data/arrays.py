"""Images in NumPy files.

Which axis is which says `explorer.data.layouts`, which values are black and white `explorer.scales`, for all images of
a file at once. Booleans, integers and floats are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate, islice, pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from explorer.data.labels import labels_of_arrays
from explorer.data.layouts import LAYOUTS, Layout, find_layout
from explorer.data.numpy_files import Opened, damage_named, open_arrays
from explorer.data.parts import named_parts
from explorer.data.reading import ImageSet, cut
from explorer.data.store import Sample
from explorer.data.views import CENTRAL, Views
from explorer.decoding import over_white
from explorer.errors import ExplorerError
from explorer.images import ImageShape
from explorer.scales import Extent, Scale, UnknownScale, extent_of, find_scale, in_words, kind_name, to_eight_bits

__all__ = ["array_file"]

_DARK = 64
_BLOCK = 2**18  # values at a time
_BYTES = Scale(0, 255)
_ADVICE = "Choose it with the command store and --white, or save uint8 (0 to 255) or floats in [0, 1]."


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
    parts = named_parts([(array.opened.part,) for array in arrays])
    counts = [array.layout.count for array in arrays]
    labels = labels_of_arrays(
        [(array.opened.labels, f"The array {array.opened.label_key!r}") for array in arrays], counts
    )
    notes += (*filter(None, (array.opened.refusal for array in arrays)), *labels.notes)
    if arrays[0].opened.unused:
        notes += (f"Arrays of {path.name} that are not used: {', '.join(arrays[0].opened.unused)}.",)
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
            with damage_named(path):
                for number, values in zip(here, array.read(here), strict=True):
                    label = int(numbers_of[place][number])
                    of_all = start + number
                    yield from cut(_picture(values, taken), label, str(of_all), of_all, image_shape, views)

    return ImageSet(path.stem, starts[-1], read, labels.names, division, notes)


def _lay_out(found: Sequence[Opened], name: str) -> list[_Images]:
    """The arrays of a file with their axes, which are the same in all of them: the largest one says which."""
    for opened in found:
        if opened.images.dtype.kind not in "buif":
            raise ExplorerError(
                f"{name} holds numbers of type {opened.images.dtype}. Use booleans, integers or floats."
            )
    largest = max(found, key=lambda opened: opened.images.shape[:1])
    axes = _layout(largest, name, is_alone=len(found) == 1).axes
    return [_Images(opened, _layout(opened, name, (axes,))) for opened in found]


def _layout(opened: Opened, name: str, among: Sequence[str] = LAYOUTS, is_alone: bool = False) -> Layout:
    labels = opened.labels
    count = len(labels) if labels is not None and labels.ndim else None
    return find_layout(opened.images.shape, name, count, among, is_alone)


def _find_scales(
    path: Path, arrays: Sequence[_Images], chosen: Scale | None
) -> tuple[dict[np.dtype[Any], Scale], tuple[str, ...]]:
    """The scale of each type of numbers, for all arrays of a file, and what people should know of them.

    Raises:
        ExplorerError: it is not clear which values are black and white.
    """
    extents: dict[np.dtype[Any], Extent] = {}
    with damage_named(path):
        for array in arrays:
            dtype = array.opened.images.dtype
            for extent in _extents(array, path.name):
                extents[dtype] = extents[dtype] + extent if dtype in extents else extent
                if dtype == np.uint8 and extents[dtype].high >= _DARK:
                    break  # the type says it all
    is_single = len(arrays) == 1 and arrays[0].layout.is_single
    notes = [f"{path.name} is read as {arrays[0].layout}."] if is_single else []
    if is_single and arrays[0].layout.axes == "CHW" and arrays[0].layout.channels == 3:
        notes.append(f"Three gray images would have the shape {(*arrays[0].opened.images.shape, 1)}.")
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
