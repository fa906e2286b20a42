"""What Probe shows as one zip file: images, numbers, and figures that open without a network."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
import streamlit as st

from explorer.figures.live_chart import LiveChart, plotly_figure
from explorer.images import to_pil
from explorer.webapp.probe.results import ProbeResults
from explorer.webapp.widgets.component import json_ready

__all__ = ["download_button", "zipped"]

_LARGE_SIDE = 512


def download_button(results: ProbeResults) -> None:
    """Offer the results as a file. It is put together when somebody asks for it, and costs nothing before."""
    query = st.query_params.to_dict()

    def build() -> bytes:
        charts = {f"log p against {name}": chart for name, chart in results.perturbation_charts().items()}
        return zipped(results.images(), {"url_query": query, **results.numbers()}, charts | results.noise_charts())

    st.download_button(
        "Download",
        build,
        file_name=f"probe-{_slug(results.subject.title)}.zip",
        mime="application/zip",
        icon=":material/download:",
        on_click="ignore",
        help="Images as PNG, numbers as JSON, figures as a page that opens without a network",
    )


def zipped(images: Mapping[str, np.ndarray], numbers: Mapping[str, Any], charts: Mapping[str, LiveChart]) -> bytes:
    """A zip file.

    Args:
        images: name -> uint8 ``(C, H, W)``; each is stored pixel for pixel and, where it is small, enlarged too.
        numbers: for ``numbers.json``; what is not finite becomes null.
        charts: title -> chart; all go into ``figures.html``, as Plotly figures.
    """
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, pixels in images.items():
            archive.writestr(f"{name}.png", _png(pixels, 1))
            factor = _LARGE_SIDE // max(pixels.shape[1:])
            if factor > 1:
                archive.writestr(f"{name}-large.png", _png(pixels, factor))
        archive.writestr("numbers.json", json.dumps(json_ready(numbers), indent=2, ensure_ascii=False) + "\n")
        archive.writestr("figures.html", _page(charts))
    return file.getvalue()


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.rsplit(".", 1)[0].lower()).strip("-") or "image"


def _png(pixels: np.ndarray, factor: int) -> bytes:
    file = io.BytesIO()
    to_pil(pixels.repeat(factor, 1).repeat(factor, 2)).save(file, "PNG")
    return file.getvalue()


def _page(charts: Mapping[str, LiveChart]) -> str:
    """All figures on one page; the library is inside it, once."""
    parts = [
        f"<h2>{title}</h2>\n" + plotly_figure(chart).to_html(full_html=False, include_plotlyjs=index == 0)
        for index, (title, chart) in enumerate(charts.items())
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Image Density Explorer</title>'
        "<style>body{font-family:sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}h2{font-size:1rem}</style>"
        "</head><body>\n" + "\n".join(parts) + "\n</body></html>\n"
    )
