"""Does the model remember its training images? Their energy beside that of fresh ones, and whether they come back."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import streamlit as st
import torch

from explorer.data.names import dataset_name
from explorer.errors import ExplorerError
from explorer.escaping import in_markdown
from explorer.figures.tools import ZOOM_TOOLS
from explorer.figures.wells import Compared, compared_figure
from explorer.measures.consistency.verdict import with_error
from explorer.measures.shared.noise import noise_generator
from explorer.measures.shared.noise_levels import log_spaced
from explorer.measures.wells.own_and_fresh import OwnAndFresh, own_and_fresh
from explorer.measures.wells.recall import Recall, recall
from explorer.models.checkpoints import Checkpoint
from explorer.training.own_images import OwnImages, TrainedOn, open_own
from explorer.units import format_number, format_percent, noise_variance_from_psnr, psnr_from_noise_variance, with_unit
from explorer.webapp.shell.address import open_page
from explorer.webapp.shell.sidebar import Selection
from explorer.webapp.shell.terms import explained
from explorer.webapp.shell.work import Report, Work, offered
from explorer.webapp.widgets.image_grid import GridImage, image_grid

__all__ = ["offer_memory_test"]

_IMAGES = 64  # of each kind, whose energy is compared
_LEVELS = 9
_LARGEST = 1.0  # noise variance
_STARTED = 12  # of each kind, of which it is seen whether they come back
_STARTS = (30, 20, 15, 10, 5, 0)  # dB
_STEPS = 16


@dataclass(frozen=True)
class _Found:
    """As far as it is measured.

    Attributes:
        images: own and fresh ones.
        levels: own beside fresh.
        own, fresh: where they end from noise, in the order of `_STARTS`.
    """

    images: OwnImages
    levels: tuple[OwnAndFresh, ...] = ()
    own: tuple[Recall, ...] = ()
    fresh: tuple[Recall, ...] = ()

    @property
    def share(self) -> float:
        return (1 + len(self.levels) + len(self.own) + len(self.fresh)) / (1 + _LEVELS + 2 * len(_STARTS))


def offer_memory_test(selection: Selection) -> Work[_Found]:
    """Draw the button and what is found."""
    checkpoint = selection.checkpoint
    st.markdown("#### Does this model remember?", help=explained("Memorization", "Memory"))
    st.caption(
        "Images that the model was trained on beside fresh ones of the same kind. A density of images gives both the "
        "same log p and denoises both as well; a model that has learned its images by heart does not."
    )

    def advance(found: _Found | None, report: Report) -> tuple[_Found, float]:
        after = _begin(selection, report) if found is None else _go_on(found, checkpoint)
        return after, after.share

    work = offered("memory", (checkpoint.fingerprint, selection.dataset), "Measure", advance)
    if work.result is not None and work.result.levels:
        _show(work.result, checkpoint)
    if st.button("The nearest training image of each sample: in Sample", icon=":material/casino:"):
        open_page("sample")
    return work


def _begin(selection: Selection, report: Report) -> _Found:
    checkpoint = selection.checkpoint

    def progress(done: int, total: int | None) -> None:
        report(done / total / 100 if total else 0.0)

    images = open_own(checkpoint.config, selection.dataset, checkpoint.model.image_shape, progress=progress)
    if images is None:
        raise ExplorerError(_why_unknown(checkpoint, selection.dataset))
    return _Found(images)


def _why_unknown(checkpoint: Checkpoint, dataset: str) -> str:
    name, own = checkpoint.name, checkpoint.config.dataset
    if not own or TrainedOn.of(checkpoint.config) is None:
        return f"{name} does not say how it was trained: its training images are not known. Choose another model."
    if dataset_name(dataset) != own:
        return f"{name} was trained on {own}, not on {dataset_name(dataset)}. Choose {own} in the sidebar."
    return f"All images of {own} were used to train {name}: there are no fresh ones to compare. Choose another model."


def _go_on(found: _Found, checkpoint: Checkpoint) -> _Found:
    """One noise level more."""
    model, values = checkpoint.model, checkpoint.values
    if len(found.levels) < _LEVELS:
        t = log_spaced(model.t_low, max(_LARGEST, 10 * model.t_low), _LEVELS)[len(found.levels)]
        generator = noise_generator(1)
        some = (torch.from_numpy(pixels[_evenly(pixels, _IMAGES)]) for pixels in found.images)
        own, fresh = (values.dequantized(pixels, generator) for pixels in some)
        return replace(found, levels=(*found.levels, *own_and_fresh(model, own, fresh, [t], len(found.levels))))
    name, pixels = ("own", found.images.own) if len(found.own) < len(_STARTS) else ("fresh", found.images.fresh)
    before: tuple[Recall, ...] = getattr(found, name)
    t = float(noise_variance_from_psnr(_STARTS[len(before)]))
    places = _evenly(pixels, _STARTED)
    (more,) = recall(model, values, pixels, places, [max(t, 1.01 * model.t_low)], steps=_STEPS, seed=len(before))
    after = (*before, more)
    return replace(found, own=after) if name == "own" else replace(found, fresh=after)


def _evenly(pixels: np.ndarray, most: int) -> list[int]:
    """Numbers of at most so many images, evenly spaced."""
    count = min(most, len(pixels))
    return [k * len(pixels) // count for k in range(count)]


def _show(found: _Found, checkpoint: Checkpoint) -> None:
    per_bit = checkpoint.model.dimensions * math.log(2)
    first = found.levels[0]
    st.markdown(
        f"log p of training images of {in_markdown(checkpoint.name)} minus that of fresh ones is "
        f"**{with_error(first.difference / per_bit, first.error / per_bit, 3)} bits/dimension**, with its standard "
        f"error. {_decided(first)}"
    )
    psnr = [level.psnr for level in found.levels]
    cells = st.grid(3, min_column_width=320, gap="medium")
    with cells.cell():
        st.markdown("**log p: own minus fresh**")
        values = [level.difference / per_bit for level in found.levels]
        errors = [2 * level.error / per_bit for level in found.levels]
        title = with_unit("own minus fresh", "bits/dimension")
        figure = compared_figure([Compared("difference", psnr, values, errors)], title, "+.3f", zero=True)
        st.plotly_chart(figure, key="own_fresh", config=ZOOM_TOOLS, alt="log p of own minus fresh images")
        st.caption("Bars are two standard errors.")
    with cells.cell():
        st.markdown("**Denoised**")
        curves = [
            Compared(name, psnr, [float(psnr_from_noise_variance(max(level.t * mse, 1e-12))) for level, mse in pairs])
            for name, pairs in (
                ("own", [(level, level.own_mse) for level in found.levels]),
                ("fresh", [(level, level.fresh_mse) for level in found.levels]),
            )
        ]
        figure = compared_figure(curves, with_unit("denoised", "dB PSNR"), ".2f")
        st.plotly_chart(figure, key="own_fresh_denoised", config=ZOOM_TOOLS, alt="PSNR of denoised images")
    with cells.cell():
        st.markdown("**Do they come back?**")
        if found.own:
            _show_recall(found)
    if found.own:
        _show_examples(found)


def _decided(first: OwnAndFresh) -> str:
    if abs(first.difference) < 2 * first.error:
        return "That is no more than chance explains."
    if first.difference < 0:
        return "The model does not know them better than others."
    return f"That is {first.difference / first.error:.1f} standard errors: the model knows them better than others."


def _show_recall(found: _Found) -> None:
    curves = [
        Compared(name, [each.psnr for each in found_], [255 * float(each.distance.mean()) for each in found_])
        for name, found_ in (("own", found.own), ("fresh", found.fresh))
    ]
    figure = compared_figure(curves, with_unit("distance from the beginning", "gray levels"), ".1f")
    st.plotly_chart(figure, key="recall", config=ZOOM_TOOLS, alt="Distance of the end of the flow from its beginning")
    shares = ", ".join(f"{format_percent(each.share)} from {format_number(each.psnr, '.0f')} dB" for each in found.own)
    st.caption(
        f"{len(found.own[0].back)} images of each kind with noise, followed along the probability flow to an image. Of "
        f"{len(found.images.own):,} own images the nearest to the end is the one that it began at: {shares}."
    )


def _show_examples(found: _Found) -> None:
    """Own images, and where they end, at the noise level with the largest noise from which some come back."""
    level = next((each for each in reversed(found.own) if each.back.any()), found.own[-1])
    st.markdown(f"**Own images and where they end from {format_number(level.psnr, '.0f')} dB.**")
    items = []
    begins = found.images.own[_evenly(found.images.own, _STARTED)]
    ends = zip(begins, level.ends, level.distance.tolist(), level.back.tolist(), strict=True)
    for k, (begin, end, distance, back) in enumerate(ends):
        gap = np.full((begin.shape[0], begin.shape[1], max(1, begin.shape[2] // 16)), 255, np.uint8)
        text = f"{255 * distance:.1f}"
        told = "comes back" if back else "ends nearer to another one"
        items.append(
            GridImage(
                np.concatenate((begin, gap, end), axis=2),
                text,
                "back" if back else "",
                f"training image {k + 1} and its end, {text} gray levels apart; it {told}",
            )
        )
    image_grid(items, "recalled", 110, "Training images and where they end")
