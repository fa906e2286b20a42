"""The way of samples from noise to images: a slider that goes back along it, the images there, and log p."""

from __future__ import annotations

import io
import math

import numpy as np
import streamlit as st

from explorer.catalog.query import Catalog
from explorer.figures.film import animation
from explorer.figures.sampling import trajectories_figure
from explorer.figures.tools import ZOOM_TOOLS
from explorer.models.checkpoints import Checkpoint
from explorer.units import LogProbUnit, format_log_prob, unit_label
from explorer.webapp.sample.drawing import Drawing, noise_level
from explorer.webapp.shell.terms import explained
from explorer.webapp.widgets.image_grid import GridImage, image_grid

__all__ = ["film_panel"]

_CHOSEN = "sample-chosen"
_VIEWS = ("Denoised", "With noise", "Animation")
_SMALLEST = 52  # of an image on the screen, in pixels
_FEW = 4  # images, in one row: in a square they would be very large


@st.fragment  # the slider reruns this alone
def film_panel(drawing: Drawing, checkpoint: Checkpoint, catalog: Catalog | None, unit: LogProbUnit) -> None:
    """Show the images at a noise level beside log p at all of them; one that is clicked stands out in the chart."""
    left, right = st.columns([1.15, 1], gap="medium")
    with left:
        with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
            view = st.segmented_control(
                "Show", _VIEWS, default=_VIEWS[0], required=True, key="view", label_visibility="collapsed"
            )
            _downloads(drawing, checkpoint)
        level = _choose_level(drawing)
        if view == "Animation":
            st.image(_animation(drawing), output_format="auto")
            chosen = None
        else:
            frames = drawing.denoised if view == "Denoised" else drawing.noisy
            chosen = _images(frames[level], -drawing.energies[level], unit, checkpoint.model.dimensions)
            st.caption(f"Below each image is its log p in {unit_label(unit)}, at this noise level.")
    with right:
        profile = catalog.profile if catalog else None
        figure = trajectories_figure(
            drawing.psnr.tolist(),
            np.stack(drawing.energies),
            unit,
            checkpoint.model.dimensions,
            profile.psnr if profile else (),
            profile.log_prob if profile else None,
            at=float(drawing.psnr[level]),
            chosen=chosen,
            height=420,
        )
        st.markdown(
            "**log p of each image on its way,** at the noise level where it is.", help=explained("Energy", "PSNR")
        )
        st.plotly_chart(figure, key="trajectories", config=ZOOM_TOOLS, alt="log p of each sample against noise level")


def _choose_level(drawing: Drawing) -> int:
    done = len(drawing.energies)
    if done == 1:
        return 0
    level: int = st.select_slider(
        "Noise level, from the start to the image",
        options=range(done),
        value=done - 1,
        format_func=lambda k: noise_level(float(drawing.psnr[k])),
        key=f"level {drawing.content}",
    )
    return level


def _images(pixels: np.ndarray, log_prob: np.ndarray, unit: LogProbUnit, dimensions: int) -> int | None:
    numbers = [format_log_prob(nats, unit, dimensions) for nats in log_prob.tolist()]
    items = [
        GridImage(image, number, "", f"image {k + 1}, log p {number} {unit_label(unit)}")
        for k, (image, number) in enumerate(zip(pixels, numbers, strict=True))
    ]
    columns = _FEW if len(items) <= _FEW else math.ceil(math.sqrt(len(items)))
    clicked = image_grid(items, key="samples", cell=_SMALLEST, columns=columns)
    if clicked is not None:
        st.session_state[_CHOSEN] = clicked
    chosen: int | None = st.session_state.get(_CHOSEN)
    return chosen if chosen is not None and chosen < len(pixels) else None


def _downloads(drawing: Drawing, checkpoint: Checkpoint) -> None:
    with st.container(horizontal=True, width="content"):
        st.download_button(
            "GIF",
            lambda: _animation(drawing),
            file_name=f"samples-{checkpoint.name}.gif",
            mime="image/gif",
            icon=":material/download:",
            on_click="ignore",
            help="The animation.",
        )
        st.download_button(
            "NPZ",
            lambda: _arrays(drawing),
            file_name=f"samples-{checkpoint.name}.npz",
            mime="application/octet-stream",
            icon=":material/download:",
            on_click="ignore",
            help="For NumPy: images (8 bits), log_prob (nats), values (as the model reads them, with its smallest "
            "noise), energies (nats) at each of the noise levels psnr (dB).",
        )


@st.cache_data(show_spinner=False, max_entries=4, hash_funcs={Drawing: lambda drawing: drawing.content})
def _animation(drawing: Drawing) -> bytes:
    return animation(drawing.denoised)


def _arrays(drawing: Drawing) -> bytes:
    file = io.BytesIO()
    arrays: dict[str, np.ndarray] = {
        "images": drawing.denoised[-1],
        "log_prob": drawing.log_prob,
        "values": drawing.values[-1],
        "energies": np.stack(drawing.energies),
        "psnr": drawing.psnr[: len(drawing.energies)],
    }
    if drawing.acceptance:
        arrays["acceptance"] = np.array(drawing.acceptance)
    np.savez_compressed(file, allow_pickle=False, **arrays)
    return file.getvalue()
