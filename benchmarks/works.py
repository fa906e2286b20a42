"""The two ways in which work that `benchmarks.kills` interrupts is run: jobs of the queue, and commands of a shell."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.app import ROOT
from explorer.data.store import open_store, verify_store
from explorer.jobs.kinds import Task
from explorer.jobs.manage import find_job, list_jobs, recover, resume, submit
from explorer.jobs.settings import JobSettings
from explorer.jobs.state import state
from explorer.models.checkpoints import list_checkpoints

__all__ = ["LOCAL", "PATIENCE", "Command", "Job", "Work", "at_home", "wait"]

LOCAL = JobSettings(executor="local")
PATIENCE = 420.0
"""Seconds; processes of one training wait for each other for 300."""

_LOOK_EVERY = 0.02
_WORDS_SECONDS = 10.0  # until a killed job says so; a job of several processes first says that it failed


def wait(condition: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    """Return once a condition holds.

    Raises:
        AssertionError: it does not within `seconds`.
    """
    end, pause = time.monotonic() + seconds, threading.Event()
    while not condition():
        assert time.monotonic() < end, f"it did not happen in {seconds:.0f} s: {what}"
        pause.wait(_LOOK_EVERY)


@contextlib.contextmanager
def at_home(home: Path) -> Iterator[None]:
    """Give this process and those it starts a data folder, and one thread each, so that sums are equal."""
    changed = {"EXPLORER_HOME": str(home), "EXPLORER_DATASETS": "", "OMP_NUM_THREADS": "1"}
    before = {name: os.environ.get(name) for name in changed}
    os.environ.update(changed)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


class Work(ABC):
    """Work in the current data folder.

    Args:
        things: a folder with the inputs that all works share; the first that needs one makes it.
    """

    title = ""

    def __init__(self, things: Path) -> None:
        self.things = things

    @abstractmethod
    def begin(self) -> None:
        """Start it in processes of its own."""

    @abstractmethod
    def over(self) -> bool:
        """Whether no process works on it any more, finished or not."""

    @abstractmethod
    def done(self) -> bool:
        """Whether it is finished; where it is not, asserts that the reason is reported."""

    @abstractmethod
    def go_on(self) -> None:
        """Start it again, as a user would."""

    def end(self) -> None:  # noqa: B027 (most start nothing else)
        """Stop what was started with it."""

    @abstractmethod
    def check(self, truth: Path | None = None) -> None:
        """Assert that the result is complete, and equal to that in another data folder."""

    def check_listings(self) -> None:
        """Assert that whatever exists can be read, even in mid-work, and that no list shows what is incomplete."""
        home = Path(os.environ["EXPLORER_HOME"])
        for path in home.rglob("*.json"):
            if not any(part.startswith(".") for part in path.relative_to(home).parts):
                json.loads(path.read_bytes())
        for info in list_checkpoints():
            assert info.problem is None, f"the checkpoint {info.name} is listed, and {info.problem}"
        names = [job.name for job in list_jobs()] + [info.name for info in list_checkpoints()]
        assert not [name for name in names if name.startswith(".") or "tmp" in name]
        stores = home / "stores"
        for folder in stores.iterdir() if stores.is_dir() else ():
            if folder.is_dir() and not folder.name.startswith("."):
                verify_store(open_store(folder))


class Job(Work):
    """A job in the queue of this machine."""

    @abstractmethod
    def create(self) -> tuple[Path, Task]:
        """The folder and the task of a new job."""

    def begin(self) -> None:
        self.folder, task = self.create()
        submit(self.folder, LOCAL, task)

    def over(self) -> bool:
        recover()  # as the pages do while they show a job that waits
        return not state(self.folder).open

    def done(self) -> bool:
        with contextlib.suppress(AssertionError):
            wait(
                lambda: state(self.folder).status in ("finished", "killed"),
                "it says that it was killed",
                _WORDS_SECONDS,
            )
        now = find_job(self.folder.name).state
        sentence = now.status == "killed" and "Resume" in now.message
        assert now.status == "finished" or sentence, f"it is {now.status}: {now.message!r}"
        return now.status == "finished"

    def go_on(self) -> None:
        resume(self.folder)


class Command(Work):
    """A command in the foreground of a shell."""

    @abstractmethod
    def command(self) -> list[str]:
        """Arguments of Python."""

    def begin(self) -> None:
        self.printed = tempfile.TemporaryFile()  # noqa: SIM115 (closed by `end`)
        self.process = subprocess.Popen(
            [sys.executable, *self.command()],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=self.printed,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def over(self) -> bool:
        return self.process.poll() is not None

    def done(self) -> bool:
        self.printed.seek(0)
        printed = self.printed.read().decode(errors="replace")
        assert self.process.returncode in (0, -9), f"exit status {self.process.returncode}: {printed[-500:]}"
        return self.process.returncode == 0

    def go_on(self) -> None:
        self.end()
        self.begin()

    def end(self) -> None:
        self.printed.close()
