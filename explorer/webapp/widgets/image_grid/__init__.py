"""A grid of small images, each a button: what `st.image` does not do, pixel-sharp enlargement and clicks.

An inline component of Streamlit. Everything that depends on data (captions, labels) is set as text by the script, never
as HTML: labels come from files that anybody may have made.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import streamlit as st

from explorer.images import to_pil

__all__ = ["GridImage", "image_grid"]


class GridImage(NamedTuple):
    """One image of the grid.

    Attributes:
        pixels: uint8 ``(C, H, W)``.
        caption: the line below it.
        detail: a second, quieter line; may be empty.
        description: for people who do not see the image, and for the tooltip.
    """

    pixels: np.ndarray
    caption: str
    detail: str
    description: str


_FOLDER = Path(__file__).parent
_component = st.components.v2.component(
    "image_density_explorer.image_grid",
    html='<ul class="grid"></ul>',
    css=(_FOLDER / "image_grid.css").read_text(encoding="utf-8"),
    js=(_FOLDER / "image_grid.js").read_text(encoding="utf-8"),
)


def image_grid(images: Sequence[GridImage], key: str, cell: int = 104) -> int | None:
    """Show a grid of images; it has as many columns as fit.

    Args:
        images: what to show, in order.
        key: of the component on this page.
        cell: smallest width of an image on the screen, in pixels.

    Returns:
        The place in `images` of the one that was clicked just now, else None.
    """
    if not images:
        return None
    _, height, width = images[0].pixels.shape
    result = _component(
        key=key,
        data={
            "cell": cell,
            "ratio": width / height,
            "images": [
                {
                    "source": _data_url(image.pixels),
                    "caption": image.caption,
                    "detail": image.detail,
                    "description": image.description,
                }
                for image in images
            ],
        },
        on_opened_change=_nothing,
    )
    place = result.opened
    return int(place) if isinstance(place, int | float) and 0 <= place < len(images) else None


def _data_url(pixels: np.ndarray) -> str:
    buffer = io.BytesIO()
    to_pil(pixels).save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def _nothing() -> None:
    """The result of the component is read where it is shown; Streamlit asks for a callback all the same."""
