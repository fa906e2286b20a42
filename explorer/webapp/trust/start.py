"""Check a model: quickly on the spot, with progress and stop, or fully as a job."""

from __future__ import annotations

import streamlit as st
import torch

from explorer.data.other import open_other
from explorer.errors import ExplorerError
from explorer.escaping import in_markdown
from explorer.jobs.kinds import EvaluateTask
from explorer.measures.consistency.checks import QUICK
from explorer.measures.consistency.storage import check_and_keep
from explorer.training.own_images import open_own
from explorer.webapp.shell.background import send, watch
from explorer.webapp.shell.loaders import store
from explorer.webapp.shell.sidebar import Selection

__all__ = ["offer_checks"]

_PROBLEM = "checks-problem"


def offer_checks(selection: Selection) -> None:
    """Two buttons, for about a minute and for as long as it takes; then how far the checks are, or what went wrong."""
    if _PROBLEM in st.session_state:
        st.error(in_markdown(st.session_state.pop(_PROBLEM)), icon=":material/error:")
    row = st.container(horizontal=True, vertical_alignment="center")
    key = f"checks-{selection.checkpoint.fingerprint}-{selection.dataset}"
    full = EvaluateTask(checkpoint=selection.checkpoint.name, dataset=selection.dataset)
    running = st.session_state.get(key, False)
    at_work = watch(full)
    row.button(
        "Run the quick checks",
        type="primary",
        icon=":material/bolt:",
        on_click=_ask,
        args=(key, True),
        disabled=running,
        help="All checks on few images: about a minute.",
    )
    row.button(
        "Run the full checks",
        icon=":material/fact_check:",
        on_click=send,
        args=(full,),
        disabled=running or at_work,
        help="More images, more noise levels, smaller errors: many minutes for images of 32 × 32 and more. A job does "
        "it in the background.",
    )
    if running:
        row.button(
            "Stop",
            icon=":material/stop:",
            on_click=_ask,
            args=(key, False),
            help="What is measured is kept, unless these checks were made before.",
        )
        _run(selection, key)


def _run(selection: Selection, key: str) -> None:
    """Run the quick checks, show how far they are, keep the report, and draw the page again."""
    bar = st.progress(0.0, "Opening the images…")
    checkpoint = selection.checkpoint

    def show(title: str, share: float) -> None:
        bar.progress(min(share, 1.0), f"{title}…")

    def prepare(done: int, total: int | None) -> None:
        if total:
            bar.progress(min(done / total, 1.0), f"Preparing the training images: {done:,} of {total:,}")

    try:
        images = store(selection.dataset, checkpoint.model.image_shape, selection.split)
        own = (checkpoint.config.dataset, selection.dataset)
        other = open_other(checkpoint.model.image_shape, checkpoint.values, own)
        trained_on = open_own(checkpoint.config, selection.dataset, checkpoint.model.image_shape, QUICK.images, prepare)
        check_and_keep(checkpoint, images, QUICK, show, other, selection.split, trained_on)
    except ExplorerError as error:
        st.session_state[_PROBLEM] = str(error)
    except torch.OutOfMemoryError:
        st.session_state[_PROBLEM] = "The checks ran out of GPU memory. Close other programs and try again."
    finally:
        # Also when the page is left or Stop is pressed, which ends this run of the script.
        st.session_state[key] = False
    st.rerun()


def _ask(key: str, wish: bool) -> None:
    st.session_state[key] = wish
