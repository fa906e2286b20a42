"""Which part of an image file is scored, and what is left out of it.

A model of one size is given the largest middle square, shrunk (or enlarged) to that size. So is a model of any size,
with the size that is asked for or its own; or it scores each image whole, at its own size, but for a border that does
not fit (`explorer.models.multiscale.fitting_sides`). What is left out is counted.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from PIL import Image

from explorer.errors import ExplorerError
from explorer.images import to_square
from explorer.models.checkpoints import Checkpoint
from explorer.models.multiscale import MultiscaleDensity, fitting_sides

__all__ = ["Cut", "Size"]

Size = int | Literal["whole"]
"""Side of a square in pixels, or ``"whole"``."""


class Cut:
    """Cuts images for a model, one after the other, and counts what is left out of them.

    Args:
        checkpoint: the model.
        size: what is asked for; the largest middle square at the model's own size when None.

    Raises:
        ExplorerError: the model does not take images of this size.
    """

    def __init__(self, checkpoint: Checkpoint, size: Size | None = None) -> None:
        channels, side, _ = checkpoint.model.image_shape
        self._channels = channels
        self._model: MultiscaleDensity | None = None
        if isinstance(checkpoint.model, MultiscaleDensity) or size not in (None, side):
            self._model = checkpoint.multiscale
        self._side = None if size == "whole" else size or side
        self._images = self._cut = self._enlarged = 0
        self._widest = 0
        if self._model is not None and self._side is not None:
            base = self._model.base.image_shape[1]
            fitting = fitting_sides(max(self._side, base), max(self._side, base), base)[0]
            if fitting != self._side:
                raise ExplorerError(
                    f"{checkpoint.name} does not take squares of {self._side} pixels. Take {fitting}, or whole images."
                )

    def __call__(self, image: Image.Image, name: str) -> np.ndarray:
        """What is scored of an image of mode ``L`` or ``RGB``: uint8, shape ``(C, H, W)``.

        Raises:
            ExplorerError: the image is too small; `name` is what the error calls it.
        """
        if self._side is None:
            return self._whole(image, name)
        self._images += 1
        self._cut += image.width != image.height
        self._enlarged += min(image.size) < self._side
        return to_square(image, (self._channels, self._side, self._side))

    def _whole(self, image: Image.Image, name: str) -> np.ndarray:
        assert self._model is not None
        base = self._model.base.image_shape[1]
        if min(image.size) < base:
            raise ExplorerError(
                f"{name} has {image.width} x {image.height} pixels, and the model needs at least {base} x {base}."
            )
        height, width = fitting_sides(image.height, image.width, base)
        left, top = (image.width - width) // 2, (image.height - height) // 2
        lost = max(image.width - width, image.height - height)
        self._images += 1
        self._cut += lost > 0
        self._widest = max(self._widest, lost)
        mode = "L" if self._channels == 1 else "RGB"
        pixels = np.array(image.crop((left, top, left + width, top + height)).convert(mode))
        return pixels[None] if self._channels == 1 else np.ascontiguousarray(pixels.transpose(2, 0, 1))

    def notes(self) -> list[str]:
        """Sentences about what was left out, where the size could have been another one."""
        if self._model is None or not self._images:
            return []
        of_all = "Of 1 image" if self._images == 1 else f"Of {self._images:,} images"
        if self._side is None:
            lost = f"{of_all}, {self._cut:,} lost a border of up to {self._widest:,} pixels that does not fit."
            return [lost] if self._cut else []
        notes = []
        if self._cut:
            notes.append(f"{of_all}, {_are(self._cut)} not square: the largest middle square is scored.")
        if self._enlarged:
            notes.append(
                f"{of_all}, {_are(self._enlarged)} smaller than {self._side} pixels and enlarged, and so smoother "
                "than photographs are."
            )
        return notes


def _are(count: int) -> str:
    return f"{count:,} {'is' if count == 1 else 'are'}"
