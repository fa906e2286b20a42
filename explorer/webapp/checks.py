"""Run the checks of a model on the spot, with progress and stop."""

from __future__ import annotations

import streamlit as st
import torch

from explorer.errors import ExplorerError
from explorer.measures.reports import find_report, save_report
from explorer.measures.trust import FULL, QUICK, Effort, run_checks
from explorer.webapp.loaders import store
from explorer.webapp.sidebar import Selection

__all__ = ["asked_for", "offer_checks", "run_asked_checks"]

_PROBLEM = "checks-problem"
_EFFORTS: dict[str, Effort] = {"quick": QUICK, "full": FULL}


def offer_checks(selection: Selection) -> None:
    """Two buttons: a minute, or as long as it takes; and what went wrong the last time."""
    if _PROBLEM in st.session_state:
        st.error(st.session_state.pop(_PROBLEM), icon=":material/error:")
    row = st.container(horizontal=True, vertical_alignment="center")
    key, running = _key(selection), asked_for(selection)
    row.button(
        "Run the quick checks",
        type="primary",
        icon=":material/bolt:",
        on_click=_ask,
        args=(key, "quick"),
        disabled=running,
        help="All checks on few images: about a minute.",
    )
    row.button(
        "Run the full checks",
        icon=":material/fact_check:",
        on_click=_ask,
        args=(key, "full"),
        disabled=running,
        help="More images, more noise levels, smaller errors: many minutes for images of 32 × 32 and more.",
    )
    if running:
        row.button(
            "Stop",
            icon=":material/stop:",
            on_click=_ask,
            args=(key, None),
            help="What is measured is kept, unless there is a report already.",
        )


def asked_for(selection: Selection) -> bool:
    """Whether checks of this model on this data set were asked for and have not ended."""
    return st.session_state.get(_key(selection)) is not None


def run_asked_checks(selection: Selection) -> None:
    """Run them, show how far they are, keep the report, and draw the page again."""
    key = _key(selection)
    effort = _EFFORTS[st.session_state[key]]
    checkpoint = selection.checkpoint
    bar = st.progress(0.0, "Opening the images…")
    try:
        images = store(selection.dataset, checkpoint.model.image_shape)
        first = find_report(checkpoint) is None
        report = run_checks(
            checkpoint,
            images.pixels[: effort.nll_images],
            images.name,
            effort,
            progress=lambda what, share: bar.progress(min(share, 1.0), f"{what}…"),
            # A report that is cut short is better than none, but not than one that is whole.
            keep=(lambda part: save_report(checkpoint, part)) if first else None,
        )
        save_report(checkpoint, report)
    except ExplorerError as error:
        st.session_state[_PROBLEM] = str(error)
    except torch.OutOfMemoryError:
        st.session_state[_PROBLEM] = "The checks ran out of GPU memory. Close other programs and try again."
    finally:
        # Also when the page is left or Stop is pressed, which ends this run of the script.
        st.session_state[key] = None
    st.rerun()


def _key(selection: Selection) -> str:
    return f"checks-{selection.checkpoint.fingerprint}-{selection.dataset}"


def _ask(key: str, effort: str | None) -> None:
    st.session_state[key] = effort
