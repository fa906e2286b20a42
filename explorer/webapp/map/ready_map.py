"""The map of a data set: found, or made, or offered to be made."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer.catalog.map import Map, build_map, find_map
from explorer.data.sources import Split
from explorer.data.store import Store
from explorer.escaping import in_markdown
from explorer.jobs.kinds import MapTask
from explorer.models.checkpoints import Checkpoint
from explorer.units import format_percent
from explorer.webapp.shell.background import send, watch

__all__ = ["ready_map"]

_AT_ONCE = 3_000
"""A data set of up to this many images is mapped without being asked for, and while one waits."""


def ready_map(checkpoint: Checkpoint, images: Store, split: Split) -> Map | None:
    """The map of a model and a part of a data set; None while it does not exist, with the way to make it on the screen.

    Raises:
        ExplorerError: it cannot be made or stored.
    """
    found = find_map(checkpoint, images)
    if found is not None:
        return found
    if len(images) <= _AT_ONCE:
        place = st.empty()
        found = _build(place, checkpoint, images)
        place.empty()
        return found
    task = MapTask(checkpoint=checkpoint.name, dataset=images.source, split=split)
    if not watch(task):
        st.info(
            in_markdown(
                f"There is no map of the {len(images):,} images of {images.name} yet. {checkpoint.name} has to look at "
                "each of them, twice, and then UMAP places them."
            ),
            icon=":material/hourglass_empty:",
        )
        st.button(
            "Make the map",
            type="primary",
            icon=":material/play_arrow:",
            on_click=send,
            args=(task,),
            help="In the background, as a job: it goes on when this page is closed.",
        )
    return None


def _build(place: DeltaGenerator, checkpoint: Checkpoint, images: Store) -> Map:
    bar = place.progress(0.0)

    def progress(done: int, total: int | None) -> None:
        total = total or max(done, 1)
        if done < len(images):
            what = f"{checkpoint.name} looks at {len(images):,} images"
        elif done == len(images):
            what = "UMAP is loading, which takes a while the first time"
        else:
            what = "UMAP places the images"
        bar.progress(done / total, in_markdown(f"{what}: {format_percent(done / total)}"))

    return build_map(checkpoint, images, progress=progress)
