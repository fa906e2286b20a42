"""Bytes from anywhere -> a PIL image that is safe to use.

Content decides, never the name of the file. Size in bytes and in pixels is checked on the header, before anything is
decoded. What comes out is always mode ``L`` or ``RGB``:

- the first frame of an animation or of a stack of pages;
- rotated as its EXIF orientation says;
- transparent parts laid over white;
- other than 8 bits per value brought to 8 as `explorer.scales` says, or on a scale that is chosen.
"""

from __future__ import annotations

import io
import warnings
from contextlib import suppress
from typing import NamedTuple

import numpy as np
from PIL import ExifTags, Image, ImageOps

from explorer.errors import ExplorerError
from explorer.scales import Reading, Scale, extent_of, find_scale, kind_name, to_eight_bits
from explorer.wide import WidePicture, is_png_of_sixteen_bits, is_tiff, pages_left_out, read_png, read_tiff

__all__ = [
    "FORMATS",
    "MAX_PIXELS",
    "MAX_UPLOAD_BYTES",
    "SUFFIXES",
    "Decoded",
    "decode_image",
    "over_white",
    "read_image",
]

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP")
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".tif", ".tiff", ".bmp")
MAX_UPLOAD_BYTES = 20 * 2**20
MAX_PIXELS = 50_000_000


class Decoded(NamedTuple):
    """An image, and what was assumed to make it.

    Attributes:
        image: mode ``L`` or ``RGB``, upright and opaque.
        reading: what its values were taken for; None for the usual 8 bits.
        left_out: pages and channels of the file that are not in it, in words.
    """

    image: Image.Image
    reading: Reading | None = None
    left_out: str = ""


def read_image(data: bytes, name: str = "The file", scale: Scale | None = None) -> Image.Image:
    """Decode an image of any of the `FORMATS` to mode ``L`` or ``RGB``, upright and opaque.

    Args:
        data: the bytes of the file.
        name: how error messages call it.
        scale: which values are black and white, where they have other than 8 bits; found by `explorer.scales` if None.

    Raises:
        UnknownScale: it is not clear which values are black and white.
        ExplorerError: the bytes are too many, no image, an image of another format, too large in pixels, damaged or
            truncated, or hold values that are not finite.
    """
    return decode_image(data, name, scale).image


def decode_image(data: bytes, name: str = "The file", scale: Scale | None = None) -> Decoded:
    """The same as `read_image`, with what was assumed."""
    if not data:
        raise ExplorerError(f"{name} is empty. Choose an image file.")
    if len(data) > MAX_UPLOAD_BYTES:
        raise ExplorerError(
            f"{name} has {len(data) / 2**20:.0f} MB; the limit is {MAX_UPLOAD_BYTES / 2**20:.0f} MB. Save it smaller."
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wide = _wide_tiff(data, name) if is_tiff(data) else None
        if wide is not None:
            return _narrow(wide, name, scale)
        image = _open(data, name)
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise _too_large(name, f"{width:,} x {height:,} pixels")
        try:
            if is_png_of_sixteen_bits(data):
                return _narrow(read_png(data, _orientation(image)), name, scale)
            image.load()
        except ExplorerError:
            raise
        except Exception as error:  # hostile bytes make the decoders raise nearly every type there is
            raise _damaged(name) from error
        if image.mode.startswith("I") or image.mode == "F":
            values = np.asarray(image)
            if image.format == "PPM" and image.mode == "I":  # where Pillow has scaled them to 16 bits
                values = values.astype(np.uint16)
            return _narrow(WidePicture(values, orientation=_orientation(image)), name, scale)
        left_out = pages_left_out(getattr(image, "n_frames", 1)) if image.format == "TIFF" else ""
        _rotate_upright(image)
        return Decoded(_to_eight_bits(image), None, left_out)


def _wide_tiff(data: bytes, name: str) -> WidePicture | None:
    try:
        return read_tiff(data, name, MAX_PIXELS)
    except ExplorerError:
        raise
    except Exception as error:  # as in `decode_image`
        raise _damaged(name) from error


def _narrow(wide: WidePicture, name: str, scale: Scale | None) -> Decoded:
    """Bring a picture to 8 bits."""
    chosen = scale or find_scale(extent_of(wide.values, name), name, wide.bits)
    pixels, clipped = to_eight_bits(wide.values, chosen)
    if wide.is_inverted:
        pixels = 255 - pixels
    if wide.alpha is not None:
        pixels = _lay_over_white(pixels, wide)
    image = Image.fromarray(pixels)
    image.getexif()[ExifTags.Base.Orientation] = wide.orientation
    _rotate_upright(image)
    reading = Reading(kind_name(wide.values.dtype, wide.bits), chosen, clipped / wide.values.size)
    return Decoded(image, reading, wide.left_out)


def _lay_over_white(pixels: np.ndarray, wide: WidePicture) -> np.ndarray:
    """A picture with transparent parts, uint8, over white."""
    assert wide.alpha is not None
    is_float = wide.alpha.dtype.kind == "f"
    opaque = Scale(0, 1 if is_float else float(np.iinfo(wide.alpha.dtype).max))
    alpha = to_eight_bits(wide.alpha, opaque)[0].astype(np.uint32)
    alpha = alpha if pixels.ndim == 2 else alpha[:, :, None]
    own = pixels.astype(np.uint32) * (255 if wide.is_premultiplied else alpha)
    over_white: np.ndarray = np.minimum((own + 255 * (255 - alpha) + 127) // 255, 255).astype(np.uint8)
    return over_white


def _orientation(image: Image.Image) -> int:
    """As EXIF says; 1 is upright. Damaged EXIF data is ignored."""
    with suppress(Exception):
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    return 1


def _damaged(name: str) -> ExplorerError:
    return ExplorerError(f"{name} is damaged or truncated and cannot be decoded. Save it again.")


def _open(data: bytes, name: str) -> Image.Image:
    """Read the header only."""
    try:
        return Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise _too_large(name, "far more pixels") from error
    except Exception as error:  # as above
        raise ExplorerError(
            f"{name} is not an image that can be read. Use PNG, JPEG, WebP, GIF, TIFF or BMP."
        ) from error


def _too_large(name: str, size: str) -> ExplorerError:
    return ExplorerError(f"{name} has {size}; at most {MAX_PIXELS / 1e6:.0f} million are read. Shrink or crop it.")


def _rotate_upright(image: Image.Image) -> None:
    """Apply the EXIF orientation in place. Damaged EXIF data is ignored."""
    try:
        ImageOps.exif_transpose(image, in_place=True)
    except Exception:
        return


def _to_eight_bits(image: Image.Image) -> Image.Image:
    mode = image.mode
    if mode in ("RGBA", "RGBa", "LA", "La", "PA") or "transparency" in image.info:
        return over_white(image)
    if mode in ("1", "L"):
        return image.convert("L")
    return image.convert("RGB")


def over_white(image: Image.Image) -> Image.Image:
    """An image with transparent parts, laid over white: mode ``L`` or ``RGB``."""
    mode = "L" if image.mode in ("1", "L", "LA", "La") else "RGB"
    image = image.convert(mode + "A")
    ground = Image.new(mode, image.size, "white")
    ground.paste(image.convert(mode), mask=image.getchannel("A"))
    return ground
