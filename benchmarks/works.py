"""Work that `benchmarks.kills` interrupts, in general: jobs of the queue, and commands of the shell."""

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

from explorer.data.store import open_store, verify_store
from explorer.jobs.kinds import Task
from explorer.jobs.manage import find_job, list_jobs, recover, resume, submit
from explorer.jobs.settings import JobSettings
from explorer.jobs.state import state
from explorer.models.checkpoints import list_checkpoints

__all__ = ["LOCAL", "ROOT", "Command", "Job", "Work", "at_home", "wait"]

ROOT = Path(__file__).resolve().parent.parent
LOCAL = JobSettings(executor="local")

_PATIENCE = 420.0  # seconds; processes of one training wait for each other for 300
_LOOK_EVERY = 0.02
_WORDS_SECONDS = 10.0  # until a job that was killed says so: that of several processes says first that it failed


def wait(condition: Callable[[], bool], what: str, seconds: float = _PATIENCE) -> None:
    """Return once it is so.

    Raises:
        AssertionError: it is not within `seconds`.
    """
    end, pause = time.monotonic() + seconds, threading.Event()
    while not condition():
        assert time.monotonic() < end, f"it did not happen in {seconds:.0f} s: {what}"
        pause.wait(_LOOK_EVERY)


@contextlib.contextmanager
def at_home(home: Path) -> Iterator[None]:
    """Let this process and those that it starts have a data folder, and one thread each, so that sums are equal."""
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
    """Some work in the data folder of the moment.

    Args:
        things: a folder with what all works need; the first that asks for something makes it.
    """

    title = ""

    def __init__(self, things: Path) -> None:
        self.things = things

    @abstractmethod
    def begin(self) -> None:
        """Start it, in processes of its own."""

    @abstractmethod
    def over(self) -> bool:
        """Whether nobody is at it any more, done or not."""

    @abstractmethod
    def done(self) -> bool:
        """Whether it is done; where it is not, what can be known of that must be told."""

    @abstractmethod
    def go_on(self) -> None:
        """Start it again, as a user would."""

    def end(self) -> None:  # noqa: B027 (most begin nothing beside it)
        """End what was begun beside it."""

    @abstractmethod
    def check(self, truth: Path | None = None) -> None:
        """See that all is there and whole, and as in another data folder."""

    def check_listings(self) -> None:
        """See that whatever is there can be read, in the middle of it too, and that no list shows what is not whole."""
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
    """A job of the queue of this machine."""

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
    """A command in the foreground of somebody's shell."""

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
