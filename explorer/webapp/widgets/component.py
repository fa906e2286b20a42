"""What the components of this package share: their files, and images and numbers on their way to a script."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from PIL import Image

__all__ = ["data_url", "declare", "do_nothing", "json_ready"]


def declare(folder: Path, html: str) -> Callable[..., Any]:
    """Declare the component in `folder`, whose script and style sheet have the folder's name.

    Args:
        folder: of the component.
        html: of its frame. What depends on data is set as text by the script, never as HTML: labels come from files
            that anybody may have made.
    """
    css, js = ((folder / f"{folder.name}.{suffix}").read_text(encoding="utf-8") for suffix in ("css", "js"))
    return st.components.v2.component(f"image_density_explorer.{folder.name}", html=html, css=css, js=js)


def do_nothing() -> None:
    """The callback of a trigger whose value is read where the component is shown; Streamlit asks for one."""


def data_url(image: Image.Image, kind: str = "PNG", **options: Any) -> str:
    """An image as the address of itself, for the script of a component.

    Args:
        image: the image.
        kind: a file format of Pillow that browsers read, ``"PNG"`` or ``"WEBP"``.
        options: of Pillow for that format.
    """
    file = io.BytesIO()
    image.save(file, kind, **options)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(file.getvalue()).decode()}"


def json_ready(value: Any) -> Any:
    """Arrays as lists, NumPy's numbers as Python's, and what is not finite as None, as JSON has it."""
    if isinstance(value, Mapping):
        return {key: json_ready(part) for key, part in value.items()}
    if isinstance(value, np.ndarray | list | tuple):
        return [json_ready(part) for part in value]
    if isinstance(value, np.generic):
        return json_ready(value.item())
    return None if isinstance(value, float) and not math.isfinite(value) else value
