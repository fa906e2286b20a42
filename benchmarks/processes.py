"""Processes of one data folder, as the system lists them: those whose environment names it. Needs ``/proc``."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

__all__ = ["Process", "Watch", "is_in_table", "processes_of"]

_LOOK_EVERY = 0.1  # seconds

_ROLES = {
    "explorer.jobs.queue": "queue",
    "submitit.local._local": "controller",
    "submitit.core._submit": "supervisor",
    "explorer.jobs.worker": "worker",
}


class Process(NamedTuple):
    """A process.

    Attributes:
        pid: its number, which another may have later.
        started: when, in ticks since boot; with `pid` it identifies the process.
        role: ``queue``, ``controller`` (submitit's), ``supervisor``, ``worker``, or else its command.
        rank: its number among the processes of a job.
    """

    pid: int
    started: str
    role: str
    rank: int


def processes_of(home: Path) -> list[Process]:
    """The living processes that were started with this data folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):  # ended, or not ours to read
                environment = dict(
                    item.partition("=")[::2]
                    for item in (entry / "environ").read_bytes().decode(errors="replace").split("\0")
                )
                if environment.get("EXPLORER_HOME") == str(home):
                    command = (entry / "cmdline").read_bytes().decode(errors="replace").replace("\0", " ").strip()
                    role = next((role for module, role in _ROLES.items() if module in command), command)
                    # submitit's processes inherit the number of none.
                    rank = environment.get("RANK") or environment.get("SUBMITIT_LOCAL_GLOBALID") or "0"
                    found.append(Process(int(entry.name), _started(int(entry.name)), role, int(rank)))
    return found


def is_in_table(process: Process) -> bool:
    """Whether a process is alive, or a zombie: dead, with an exit status that was not collected."""
    return _started(process.pid) == process.started


def _started(pid: int) -> str:
    try:
        # The name, in parentheses, may have anything in it.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


class Watch:
    """A context that notes every process of a data folder: a dead one no longer says to which it belonged.

    Args:
        home: the data folder.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self._seen: set[Process] = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def left(self) -> list[Process]:
        """Those that were seen and are still there, dead or alive."""
        return [process for process in self._seen | set(processes_of(self.home)) if is_in_table(process)]

    def _look(self) -> None:
        while not self._over.wait(_LOOK_EVERY):
            self._seen |= set(processes_of(self.home))
