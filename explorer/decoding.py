"""Bytes from anywhere -> a PIL image that is safe to use.

Content decides, never the name of the file. Size in bytes and in pixels is checked on the header, before anything is
decoded. What comes out is always mode ``L`` or ``RGB``:

- the first frame of an animation or of a stack of pages;
- rotated as its EXIF orientation says;
- transparent parts laid over white;
- more than 8 bits per value scaled to 8 by the bit depth (16-bit: ``round(v * 255 / 65535)``);
- 32-bit integers and floats: values within [0, 1] (floats only), within [0, 255] or within [0, 65535] are taken to be
  on that scale; anything else is stretched from its least to its greatest value.
"""

from __future__ import annotations

import io
import warnings

import numpy as np
from PIL import Image, ImageOps

from explorer.errors import ExplorerError

__all__ = ["FORMATS", "MAX_PIXELS", "MAX_UPLOAD_BYTES", "SUFFIXES", "read_image"]

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP")
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".tif", ".tiff", ".bmp")
MAX_UPLOAD_BYTES = 20 * 2**20
MAX_PIXELS = 50_000_000

_TIFF_BITS_PER_SAMPLE = 258
_TIFF_PHOTOMETRIC = 262
_WHITE_IS_ZERO = 0


def read_image(data: bytes, name: str = "The file") -> Image.Image:
    """Decode an image of any of the `FORMATS` to mode ``L`` or ``RGB``, upright and opaque.

    Args:
        data: the bytes of the file.
        name: how error messages call it.

    Raises:
        ExplorerError: the bytes are too many, no image, an image of another format, too large in pixels, damaged or
            truncated, or hold values that are not finite.
    """
    if not data:
        raise ExplorerError(f"{name} is empty. Choose an image file.")
    if len(data) > MAX_UPLOAD_BYTES:
        raise ExplorerError(
            f"{name} has {len(data) / 2**20:.0f} MB; the limit is {MAX_UPLOAD_BYTES / 2**20:.0f} MB. Save it smaller."
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        image = _open(data, name)
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise _too_large(name, f"{width:,} x {height:,} pixels")
        try:
            image.load()
        except Exception as error:  # hostile bytes make the decoders raise nearly every type there is
            raise ExplorerError(f"{name} is damaged or truncated and cannot be decoded. Save it again.") from error
        _rotate_upright(image)
        return _to_eight_bits(image, name)


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


def _to_eight_bits(image: Image.Image, name: str) -> Image.Image:
    mode = image.mode
    if mode.startswith("I;16"):
        return _scale_sixteen_bits(image)
    if mode in ("I", "F"):
        return _scale_wide(np.asarray(image), name)
    if mode in ("RGBA", "RGBa", "LA", "La", "PA") or "transparency" in image.info:
        return _over_white(image)
    if mode in ("1", "L"):
        return image.convert("L")
    return image.convert("RGB")


def _over_white(image: Image.Image) -> Image.Image:
    mode = "L" if image.mode in ("1", "L", "LA", "La") else "RGB"
    image = image.convert(mode + "A")
    ground = Image.new(mode, image.size, "white")
    ground.paste(image.convert(mode), mask=image.getchannel("A"))
    return ground


def _scale_sixteen_bits(image: Image.Image) -> Image.Image:
    """``round(v * 255 / (2^bits - 1))``: 16 bits, or 12 where a TIFF file says so."""
    bits, white_is_zero = 16, False
    tags = getattr(image, "tag_v2", None)
    if tags is not None:
        declared = tags.get(_TIFF_BITS_PER_SAMPLE, (16,))
        bits = declared[0] if isinstance(declared, tuple) else int(declared)
        white_is_zero = tags.get(_TIFF_PHOTOMETRIC) == _WHITE_IS_ZERO
    peak = 2**bits - 1
    values = np.minimum(np.asarray(image).astype(np.uint32), peak)
    eight = ((values * 255 + peak // 2) // peak).astype(np.uint8)
    return Image.fromarray(255 - eight if white_is_zero else eight)


def _scale_wide(values: np.ndarray, name: str) -> Image.Image:
    """32-bit integers or floats to 8 bits; the rule is in the module's docstring."""
    if not np.isfinite(values).all():
        raise ExplorerError(
            f"{name} holds values that are not finite (NaN or infinity). Replace them and save it again."
        )
    low, high = float(values.min()), float(values.max())
    if low < 0 or high > 65535:
        offset, peak = low, max(high - low, float(np.finfo(np.float32).tiny))
    elif high > 255:
        offset, peak = 0.0, 65535.0
    elif high > 1 or np.issubdtype(values.dtype, np.integer):
        offset, peak = 0.0, 255.0
    else:
        offset, peak = 0.0, 1.0
    return Image.fromarray(np.rint((values.astype(np.float64) - offset) / peak * 255).astype(np.uint8))
