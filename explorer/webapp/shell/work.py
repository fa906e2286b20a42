"""Work of many seconds on a page: begun with a button or at once, watched, stopped, gone on with.

It advances on the thread of the run itself, which ends where somebody clicks anything: what was found stays in the
session, and the next run goes on from there unless that was Stop. So a page draws all that it has first, offers its
works with `offered`, and carries on with those that are wanted at its end. None of this in a fragment: what is clicked
in one does not end the run that is under way.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer.errors import ExplorerError
from explorer.escaping import in_markdown
from explorer.jobs.progress import duration
from explorer.units import format_percent

__all__ = ["Advance", "Report", "Work", "carry_on", "offered"]

Result = TypeVar("Result")

Report = Callable[[float], None]
"""Told the share of the whole work that is done, in [0, 1]."""

Advance = Callable[["Result | None", Report], "tuple[Result, float]"]
"""Goes on from what there is so far (None at first); returns what there is then, and the share of the work that is
done, 1 at the end. It may be interrupted whenever it reports, and is then asked again."""

_REFRESH = 0.25  # seconds
_TELLING = 0.05  # the share from which on the time that is left can be told
_PERCENT = 0.01


@dataclass
class Work(Generic[Result]):
    """A piece of work of one visit.

    Attributes:
        content: what its result follows from.
        advance: how it goes on.
        show: draws what there is so far while it goes on; None for nothing.
        result: so far; None before there is any.
        share: done, in [0, 1].
        seconds: that it took.
        wanted: whether it is to go on.
        problem: why it cannot; empty when it can.
        bar, preview: places on the page, of the run that is under way.
    """

    content: Hashable
    advance: Advance[Result]
    show: Callable[[Result], None] | None = None
    result: Result | None = None
    share: float = 0.0
    seconds: float = 0.0
    wanted: bool = False
    problem: str = ""
    bar: DeltaGenerator | None = field(default=None, repr=False)
    preview: DeltaGenerator | None = field(default=None, repr=False)

    @property
    def finished(self) -> bool:
        """Whether the result is complete."""
        return self.result is not None and self.share >= 1


def offered(
    name: str,
    content: Hashable,
    label: str,
    advance: Advance[Result],
    show: Callable[[Result], None] | None = None,
    icon: str = ":material/play_arrow:",
    at_once: bool = False,
) -> Work[Result]:
    """Draw the button of a work and the place of its progress, unless it is finished; returns it as far as it is.

    Args:
        name: of the work on the page.
        content: what the result follows from; where that is another than before, the work is a new one.
        label: of the button that begins it.
        advance: how it goes on; a new work keeps this one.
        show: draws what there is so far while it goes on.
        icon: of the button that begins it.
        at_once: begin a new work without a click.
    """
    key = f"work {name}"
    work: Work[Result] | None = st.session_state.get(key)
    if work is None or work.content != content:
        work = st.session_state[key] = Work(content, advance, show, wanted=at_once)
    if work.finished:
        return work
    row = st.container(horizontal=True, vertical_alignment="center")
    if work.wanted:
        label, icon = "Stop", ":material/stop:"
    elif work.result is not None:
        label, icon = "Go on", ":material/play_arrow:"
    row.button(label, key=f"button {name}", icon=icon, on_click=_want, args=(work, not work.wanted))
    work.bar = row.container(width="stretch").empty()
    if not work.wanted and work.seconds:
        work.bar.caption(f"Stopped at {format_percent(work.share)}.")
    work.preview = st.empty()
    if work.problem:
        st.error(in_markdown(work.problem), icon=":material/error:")
    return work


def carry_on(works: Sequence[Work[Any]]) -> None:
    """Go on with those that are wanted, one after the other, and draw the page again when one is done."""
    for work in works:
        if work.wanted and not work.finished:
            _carry_on(work)
            st.rerun()


def _carry_on(work: Work[Any]) -> None:
    reported, shown = -_REFRESH, -_REFRESH

    def report(share: float) -> None:
        nonlocal reported
        now = time.monotonic()
        if work.bar is not None and now - reported > _REFRESH:
            reported = now
            work.bar.progress(min(share, 1.0), _how_far(share, work.seconds + now - began))

    while not work.finished:
        began = time.monotonic()
        report(work.share)
        try:
            work.result, work.share = work.advance(work.result, report)
        except ExplorerError as error:
            work.problem, work.wanted = str(error), False
            return
        finally:
            work.seconds += time.monotonic() - began
        if work.show is not None and work.preview is not None and time.monotonic() - shown > _REFRESH:
            with work.preview.container():
                work.show(work.result)
            shown = time.monotonic()
    work.wanted = False


def _how_far(share: float, seconds: float) -> str:
    if share < _TELLING:
        return format_percent(share) if share >= _PERCENT / 2 else "Begun…"
    left = seconds * (1 - share) / share
    return format_percent(share) + (f", about {duration(left)} left" if left > 2 else "")


def _want(work: Work[Any], wanted: bool) -> None:
    work.wanted, work.problem = wanted, ""
