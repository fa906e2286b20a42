"""What is on Probe's screen as one zip file: images, numbers, and figures that open without a network."""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from explorer.images import to_pil

__all__ = ["Bundle"]

_LARGE_SIDE = 512


@dataclass(frozen=True)
class Bundle:
    """The parts of the file; `zipped` puts them together, and only when somebody asks for it.

    Attributes:
        images: name -> uint8 ``(C, H, W)``; each is stored pixel for pixel and, where it is small, enlarged too.
        numbers: for ``numbers.json``; what is not finite becomes null.
        figures: title -> figure; all go into ``figures.html``.
    """

    images: Mapping[str, np.ndarray]
    numbers: Mapping[str, Any]
    figures: Mapping[str, go.Figure]

    def zipped(self) -> bytes:
        """The zip file."""
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, pixels in self.images.items():
                archive.writestr(f"{name}.png", _png(pixels, 1))
                factor = _LARGE_SIDE // max(pixels.shape[1:])
                if factor > 1:
                    archive.writestr(f"{name}-large.png", _png(pixels, factor))
            numbers = json.dumps(_finite(self.numbers), indent=2, ensure_ascii=False, allow_nan=False)
            archive.writestr("numbers.json", numbers + "\n")
            archive.writestr("figures.html", _page(self.figures))
        return file.getvalue()


def _png(pixels: np.ndarray, factor: int) -> bytes:
    file = io.BytesIO()
    to_pil(pixels.repeat(factor, 1).repeat(factor, 2)).save(file, "PNG")
    return file.getvalue()


def _finite(value: Any) -> Any:
    """JSON has no infinity."""
    if isinstance(value, Mapping):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [_finite(part) for part in value]
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    return value.item() if isinstance(value, np.integer) else value


def _page(figures: Mapping[str, go.Figure]) -> str:
    """All figures on one page; the library is inside it, once."""
    parts = [
        f"<h2>{title}</h2>\n" + figure.to_html(full_html=False, include_plotlyjs=index == 0)
        for index, (title, figure) in enumerate(figures.items())
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Image Density Explorer</title>'
        "<style>body{font-family:sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}h2{font-size:1rem}</style>"
        "</head><body>\n" + "\n".join(parts) + "\n</body></html>\n"
    )
