"""Real pictures, of every format and mode that the app takes, made from photographs inside scikit-image."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import skimage
from PIL import Image
from pillow_heif import from_pillow

__all__ = ["SUFFIXES", "write_pictures"]

SUFFIXES = {
    "PNG": ".png",
    "JPEG": ".jpg",
    "JPEG XL": ".jxl",
    "WebP": ".webp",
    "AVIF": ".avif",
    "HEIC": ".heic",
    "GIF": ".gif",
    "TIFF": ".tif",
    "BMP": ".bmp",
    "PPM": ".pgm",
}

_SIZES = ((1, 1), (7, 5), (32, 32), (64, 48), (131, 97))
_MODES = {
    "PNG": ("L", "RGB", "P", "RGBA", "LA", "1", "I;16"),
    "JPEG": ("L", "RGB", "CMYK"),
    "JPEG XL": ("L", "RGB", "RGBA", "LA", "I;16", "F"),
    "WebP": ("RGB", "RGBA"),
    "AVIF": ("L", "RGB", "RGBA"),
    "HEIC": ("L", "RGB", "RGBA"),
    "GIF": ("L", "P", "RGBA"),
    "TIFF": ("L", "RGB", "P", "RGBA", "CMYK", "1", "I;16", "F", "LAB"),
    "BMP": ("L", "RGB", "P", "1", "RGBA"),
    "PPM": ("L", "RGB", "1", "I;16"),
}
_ORIENTATION = 274
_TURNED = 6


def write_pictures(folder: Path) -> None:
    """Write some of each format into a folder of its name."""
    for form, modes in _MODES.items():
        (folder / form).mkdir(parents=True)
        for number, (mode, size) in enumerate((mode, size) for mode in modes for size in _SIZES):
            path = folder / form / f"{number:03d}-{mode.replace(';', '')}-{size[0]}x{size[1]}{SUFFIXES[form]}"
            path.write_bytes(_picture(form, mode, size, number))


def _picture(form: str, mode: str, size: tuple[int, int], number: int) -> bytes:
    image = _photograph(number).resize(size)
    if mode == "I;16":
        image = Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)
    elif mode == "F":
        image = Image.fromarray(np.asarray(image.convert("L"), np.float32) / 255)
    elif mode == "LAB":
        image = Image.frombytes("LAB", size, image.tobytes())
    elif mode in ("RGBA", "LA"):
        image.putalpha(Image.linear_gradient("L").resize(size))
        image = image.convert(mode)
    else:
        image = image.convert(mode)
    file = io.BytesIO()
    if form == "JPEG XL":
        pixels = np.asarray(image)
        frames = np.stack([pixels] * 3) if number % 5 == 4 else pixels
        file.write(imagecodecs.jpegxl_encode(frames, lossless=number % 3 == 0, usecontainer=number % 2 == 0))
    elif form == "HEIC":
        from_pillow(image).save(file, quality=50)
    else:
        image.save(file, form.upper(), **_options(form, mode, image, number))
    return file.getvalue()


def _options(form: str, mode: str, image: Image.Image, number: int) -> dict[str, Any]:
    """Of every second one: an animation, a compression, an orientation, transparency."""
    options: dict[str, Any] = {}
    frames = {"save_all": True, "append_images": [image.rotate(90).resize(image.size)] * 2}
    if form in ("PNG", "JPEG", "WebP", "TIFF") and number % 2:
        exif = Image.Exif()
        exif[_ORIENTATION] = _TURNED
        options["exif"] = exif.tobytes()
    if form in ("GIF", "WebP") and number % 2:
        options |= frames
    if form == "PNG" and number % 4 == 2 and mode != "I;16":
        options |= frames
    if form == "WebP":
        options["lossless"] = number % 3 == 0
    if form == "JPEG":
        options["progressive"] = number % 3 == 0
    if form == "TIFF" and mode != "LAB":
        kinds = ("group4", "packbits") if mode == "1" else ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits")
        options["compression"] = kinds[number % len(kinds)]
    if form in ("PNG", "GIF") and mode in ("P", "L") and number % 3 == 0:
        options["transparency"] = 0
    return options


def _photograph(number: int) -> Image.Image:
    name = ("astronaut", "chelsea", "coffee")[number % 3]
    return Image.open(Path(skimage.__file__).parent / "data" / f"{name}.png").convert("RGB")
