"""A grid of small images, each a button: what `st.image` does not do, pixel-sharp enlargement and clicks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import streamlit as st

from explorer.images import to_pil
from explorer.webapp.widgets.component import data_url, declare, do_nothing

__all__ = ["GridImage", "image_grid"]


class GridImage(NamedTuple):
    """One image of the grid.

    Attributes:
        pixels: uint8 ``(C, H, W)``.
        caption: the line below it; may be empty.
        detail: a second, quieter line; may be empty.
        description: for people who do not see the image, and for the tooltip.
    """

    pixels: np.ndarray
    caption: str
    detail: str
    description: str


_component = declare(Path(__file__).parent, '<ul class="grid"></ul>')


def image_grid(
    images: Sequence[GridImage],
    key: str,
    cell: int = 104,
    label: str = "",
    *,
    columns: int | None = None,
    current: int | None = None,
    on_opened: Callable[[int], None] | None = None,
) -> int | None:
    """Show a grid of images.

    Args:
        images: what to show, in order.
        key: of the component on this page.
        cell: smallest width of an image on the screen, in pixels.
        label: what the images are, for people who do not see them.
        columns: at most so many, and fewer where they do not fit; as many as fit when None.
        current: the place of the one that is marked.
        on_opened: called with the place of the one that was clicked, before the page is drawn.

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
            "columns": columns,
            "label": label,
            "current": current,
            "ratio": width / height,
            "images": [
                {
                    "source": data_url(to_pil(image.pixels)),
                    "caption": image.caption,
                    "detail": image.detail,
                    "description": image.description,
                }
                for image in images
            ],
        },
        on_opened_change=do_nothing if on_opened is None else lambda: _opened(key, len(images), on_opened),
    )
    return _place(result.opened, len(images))


def _opened(key: str, count: int, on_opened: Callable[[int], None]) -> None:
    place = _place(st.session_state[key].opened, count)
    if place is not None:
        on_opened(place)


def _place(value: object, count: int) -> int | None:
    return int(value) if isinstance(value, int | float) and 0 <= value < count else None
