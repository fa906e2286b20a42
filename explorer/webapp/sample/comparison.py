"""Samples beside data: are they as probable, and were they drawn or remembered?"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import streamlit as st
import torch

from explorer.data.names import dataset_name
from explorer.data.store import Store
from explorer.escaping import in_markdown
from explorer.figures.sampling import sample_histogram
from explorer.figures.tools import NO_TOOLS
from explorer.measures.consistency.verdict import with_error
from explorer.measures.sampling.nearest import Nearest, nearest_images
from explorer.measures.sampling.own_samples import compare_log_prob, log_prob_with_noise
from explorer.measures.shared.noise import noise_generator
from explorer.models.checkpoints import Checkpoint
from explorer.training.own_images import TrainedOn
from explorer.webapp.sample.drawing import Drawing
from explorer.webapp.shell.address import open_page
from explorer.webapp.shell.loaders import infer, store
from explorer.webapp.shell.sidebar import Selection
from explorer.webapp.shell.terms import explained
from explorer.webapp.widgets.image_grid import GridImage, image_grid

__all__ = ["data_panel", "nearest_panel"]

_DATA_IMAGES = 128
_SHOWN_AT_ONCE, _HEIGHT = 16, 420  # pairs; pixels of what scrolls where there are more


def data_panel(drawing: Drawing, selection: Selection, images: Store) -> None:
    """log p of the samples beside that of data with the same noise, and the difference of their means."""
    checkpoint = selection.checkpoint
    t = drawing.way.ts[-1]
    data = _data_log_prob(checkpoint, images, t)
    st.markdown(
        "**Are samples as probable as data?** Both with the model's smallest noise; data from "
        f"{in_markdown(selection.dataset_name)}.",
        help=explained("Own samples", "bits/dimension"),
    )
    figure = sample_histogram(drawing.log_prob, data, selection.unit, checkpoint.model.dimensions)
    st.plotly_chart(figure, key="samples_and_data", config=NO_TOOLS, alt="Histograms of log p of samples and of data")
    if len(drawing.log_prob) < 2:
        return
    both = compare_log_prob(torch.from_numpy(drawing.log_prob), torch.from_numpy(data), checkpoint.model.dimensions, t)
    which = "less probable than data" if both.difference > 0 else "more probable than data"
    verdict = (
        "no more than chance explains"
        if abs(both.difference) <= 2 * both.error
        else f"so samples are {which}: the density differs from that of the data, or the sampler does not reach it"
    )
    st.caption(
        f"Mean −log₂ p: {with_error(both.model, both.model_error, 3, plus=False)} bits/dimension for {both.samples} "
        f"samples, {with_error(both.data, both.data_error, 3, plus=False)} for {both.images} images. The difference is "
        f"{with_error(both.difference, both.error, 3)}, {verdict}."
    )
    if st.button("See the check of its own samples in Trust", icon=":material/verified:"):
        open_page("trust")


def nearest_panel(drawing: Drawing, selection: Selection) -> None:
    """The nearest image of the data set to each sample."""
    st.markdown("**Drawn or remembered?** Each sample, and the image of the data set that is nearest to it.")
    known = _searched(selection)
    result = _nearest(drawing.denoised[-1], known)
    items = []
    for k, (sample, place, distance) in enumerate(
        zip(drawing.denoised[-1], result.place.tolist(), result.distance.tolist(), strict=True)
    ):
        gap = np.full((sample.shape[0], sample.shape[1], max(1, sample.shape[2] // 16)), 255, np.uint8)
        pair = np.concatenate((sample, gap, known.pixels[place]), axis=2)
        text = f"{255 * distance:.1f}"
        items.append(GridImage(pair, text, "", f"image {k + 1} and image {place}, {text} gray levels apart"))
    with st.container(height="content" if len(items) <= _SHOWN_AT_ONCE else _HEIGHT, border=False):
        image_grid(items, key="nearest", cell=110)
    own = selection.dataset_name == selection.checkpoint.config.dataset
    which = (
        "training images"
        if own
        else f"images of {in_markdown(selection.dataset_name)}, which the model was not trained on,"
    )
    st.caption(
        f"Right: the nearest of {len(known.pixels):,} {which} with the root mean square difference of their pixels in "
        "gray levels of 255. A model that has memorized draws what it was shown, and the difference is near 0."
    )


@dataclass(frozen=True)
class _Searched:
    """Images among which the nearest is sought: some of a store, or all of it."""

    images: Store
    rows: np.ndarray | None = None

    @cached_property
    def pixels(self) -> np.ndarray:
        """uint8, shape ``(N, C, H, W)``."""
        return self.images.pixels if self.rows is None else self.images.pixels[self.rows]


def _searched(selection: Selection) -> _Searched:
    """The images that the model was trained on when they are chosen, else all that are."""
    config = selection.checkpoint.config
    shape = selection.checkpoint.model.image_shape
    if dataset_name(selection.dataset) != config.dataset:
        return _Searched(store(selection.dataset, shape, "all"))
    trained = TrainedOn.of(config) or TrainedOn()
    images = store(selection.dataset, shape, "train", trained.crops)
    return _Searched(images, None if trained.is_whole else trained.rows(images))


@st.cache_data(
    show_spinner="Looking for the nearest images…",
    max_entries=8,
    hash_funcs={_Searched: lambda known: (known.images.fingerprint, known.rows)},
)
def _nearest(images: np.ndarray, known: _Searched) -> Nearest:
    return nearest_images(images, known.pixels)


@st.cache_data(
    show_spinner="Scoring images of the data set…",
    max_entries=32,
    hash_funcs={Checkpoint: lambda c: c.fingerprint, Store: lambda s: s.fingerprint},
)
def _data_log_prob(checkpoint: Checkpoint, images: Store, t: float) -> np.ndarray:
    pixels = torch.from_numpy(np.array(images.pixels[:_DATA_IMAGES]))
    x = checkpoint.values.dequantized(pixels, noise_generator(1))
    return infer(log_prob_with_noise, checkpoint.model, x, t).double().numpy()
