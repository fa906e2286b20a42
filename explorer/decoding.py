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
import re
import warnings
from contextlib import suppress
from typing import NamedTuple

import numpy as np
from PIL import ExifTags, Image, ImageOps

from explorer.errors import ExplorerError
from explorer.jpeg_xl import is_jpeg_xl, read_header, read_jpeg_xl
from explorer.scales import Reading, Scale, extent_of, find_scale, kind_name, to_eight_bits
from explorer.wide import WidePicture, is_png_of_sixteen_bits, is_tiff, more_in_words, read_png, read_tiff

__all__ = [
    "FORMATS",
    "FORMATS_IN_WORDS",
    "HEAD_BYTES",
    "MAX_PIXELS",
    "MAX_UPLOAD_BYTES",
    "SUFFIXES",
    "Decoded",
    "begins_as_image",
    "decode_image",
    "over_white",
    "read_image",
    "too_many_bytes",
    "too_many_pixels",
]

FORMATS = ("PNG", "JPEG", "WEBP", "AVIF", "GIF", "TIFF", "BMP", "PPM")
"""Those that Pillow reads. HEIC, which phones write, is read by libheif, and JPEG XL by libjxl."""

FORMATS_IN_WORDS = "PNG, JPEG, JPEG XL, WebP, AVIF, HEIC, GIF, TIFF, BMP or PGM"
SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".jxl", ".webp", ".avif", ".heic", ".heif", ".hif", ".gif"),
    *(".tif", ".tiff", ".bmp", ".pbm", ".pgm", ".ppm", ".pnm"),
)
"""How image files are usually called; what they are is decided by their contents."""

MAX_UPLOAD_BYTES = 20 * 2**20
MAX_PIXELS = 50_000_000
_MOST_VALUES_A_PIXEL = 5
HEAD_BYTES = 64

_AVIF_BRANDS = rb"avif|avis"
_HEIF_BRANDS = rb"hei[cxms]|hev[cxms]|mif1|msf1"
_BEGINNINGS = re.compile(
    rb"\x89PNG\r\n\x1a\n|\xff\xd8\xff|\xff\x0a|\0\0\0\x0cJXL \r\n\x87\n|RIFF....WEBP|GIF8[79]a|II[*+]\0|MM\0[*+]"
    rb"|BM....\0{4}....[\x0c\x28\x34\x38\x40\x6c\x7c]\0{3}"  # reserved zeros, then the size of the second header
    rb"|P[1-6f]\s+[\d#]"
    rb"|....ftyp(?:....)*?(?:" + _AVIF_BRANDS + rb"|" + _HEIF_BRANDS + rb")",
    re.DOTALL,
)
_HEIF = re.compile(rb"....ftyp(?!(?:....)*?(?:" + _AVIF_BRANDS + rb"))(?:....)*?(?:" + _HEIF_BRANDS + rb")", re.DOTALL)

_USUAL = Scale(0, 255)
_TIFF_SUBFILE_TYPE = 254
_TIFF_DNG_VERSION = 50706
_REDUCED = 1


def begins_as_image(head: bytes) -> bool:
    """Whether the first `HEAD_BYTES` of a file are those of an image of a format that is read."""
    return _BEGINNINGS.match(head[:HEAD_BYTES]) is not None


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
    """Decode an image of any of the formats above to mode ``L`` or ``RGB``, upright and opaque.

    Args:
        data: the bytes of the file.
        name: how error messages call it.
        scale: which values are black and white, where they have other than 8 bits; found by `explorer.scales` if None.

    Raises:
        UnknownScale: it is not clear which values are black and white.
        ExplorerError: the bytes are too many, no image, an image of another format, too large in pixels, damaged or
            truncated, a raw photograph, or hold values that are not finite.
    """
    return decode_image(data, name, scale).image


def decode_image(data: bytes, name: str = "The file", scale: Scale | None = None) -> Decoded:
    """The same as `read_image`, with what was assumed."""
    if not data:
        raise ExplorerError(f"{name} is empty. Choose an image file.")
    if len(data) > MAX_UPLOAD_BYTES:
        raise too_many_bytes(name, len(data))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wide = _wide(data, name)
        if wide is not None:
            return _narrow(wide, name, scale)
        image = _open(data, name)
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise too_many_pixels(name, width, height)
        if _is_raw_photograph(image):
            raise ExplorerError(
                f"{name} is a raw photograph, in which only a preview could be read. Export it as TIFF, PNG or JPEG."
            )
        try:
            if is_png_of_sixteen_bits(data):
                return _narrow(read_png(data, _orientation(image)), name, scale)
            image.load()
            frames = getattr(image, "n_frames", 1) if image.format == "TIFF" else 1
        except ExplorerError:
            raise
        except Exception as error:  # hostile bytes make the decoders raise nearly every type there is
            raise _damaged(name) from error
        if image.mode.startswith("I") or image.mode == "F":
            return _narrow(_wide_gray(image), name, scale)
        _rotate_upright(image)
        return Decoded(_to_eight_bits(image), None, more_in_words(frames - 1))


def _wide(data: bytes, name: str) -> WidePicture | None:
    """The picture of a file that Pillow does not read, or only in part."""
    try:
        if is_tiff(data):
            return read_tiff(data, name, MAX_PIXELS)
        return _jpeg_xl(data, name) if is_jpeg_xl(data) else None
    except ExplorerError:
        raise
    except Exception as error:  # as in `decode_image`
        raise _damaged(name) from error


def _wide_gray(image: Image.Image) -> WidePicture:
    """A gray picture that Pillow has read at full depth."""
    values, bits = np.asarray(image), None
    if image.format == "PPM" and image.mode == "I":  # its header says what is white: Pillow has made it 65535
        values, bits = values.astype(np.uint16), 16
    return WidePicture(values, bits=bits, orientation=_orientation(image))


def _jpeg_xl(data: bytes, name: str) -> WidePicture:
    header = read_header(data)
    if header.width * header.height > MAX_PIXELS or header.values > _MOST_VALUES_A_PIXEL * MAX_PIXELS:
        channels = f" of {header.values // (header.width * header.height)} channels"
        raise _too_large(name, f"{header.width:,} x {header.height:,} pixels{channels * bool(header.extra)}")
    return read_jpeg_xl(data, header, name)


def _narrow(wide: WidePicture, name: str, scale: Scale | None) -> Decoded:
    """Bring a picture to 8 bits."""
    chosen = scale or find_scale(extent_of(wide.values, name), name, wide.bits)
    pixels, clipped = to_eight_bits(wide.values, chosen)
    if wide.is_inverted:
        pixels = 255 - pixels
    if wide.alpha is not None:
        pixels = _lay_over_white(pixels, wide.alpha, wide.is_premultiplied, f"The alpha of {name}")
    image = Image.fromarray(pixels)
    image.getexif()[ExifTags.Base.Orientation] = wide.orientation
    _rotate_upright(image)
    if wide.values.dtype == np.uint8 and chosen == _USUAL:
        return Decoded(image, None, wide.left_out)
    reading = Reading(kind_name(wide.values.dtype, wide.bits), chosen, clipped / wide.values.size)
    return Decoded(image, reading, wide.left_out)


def _lay_over_white(pixels: np.ndarray, alpha: np.ndarray, is_premultiplied: bool, name: str) -> np.ndarray:
    """A picture with transparent parts, uint8, over white."""
    if alpha.dtype.kind in "iu":  # alpha fills its type
        opaque = Scale(0, float(np.iinfo(alpha.dtype).max))
    else:
        opaque = find_scale(extent_of(alpha, name), name)
    weight = to_eight_bits(alpha, opaque)[0].astype(np.uint32)
    weight = weight if pixels.ndim == 2 else weight[:, :, None]
    own = pixels.astype(np.uint32) * (255 if is_premultiplied else weight)
    over_white: np.ndarray = np.minimum((own + 255 * (255 - weight) + 127) // 255, 255).astype(np.uint8)
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
        if _HEIF.match(data[:HEAD_BYTES]):
            from pillow_heif import HeifImageFile  # most images are of other formats

            image: Image.Image = HeifImageFile(io.BytesIO(data))
            return image
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


def too_many_bytes(name: str, size: int) -> ExplorerError:
    """What to say of a file of more than `MAX_UPLOAD_BYTES`."""
    limit = MAX_UPLOAD_BYTES / 2**20
    return ExplorerError(f"{name} has {size / 2**20:.0f} MB; the limit is {limit:.0f} MB. Save it smaller.")


def too_many_pixels(name: str, width: int, height: int) -> ExplorerError:
    """What to say of an image of more than `MAX_PIXELS`."""
    return _too_large(name, f"{width:,} x {height:,} pixels")


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
