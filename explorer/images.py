"""Pixels: from an uploaded image to the numbers that a model reads, and back.

    bytes --read_image--> PIL image --to_square--> uint8 (C, H, W) --Values--> float32 tensor in [0, 1]

Geometry and gray are settled on 8-bit values: gray is Rec. 601 luma (PIL's ``L``), taken before the size changes;
shrinking is an area average (PIL's ``BOX``); enlarging, when the crop is smaller than the model's square, is
``BICUBIC``.
"""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import torch
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from explorer.decoding import MAX_PIXELS, MAX_UPLOAD_BYTES, read_image
from explorer.errors import ExplorerError

__all__ = [
    "MAX_PIXELS",
    "MAX_UPLOAD_BYTES",
    "ROUNDING",
    "SYNTHETIC",
    "Crop",
    "ImageShape",
    "Values",
    "check_image_shape",
    "enlarge_png",
    "read_image",
    "to_pil",
    "to_square",
]

ImageShape = tuple[int, int, int]

ROUNDING = 0.5 / 255
"""A value may differ by so much and have the same 8-bit pixel."""


class Values(BaseModel):
    """What numbers a model is given for 8-bit pixels; a checkpoint's config stores it.

    With ``dequantize``, ``[0, 1]`` has `levels` equal cells and a pixel is the cell ``k = floor(pixel * levels /
    256)``: a model trains on ``x = (k + u) / levels`` with ``u ~ Uniform[0, 1)``, a variable that has a density.
    Without, ``x = pixel / 255`` and `levels` is not used.

    ``levels = 17`` is for scikit-learn's digits: values 0..16, stored as the 8-bit pixels ``round(v * 255 / 16)``, from
    which ``floor(pixel * 17 / 256)`` gives ``v`` back.

    Attributes:
        levels: number of cells per value, 2 to 256.
        dequantize: whether the model was trained on dequantized values.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    levels: int = Field(default=256, ge=2, le=256)
    dequantize: bool = True

    def centers(self, pixels: Tensor) -> Tensor:
        """The middle of each pixel's cell, ``(k + 1/2) / levels``, or ``pixel / 255``.

        Args:
            pixels: uint8, any shape.

        Returns:
            float32 of the same shape.
        """
        if not self.dequantize:
            return pixels.to(torch.float32) / 255.0
        return (self._cells(pixels) + 0.5) / self.levels

    def dequantized(self, pixels: Tensor, generator: torch.Generator) -> Tensor:
        """``(k + u) / levels`` with a fresh ``u ~ Uniform[0, 1)`` for every value; same as `centers` without
        dequantization.

        Args:
            pixels: uint8, any shape.
            generator: source of ``u``; it may be on another device than the pixels.

        Returns:
            float32 of the same shape.
        """
        if not self.dequantize:
            return self.centers(pixels)
        return (self._cells(pixels) + _uniform(pixels.shape, generator).to(pixels.device)) / self.levels

    def dither(self, shape: ImageShape, seed: int = 0) -> Tensor:
        """One fixed draw of ``(u - 1/2) / levels``, the same for all images; zeros without dequantization.

        What a model scores is ``perturbed(centers) + dither``: a sample of what it was trained on, yet deterministic,
        so that two images are compared under common random numbers.

        Args:
            shape: ``(C, H, W)``.
            seed: of the draw; 0 for what is scored.

        Returns:
            float32, shape ``(C, H, W)``, on the CPU.
        """
        if not self.dequantize:
            return torch.zeros(shape)
        return (_uniform(shape, torch.Generator().manual_seed(seed)) - 0.5) / self.levels

    def to_pixels(self, x: Tensor) -> Tensor:
        """Back to 8 bits: the affine map that takes `centers` to their pixels, rounded and clipped to 0..255.

        Exact on `centers` of pixels that stand for a level (``round(k * 255 / (levels - 1))``: all of them for 256
        levels) for 256 and for up to 27 levels; with 256 levels also on `dequantized` values. Values between two
        centers get the gray between. Not a number becomes 0.

        Args:
            x: floats, any shape.

        Returns:
            uint8 of the same shape.
        """
        x = x.detach().to(torch.float32)
        pixels = (x * self.levels - 0.5) * 255.0 / (self.levels - 1) if self.dequantize else x * 255.0
        return torch.floor(pixels + 0.5).nan_to_num(0.0, 255.0, 0.0).clamp(0, 255).to(torch.uint8)

    def in_levels(self, pixels: Tensor) -> Tensor:
        """The 8-bit pixels that stand for the levels of these: all that a model with few levels sees of an image, and
        so what a codec must code to be compared with it. With 256 levels, or without dequantization, the same.

        Args:
            pixels: uint8, any shape.

        Returns:
            uint8 of the same shape.
        """
        return self.to_pixels(self.centers(pixels))

    def _cells(self, pixels: Tensor) -> Tensor:
        return torch.div(pixels.to(torch.int32) * self.levels, 256, rounding_mode="floor").to(torch.float32)


def _uniform(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Midpoints of 2^15 equal parts of [0, 1), so coarse that ``k + u`` is exact in float32, hence below ``k + 1``."""
    parts = torch.randint(2**15, tuple(shape), generator=generator, device=generator.device)
    return (parts + 0.5).to(torch.float32) / 2**15


class Crop(BaseModel):
    """A square part of an image of any size; every value is valid for every image.

    Attributes:
        left: where the square stands in its horizontal free play: 0 left, 0.5 center, 1 right.
        top: the same, vertically: 0 top, 1 bottom.
        size: side of the square as a fraction of the image's shorter side, in (0, 1].
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    left: float = Field(default=0.5, ge=0, le=1)
    top: float = Field(default=0.5, ge=0, le=1)
    size: float = Field(default=1.0, gt=0, le=1)

    def box(self, width: int, height: int) -> tuple[int, int, int, int]:
        """``(left, top, right, bottom)`` in pixels, a square of at least one pixel inside the image."""
        side = max(1, round(self.size * min(width, height)))
        left, top = round(self.left * (width - side)), round(self.top * (height - side))
        return left, top, left + side, top + side


def check_image_shape(image_shape: ImageShape) -> ImageShape:
    """Return ``(C, H, W)`` if it is that of a square gray or color image.

    Raises:
        ExplorerError: it is not.
    """
    channels, height, width = image_shape
    if channels not in (1, 3) or height != width or height < 1:
        raise ExplorerError(
            f"Images of shape {tuple(image_shape)} (channels, height, width) cannot be made: "
            "use 1 or 3 channels and the same height and width."
        )
    return channels, height, width


def to_square(image: Image.Image, image_shape: ImageShape, crop: Crop | None = None) -> np.ndarray:
    """Cut a square out of an image and bring it to a model's shape.

    Args:
        image: mode ``L`` or ``RGB``, as `read_image` gives it.
        image_shape: ``(C, H, W)`` with ``C`` 1 or 3 and ``H = W``.
        crop: which square; the largest, in the middle, when None.

    Returns:
        uint8, shape ``(C, H, W)``.

    Raises:
        ExplorerError: the shape is not that of a square gray or color image.
    """
    channels, height, width = check_image_shape(image_shape)
    box = (crop or Crop()).box(*image.size)
    square = image.crop(box).convert("L" if channels == 1 else "RGB")
    if square.width != width:
        square = square.resize(
            (width, height), Image.Resampling.BOX if square.width > width else Image.Resampling.BICUBIC
        )
    pixels = np.array(square)
    return pixels[None] if channels == 1 else np.ascontiguousarray(pixels.transpose(2, 0, 1))


def to_pil(pixels: np.ndarray) -> Image.Image:
    """uint8 ``(C, H, W)``, ``C`` 1 or 3, as an image of mode ``L`` or ``RGB``."""
    return Image.fromarray(pixels[0] if pixels.shape[0] == 1 else np.ascontiguousarray(pixels.transpose(1, 2, 0)))


def enlarge_png(pixels: np.ndarray, side: int) -> bytes:
    """A PNG file of `side` x `side` pixels in which every pixel of `pixels`, uint8 ``(C, H, W)``, is a sharp square."""
    file = io.BytesIO()
    to_pil(pixels).resize((side, side), Image.Resampling.NEAREST).save(file, "PNG")
    return file.getvalue()


def _spread(plane: np.ndarray, image_shape: ImageShape) -> np.ndarray:
    """Values in [0, 1], shape ``(H, W)``, as 8-bit pixels in every channel."""
    return np.broadcast_to(np.rint(plane * 255).astype(np.uint8), image_shape).copy()


def _constant(image_shape: ImageShape) -> np.ndarray:
    return np.full(image_shape, 128, np.uint8)


def _gradient(image_shape: ImageShape) -> np.ndarray:
    """Dark at the left, bright at the right."""
    _, height, width = image_shape
    return _spread(np.broadcast_to(np.linspace(0, 1, width), (height, width)), image_shape)


def _uniform_noise(image_shape: ImageShape) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, image_shape, dtype=np.uint8)


def _disk(image_shape: ImageShape) -> np.ndarray:
    """A bright disk on a dark ground, its edge averaged over the area of a pixel."""
    _, height, width = image_shape
    fine = 8
    y = (np.arange(height * fine) + 0.5) / (height * fine) - 0.5
    x = (np.arange(width * fine) + 0.5) / (width * fine) - 0.5
    inside = (y[:, None] ** 2 + x[None] ** 2 < 0.3**2).reshape(height, fine, width, fine).mean((1, 3))
    return _spread(0.2 + 0.6 * inside, image_shape)


def _checkerboard(image_shape: ImageShape) -> np.ndarray:
    """Eight by eight fields; single pixels where the image is smaller than that."""
    _, height, width = image_shape
    rows, columns = np.arange(height) // max(1, height // 8), np.arange(width) // max(1, width // 8)
    return _spread((rows[:, None] + columns[None]) % 2, image_shape)


SYNTHETIC: dict[str, Callable[[ImageShape], np.ndarray]] = {
    "constant": _constant,
    "gradient": _gradient,
    "uniform noise": _uniform_noise,
    "disk": _disk,
    "checkerboard": _checkerboard,
}
"""Images that need no file: name -> function of ``(C, H, W)`` that gives uint8 pixels of that shape."""
