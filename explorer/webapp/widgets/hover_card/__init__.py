"""A card with an image beside the point of a chart that the pointer is on, and clicks on points.

Plotly's hover labels show no images, and where a lasso can be drawn Streamlit passes no clicks on. All images travel
once, as one sheet of thumbnails, so that the card keeps up with the pointer and asks nothing of the server.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import streamlit as st
from PIL import Image

from explorer.data.store import Store
from explorer.images import to_pil
from explorer.webapp.widgets.component import data_url, declare, do_nothing

__all__ = ["hover_card", "thumbnail_sheet"]

_SIDE = 32
_QUALITY = 70

_component = declare(
    Path(__file__).parent,
    '<div class="card" hidden aria-hidden="true"><div class="picture"></div><div class="words"></div></div>',
)


def hover_card(images: Store, index: np.ndarray, chart: str, key: str) -> int | None:
    """Show a card on the points of a chart whose `customdata` is (index, place), and whose `text` are its words.

    Args:
        images: of the points.
        index: index of the image at each place, shape ``(N,)`` in the order of their places.
        chart: key of the container that holds the chart and nothing else.
        key: of the component on this page.

    Returns:
        The index of the image whose point was clicked just now, else None.
    """
    if not len(index):
        return None
    _, height, width = images.image_shape
    columns = _columns(len(index))
    data = {
        "chart": chart,
        "sheet": _sheet(images, index),
        "columns": columns,
        "rows": math.ceil(len(index) / columns),
        "ratio": width / height,
    }
    opened = _component(key=key, data=data, on_opened_change=do_nothing).opened
    return int(opened) if isinstance(opened, int | float) and 0 <= opened < len(images) else None


def thumbnail_sheet(pixels: np.ndarray, index: np.ndarray) -> Image.Image:
    """The images `index` of uint8 `pixels` ``(N, C, H, W)``, left to right and top to bottom in a square of cells.

    Images whose sides are 64 pixels or more are shrunk (area average) by the largest factor that divides both sides
    and leaves 32 pixels.
    """
    _, _, height, width = pixels.shape
    shortest = min(height, width)
    factor = max(f for f in range(1, max(1, shortest // _SIDE) + 1) if height % f == 0 and width % f == 0)
    columns = _columns(len(index))
    strips = [
        to_pil(np.concatenate(list(pixels[index[start : start + columns]]), 2)).reduce(factor)
        for start in range(0, len(index), columns)
    ]
    sheet = Image.new(strips[0].mode, (columns * width // factor, len(strips) * height // factor))
    for place, strip in enumerate(strips):
        sheet.paste(strip, (0, place * height // factor))
    return sheet


def _columns(count: int) -> int:
    return math.ceil(math.sqrt(count))


@st.cache_data(show_spinner=False, max_entries=8, hash_funcs={Store: lambda images: images.fingerprint})
def _sheet(images: Store, index: np.ndarray) -> str:
    return data_url(thumbnail_sheet(images.pixels, index), "WEBP", quality=_QUALITY, method=2)
