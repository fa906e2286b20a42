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
import re
import warnings

import numpy as np
from PIL import Image, ImageOps

from explorer.errors import ExplorerError

__all__ = [
    "FORMATS",
    "FORMATS_IN_WORDS",
    "HEAD_BYTES",
    "MAX_PIXELS",
    "MAX_UPLOAD_BYTES",
    "SUFFIXES",
    "begins_as_image",
    "read_image",
]

FORMATS = ("PNG", "JPEG", "WEBP", "AVIF", "GIF", "TIFF", "BMP", "PPM")
"""Those that Pillow reads. HEIC, which phones write, is read by libheif."""

FORMATS_IN_WORDS = "PNG, JPEG, WebP, AVIF, HEIC, GIF, TIFF, BMP or PGM"
SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".avif", ".heic", ".heif", ".hif", ".gif", ".tif", ".tiff"),
    *(".bmp", ".pbm", ".pgm", ".ppm", ".pnm"),
)
"""How image files are usually called; what they are is decided by their contents."""

MAX_UPLOAD_BYTES = 20 * 2**20
MAX_PIXELS = 50_000_000
HEAD_BYTES = 64

_AVIF_BRANDS = rb"avif|avis"
_HEIF_BRANDS = rb"hei[cxms]|hev[cxms]|mif1|msf1"
_BEGINNINGS = re.compile(
    rb"\x89PNG\r\n\x1a\n|\xff\xd8\xff|RIFF....WEBP|GIF8[79]a|II[*+]\0|MM\0[*+]"
    rb"|BM....\0{4}....[\x0c\x28\x34\x38\x40\x6c\x7c]\0{3}"  # reserved zeros, then the size of the second header
    rb"|P[1-6f]\s+[\d#]"
    rb"|....ftyp(?:....)*?(?:" + _AVIF_BRANDS + rb"|" + _HEIF_BRANDS + rb")",
    re.DOTALL,
)
_HEIF = re.compile(rb"....ftyp(?!(?:....)*?(?:" + _AVIF_BRANDS + rb"))(?:....)*?(?:" + _HEIF_BRANDS + rb")", re.DOTALL)

_TIFF_SUBFILE_TYPE = 254
_TIFF_BITS_PER_SAMPLE = 258
_TIFF_PHOTOMETRIC = 262
_TIFF_DNG_VERSION = 50706
_REDUCED = 1
_WHITE_IS_ZERO = 0


def begins_as_image(head: bytes) -> bool:
    """Whether the first `HEAD_BYTES` of a file are those of an image of a format that is read."""
    return _BEGINNINGS.match(head[:HEAD_BYTES]) is not None


def read_image(data: bytes, name: str = "The file") -> Image.Image:
    """Decode an image of any of the formats above to mode ``L`` or ``RGB``, upright and opaque.

    Args:
        data: the bytes of the file.
        name: how error messages call it.

    Raises:
        ExplorerError: the bytes are too many, no image, an image of another format, too large in pixels, damaged or
            truncated, a raw photograph, or hold values that are not finite.
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
        if _is_raw_photograph(image):
            raise ExplorerError(
                f"{name} is a raw photograph, in which only a preview could be read. Export it as TIFF, PNG or JPEG."
            )
        try:
            image.load()
        except Exception as error:  # hostile bytes make the decoders raise nearly every type there is
            raise ExplorerError(f"{name} is damaged or truncated and cannot be decoded. Save it again.") from error
        _rotate_upright(image)
        return _to_eight_bits(image, name)


def _open(data: bytes, name: str) -> Image.Image:
    """Read the header only."""
    try:
        if _HEIF.match(data[:HEAD_BYTES]):
            from pi_heif import HeifImageFile  # most images are of other formats

            return HeifImageFile(io.BytesIO(data))
        return Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise _too_large(name, "far more pixels") from error
    except Exception as error:  # as above
        raise ExplorerError(f"{name} is not an image that can be read. Use {FORMATS_IN_WORDS}.") from error


def _is_raw_photograph(image: Image.Image) -> bool:
    """Whether it is a camera's raw file: a TIFF file whose first image is a small one, for previews."""
    tags = getattr(image, "tag_v2", None)
    if tags is None:
        return False
    kind = tags.get(_TIFF_SUBFILE_TYPE, 0)
    is_reduced = isinstance(kind, int) and bool(kind & _REDUCED)
    return is_reduced or _TIFF_DNG_VERSION in tags


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
    if mode.startswith("I;16") or (mode == "I" and image.format == "PPM"):  # where Pillow has scaled them to 16 bits
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
