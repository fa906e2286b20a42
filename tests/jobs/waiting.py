"""Waiting for what other processes do, and ending them."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable

from explorer.errors import ExplorerError
from explorer.jobs.manage import list_jobs, stop
from explorer.jobs.state import state
from explorer.jobs.tasks import member_folders

__all__ = ["PATIENCE", "end_all_jobs", "wait_for"]

PATIENCE = 180.0  # seconds: a busy machine may take long to start a process


def wait_for(condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Return once it is so; fail when it is not within `seconds`."""
    end, pause = time.monotonic() + seconds, threading.Event()
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        pause.wait(0.05)


def end_all_jobs() -> None:
    """End every job of the data folder, those at work at once, and wait until they are gone."""
    for job in list_jobs():
        with contextlib.suppress(ExplorerError):
            stop(job.folder)

    def all_ended() -> bool:
        members = [member for job in list_jobs() for member in member_folders(job.folder)]
        states = [state(member) for member in members]
        for current in states:
            if current.active and current.pid:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(current.pid, signal.SIGKILL)
        return not any(current.open for current in states)

    wait_for(all_ended)
