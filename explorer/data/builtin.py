"""Real images that come with the libraries: handwritten digits, and crops of photographs. Nothing is downloaded.

`photos` are deterministic square crops of the 14 photographs that the scikit-image and scikit-learn wheels hold. Crop
sizes go down from a photograph's shorter side in steps of ``2^(1/3)`` (three an octave) to 2.5 times the model's side:
every crop has the sharpness of a shrunk photograph, and nothing is left of the 8 x 8 blocks of those that are JPEGs. At
each size there is a regular grid of at most 6 x 6 positions with at least half a crop's overlap, fewer where the
photograph is not that large; of one photograph's crops at most 200 are kept, evenly spaced over that list, so that a
set has at most 2,800 (681 gray images of 64 pixels, 2,021 of 32). A photograph that is smaller than 2.5 times the
model's side (the smallest is 300 pixels high) gives one crop, its largest. Crops are in the order of the SHA-256 of
their names, so that the first hundred are of all photographs and sizes.

A photograph belongs to training or to validation as a whole: ten and four. A color set leaves the gray photographs out:
their images lie on a plane, where a density over color images is not finite.
"""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from PIL import Image

from explorer.data.parts import Division
from explorer.data.reading import ImageSet
from explorer.data.store import Sample
from explorer.data.views import CENTRAL, Views
from explorer.errors import ExplorerError
from explorer.images import ImageShape, read_image

__all__ = ["PHOTOGRAPHS", "Photograph", "digits", "photograph_path", "photos"]


class Photograph(NamedTuple):
    """A photograph inside an installed package.

    Attributes:
        package: the package that ships it.
        path: where, inside the package.
        gray: whether it has no color.
        split: the part that its crops belong to.
    """

    package: str
    path: str
    gray: bool
    split: Literal["train", "validation"]


PHOTOGRAPHS: dict[str, Photograph] = {
    "astronaut": Photograph("skimage", "data/astronaut.png", False, "train"),
    "brick": Photograph("skimage", "data/brick.png", True, "train"),
    "camera": Photograph("skimage", "data/camera.png", True, "validation"),
    "cat": Photograph("skimage", "data/chelsea.png", False, "train"),
    "china": Photograph("sklearn", "datasets/images/china.jpg", False, "validation"),
    "coffee": Photograph("skimage", "data/coffee.png", False, "validation"),
    "coins": Photograph("skimage", "data/coins.png", True, "train"),
    "flower": Photograph("sklearn", "datasets/images/flower.jpg", False, "train"),
    "galaxies": Photograph("skimage", "data/hubble_deep_field.jpg", False, "train"),
    "grass": Photograph("skimage", "data/grass.png", True, "train"),
    "gravel": Photograph("skimage", "data/gravel.png", True, "validation"),
    "moon": Photograph("skimage", "data/moon.png", True, "train"),
    "motorcycle": Photograph("skimage", "data/motorcycle_left.png", False, "train"),
    "rocket": Photograph("skimage", "data/rocket.jpg", False, "train"),
}
"""Name -> photograph. The name is the label of its crops."""

_LEAST_SHRINKING = 2.5
_SIZES_PER_OCTAVE = 3
_LARGEST_GRID = 6
_MOST_CROPS = 200
"""Of a photograph. Atlas scores a set of up to 3,000 images of 64 x 64 pixels while one waits."""
_DIGITS = ("sklearn", "datasets/data/digits.csv.gz")
_DIGITS_SIDE = 8


def photograph_path(name: str) -> Path:
    """The file of one of the `PHOTOGRAPHS`.

    Raises:
        ExplorerError: there is no photograph of that name, or the installed package does not hold it.
    """
    if name not in PHOTOGRAPHS:
        raise ExplorerError(f"There is no photograph {name!r}. Choose one of {', '.join(PHOTOGRAPHS)}.")
    return _packaged_file(*PHOTOGRAPHS[name][:2])


def digits() -> ImageSet:
    """scikit-learn's 1,797 handwritten digits, 8 x 8 with values 0..16, stored as the pixels ``round(v * 255 / 16)``.

    At 8 x 8 they are what they are. A larger square repeats pixels (nearest), which keeps the 17 values; a smaller one
    is an area average. In color all channels are equal.

    Raises:
        ExplorerError: the installed package does not hold them.
    """
    try:
        with gzip.open(_packaged_file(*_DIGITS), "rt", encoding="ascii") as file:
            table = np.loadtxt(file, delimiter=",", dtype=np.int64)
    except (OSError, ValueError) as error:
        raise ExplorerError("scikit-learn's digits cannot be read. Install requirements.txt again.") from error
    pixels = np.rint(table[:, :-1].reshape(-1, _DIGITS_SIDE, _DIGITS_SIDE) * 255 / 16).astype(np.uint8)
    labels = table[:, -1]

    def read(numbers: Sequence[int], image_shape: ImageShape, _views: Views = CENTRAL) -> Iterator[Sample]:
        channels, height, width = image_shape
        method = Image.Resampling.NEAREST if width >= _DIGITS_SIDE else Image.Resampling.BOX
        for number in numbers:
            plane = np.array(Image.fromarray(pixels[number]).resize((width, height), method))
            yield Sample(np.broadcast_to(plane, (channels, height, width)), int(labels[number]), str(number))

    return ImageSet("Digits", len(pixels), read, tuple(str(digit) for digit in range(10)))


def photos(split: str, image_shape: ImageShape) -> ImageSet:
    """Multi-scale crops of the `PHOTOGRAPHS`; the module's docstring says which.

    Args:
        split: ``"train"``, ``"validation"``, or ``"all"`` for both.
        image_shape: ``(C, H, W)``; decides on the sizes of the crops, and leaves gray photographs out when C is 3.

    Raises:
        ExplorerError: a photograph is not in the installed packages.
    """
    channels, _, side = image_shape
    loaded = {
        name: _load(name, channels)
        for name, photograph in PHOTOGRAPHS.items()
        if not (photograph.gray and channels == 3)
    }
    boxes = {name: crop_boxes(*image.size, side) for name, image in loaded.items()}
    count = {"train": 0, "validation": 0}
    for name in loaded:
        count[PHOTOGRAPHS[name].split] += len(boxes[name])
    names = [name for name in loaded if split in ("all", PHOTOGRAPHS[name].split)]
    images = [loaded[name] for name in names]
    crops = [(label, box) for label, name in enumerate(names) for box in boxes[name]]
    crops.sort(key=lambda crop: hashlib.sha256(_crop_name(names[crop[0]], crop[1]).encode()).digest())

    def read(numbers: Sequence[int], image_shape: ImageShape, _views: Views = CENTRAL) -> Iterator[Sample]:
        _, height, width = image_shape
        for number in numbers:
            label, box = crops[number]
            yield Sample(_shrink(images[label], box, (width, height)), label, _crop_name(names[label], box))

    return ImageSet("Photos", len(crops), read, tuple(names), Division(**count))


def crop_boxes(width: int, height: int, side: int) -> list[tuple[int, int, int, int]]:
    """The boxes (left, top, right, bottom) that are cut out of a photograph for a model of `side` x `side` pixels."""
    boxes = []
    shorter = min(width, height)
    octaves = math.log2(max(1.0, shorter / (_LEAST_SHRINKING * side)))
    for step in range(int(octaves * _SIZES_PER_OCTAVE + 1e-9) + 1):
        size = round(shorter * 2 ** (-step / _SIZES_PER_OCTAVE))
        for top in _positions(height, size):
            boxes += [(left, top, left + size, top + size) for left in _positions(width, size)]
    kept = min(len(boxes), _MOST_CROPS)
    return [boxes[number * len(boxes) // kept] for number in range(kept)]


def _positions(length: int, size: int) -> list[int]:
    """Evenly spaced starts of pieces of `size`, as many as overlap by half at most, up to the largest grid."""
    count = min(_LARGEST_GRID, 2 * length // size - 1)
    return [round(start) for start in np.linspace(0, length - size, count)] if count > 1 else [(length - size) // 2]


def _packaged_file(package: str, path: str) -> Path:
    """A file inside an installed package, which is not imported: scikit-learn takes seconds."""
    specification = importlib.util.find_spec(package)
    locations = (specification.submodule_search_locations or []) if specification else []
    for location in locations:
        file = Path(location) / path
        if file.is_file():
            return file
    raise ExplorerError(f"{path} is not in the installed package {package}. Install requirements.txt again.")


def _load(name: str, channels: int) -> Image.Image:
    try:
        data = photograph_path(name).read_bytes()
    except OSError as error:
        raise ExplorerError(f"The photograph {name!r} cannot be read ({error.strerror}).") from error
    return read_image(data, f"The photograph {name!r}").convert("L" if channels == 1 else "RGB")


def _shrink(image: Image.Image, box: tuple[int, int, int, int], size: tuple[int, int]) -> np.ndarray:
    """Same as `to_square` of the box: an area average; a photograph smaller than the model's square is enlarged."""
    method = Image.Resampling.BOX if box[2] - box[0] >= size[0] else Image.Resampling.BICUBIC
    pixels = np.array(image.resize(size, method, box))
    return pixels[None] if pixels.ndim == 2 else np.ascontiguousarray(pixels.transpose(2, 0, 1))


def _crop_name(name: str, box: tuple[int, int, int, int]) -> str:
    left, top, right, _ = box
    return f"{name} {right - left} px at {left}, {top}"
