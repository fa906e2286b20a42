"""The catalog that a page needs: the stored one, else one built on the spot, or by a job if there are many images."""

from __future__ import annotations

import time

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer.catalog.build import build_catalog, estimate_seconds, rows_done
from explorer.catalog.query import Catalog
from explorer.data.sources import Split
from explorer.data.store import Store
from explorer.escaping import in_markdown
from explorer.jobs.kinds import CatalogTask
from explorer.jobs.progress import duration
from explorer.models.checkpoints import Checkpoint
from explorer.units import format_percent
from explorer.webapp.shell.background import send, watch
from explorer.webapp.shell.loaders import catalog as stored_catalog

__all__ = ["ready_catalog"]

_AT_ONCE = 3_000
"""A data set of up to this many images of 64 x 64 pixels, or of as many pixels, is scored while the user waits."""

_PIXELS = 64 * 64


def ready_catalog(checkpoint: Checkpoint, images: Store, split: Split) -> Catalog | None:
    """The catalog of a model and a part of a data set; None while it does not exist, with the way to build it on the
    screen.

    Raises:
        ExplorerError: it cannot be built or stored.
    """
    catalog = stored_catalog(checkpoint, images)
    if catalog is not None:
        return catalog
    place = st.empty()
    wish = f"catalog-{checkpoint.fingerprint}-{images.fingerprint}"
    if st.session_state.get(wish, _cost(images) <= _AT_ONCE):
        catalog = _build(place, checkpoint, images, wish)
        place.empty()
        return catalog
    task = CatalogTask(checkpoint=checkpoint.name, dataset=images.source, split=split)
    if not watch(task):
        _offer(checkpoint, images, task)
    return None


def _build(place: DeltaGenerator, checkpoint: Checkpoint, images: Store, wish: str) -> Catalog | None:
    what = in_markdown(f"Scoring {len(images):,} images with {checkpoint.name}")
    with place.container():
        bar = st.progress(0.0, f"{what}…")
        st.button(
            "Stop scoring",
            key=f"stop-{wish}",  # A page that compares two models may build both of their catalogs.
            icon=":material/stop:",
            on_click=_set,
            args=(wish, False),
            help="What is done so far is kept.",
        )
    began, first = time.monotonic(), None

    def progress(done: int, total: int | None) -> None:
        nonlocal first
        total = total or max(done, 1)
        seconds = time.monotonic() - began
        if first is None or seconds < 1:
            first = done  # stored parts take no time, and tell nothing about the others
        left = ""
        if done > first and seconds > 3:
            left = f", about {duration(seconds * (total - done) / (done - first))} left"
        bar.progress(done / total, f"{what}: {format_percent(done / total)}{left}")

    return build_catalog(checkpoint, images, progress=progress)


def _offer(checkpoint: Checkpoint, images: Store, task: CatalogTask) -> None:
    done = rows_done(checkpoint, images)
    estimate = f"catalog-{checkpoint.fingerprint}-{images.fingerprint}-{done}-seconds"
    if estimate not in st.session_state:
        with st.spinner("Timing the model on a few images…"):
            st.session_state[estimate] = estimate_seconds(checkpoint, images)
    which, rest = (f"{done:,} of the {len(images):,}", "The rest") if done else (f"none of the {len(images):,}", "That")
    st.info(
        in_markdown(
            f"{checkpoint.name} has scored {which} images of {images.name} so far. {rest} takes about "
            f"{duration(st.session_state[estimate])} on this machine, once."
        ),
        icon=":material/hourglass_empty:",
    )
    st.button(
        "Resume" if done else "Score the images",
        key=f"send-{estimate}",
        type="primary",
        icon=":material/play_arrow:",
        on_click=send,
        args=(task,),
        help="In the background, as a job: it goes on when this page is closed.",
    )


def _cost(images: Store) -> float:
    """In images of 64 x 64 pixels; a smaller one takes as long."""
    _, height, width = images.image_shape
    return len(images) * max(1.0, height * width / _PIXELS)


def _set(key: str, value: bool) -> None:
    st.session_state[key] = value
