"""Views: several square crops of one picture, for training, each shrunk by a stated factor at least.

A file of an image has its own pixel grid, sharpening and compression: JPEG leaves an 8 x 8 grid that a density learns
before anything else. Area averages over more than two pixels a side, by many different factors, leave nothing of it
that can be measured (`explorer.data.grid`), so that a training set is made of crops that are *shrunk*: of a picture
whose shorter side has ``n`` pixels, a view for a model of ``s`` x ``s`` pixels is a square of ``c`` x ``c`` pixels,

    log c ~ Uniform(log(f s), log n),      f = min_shrink,

at a uniformly random place. Place and size depend on the number of the picture and of the view alone: a store can be
built again, or resume where it was stopped. One view is the largest square in the middle, for every picture. A picture
with ``n < f s`` is used as far as it reaches: its views are the largest squares that it has.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from explorer.errors import ExplorerError
from explorer.images import Crop
from explorer.scales import Scale

__all__ = ["CENTRAL", "MOST_VIEWS", "Views"]

MOST_VIEWS = 1000
_SEED = 13


@dataclass(frozen=True)
class Views:
    """How pictures become training images.

    Attributes:
        count: views of each picture; 1 is the largest square in the middle, more are random.
        min_shrink: least factor by which a view is shrunk.
        scale: which values are black and white, where they are not the usual bytes; see `explorer.scales` if None.

    Raises:
        ExplorerError: a number is out of its range.
    """

    count: int = 1
    min_shrink: float = 1.0
    scale: Scale | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.count <= MOST_VIEWS:
            raise ExplorerError(f"{self.count} views per picture are not possible. Choose 1 to {MOST_VIEWS:,}.")
        if not 1 <= self.min_shrink <= 100:
            raise ExplorerError(
                f"Pictures cannot be shrunk by at least {self.min_shrink:g}. Choose a factor of 1 to 100."
            )

    def crops(self, width: int, height: int, side: int, number: int) -> list[Crop]:
        """The squares to cut out of a picture.

        Args:
            width, height: of the picture, in pixels.
            side: of the square that the model sees, in pixels.
            number: of the picture in its data set.
        """
        if self.count == 1:
            return [Crop()]
        shorter = min(width, height)
        least = min(shorter, int(np.ceil(self.min_shrink * side)))
        crops = []
        for view in range(self.count):
            scale, left, top = np.random.default_rng((_SEED, number, view)).random(3).tolist()
            pixels = round(least * (shorter / least) ** scale)
            crops.append(Crop(left=left, top=top, size=pixels / shorter))
        return crops

    def is_too_small(self, width: int, height: int, side: int) -> bool:
        """Whether a picture cannot be shrunk by `min_shrink`."""
        return min(width, height) < self.min_shrink * side


CENTRAL = Views()
"""The largest square in the middle of each picture, shrunk by whatever its size gives."""
