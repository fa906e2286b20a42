"""A small image shown large, every pixel a sharp square."""

from __future__ import annotations

import html

import numpy as np
import streamlit as st

from explorer.escaping import in_markdown
from explorer.images import to_pil
from explorer.webapp.widgets.component import data_url

__all__ = ["show_pixels"]

_FIGURE = '<figure class="pixels">{caption}<img src="{source}" alt="{alt}"><div class="note">{note}</div></figure>'


def show_pixels(pixels: np.ndarray, title: str, note: str = "", alt: str = "", explanation: str = "") -> None:
    """Show an image at the width of its column; its style is in ``assets/app.css``.

    Args:
        pixels: uint8, shape ``(C, H, W)``, ``C`` 1 or 3.
        title: above the image.
        note: HTML below the image, of the app's own making.
        alt: what the image shows, for those who cannot see it; the title when empty.
        explanation: of what the title calls it, as Markdown.
    """
    with st.container(gap="xxsmall"):
        if explanation:
            st.markdown(f":small[{in_markdown(title)}]", help=explanation)
        st.html(
            _FIGURE.format(
                caption="" if explanation else f"<figcaption>{html.escape(title)}</figcaption>",
                source=data_url(to_pil(pixels)),
                alt=html.escape(alt or title, quote=True),
                note=note,
            )
        )
