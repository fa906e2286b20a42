"""Training jobs on this machine: one detached process a run, which outlives the browser and the app.

Everything known of a job is read from its run folder, so that it does not matter who launched it or when. See
`explorer.jobs.worker` for the process itself.
"""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import explorer
from explorer.errors import ExplorerError
from explorer.home import data_home, subfolder
from explorer.jobs.locks import held, is_held
from explorer.jobs.record import read_record
from explorer.jobs.worker import LOCK_FILE, STARTED, STOP_FILE
from explorer.training.run import Run

__all__ = [
    "Job",
    "JobState",
    "Status",
    "check_free",
    "delete",
    "launch",
    "list_jobs",
    "max_running",
    "read_log",
    "resume",
    "run_folder",
    "state",
    "stop",
]

_LOG_FILE = "log.txt"
_LOG_BYTES = 200_000
_SMALL_IMAGE = 256  # pixel values
_LAUNCH_TIMEOUT = 60.0  # seconds: a launch waits for a process to begin

Status = Literal["new", "running", "stopping", "stopped", "finished", "failed", "killed"]


@dataclass(frozen=True)
class JobState:
    """How a job stands.

    Attributes:
        status: `new` (never launched), `running`, `stopping` (asked to stop, still saving), `stopped`, `finished`,
            `failed` (the training gave up; `message` says why) or `killed` (the process is gone without a word).
        message: a sentence for the user; empty when there is nothing to say.
        pid: process id of the last process, None when there was none.
    """

    status: Status
    message: str = ""
    pid: int | None = None

    @property
    def active(self) -> bool:
        """Whether a process is at work."""
        return self.status in ("running", "stopping")


@dataclass(frozen=True)
class Job:
    """A run folder and how its job stands."""

    folder: Path
    state: JobState

    @property
    def name(self) -> str:
        """Name of the run folder."""
        return self.folder.name


def max_running() -> int:
    """How many jobs may run at once: ``$EXPLORER_JOBS``, default 1.

    Raises:
        ExplorerError: it is not a positive number.
    """
    text = os.environ.get("EXPLORER_JOBS", "1")
    if not text.isdecimal() or int(text) < 1:
        raise ExplorerError(f"EXPLORER_JOBS must be a positive number, not {text!r}.")
    return int(text)


def run_folder(name: str) -> Path:
    """The folder of an existing run.

    Raises:
        ExplorerError: there is no run of that name in the data folder, or it is a link to elsewhere.
    """
    return _checked(subfolder("runs") / name)


def list_jobs() -> list[Job]:
    """All runs in the data folder, the newest first."""
    folders = [path.parent for path in subfolder("runs").glob("*/config.json") if not path.parent.is_symlink()]
    return [Job(folder, state(folder)) for folder in sorted(folders, key=_created, reverse=True)]


def state(folder: Path) -> JobState:
    """How the job of a run stands, read from its folder alone."""
    record = read_record(folder)
    if record is not None and record.status != "running":
        return JobState(record.status, record.message, record.pid)
    pid = None if record is None else record.pid
    if is_held(folder / LOCK_FILE):
        return JobState("stopping" if (folder / STOP_FILE).exists() else "running", pid=pid)
    if record is None:
        return JobState("new")
    message = (
        "The training process is gone without a word: it was killed, the computer was switched off, or its memory ran "
        "out. Resume continues from what was saved last."
    )
    return JobState("killed", message, pid)


def launch(folder: Path) -> JobState:
    """Start the training of a run in its own process, and return once it holds the lock.

    Raises:
        ExplorerError: the run is already being trained, as many jobs run as may run at once, or the process cannot
            start (its sentence says why).
    """
    folder = _checked(folder)
    # One launch at a time, in all processes: otherwise two could both find the last free place.
    busy = "Another training is just being started. Try again in a moment."
    with held(subfolder("runs") / ".launch.lock", busy, _LAUNCH_TIMEOUT):
        if state(folder).active:
            raise ExplorerError(f"The run {folder.name} is already being trained.")
        check_free()
        _start(folder)
    return state(folder)


def check_free() -> None:
    """Return when another job may start now.

    Raises:
        ExplorerError: as many jobs run as may run at once.
    """
    running = [job.name for job in list_jobs() if job.state.active]
    if len(running) >= max_running():
        verb = "is" if len(running) == 1 else "are"
        raise ExplorerError(
            f"{' and '.join(running)} {verb} being trained. Wait for the end, or stop a run, to start another "
            "(the environment variable EXPLORER_JOBS sets how many may run at once)."
        )


def resume(folder: Path) -> JobState:
    """Continue a stopped, failed or killed run from what it saved last.

    Raises:
        ExplorerError: as for `launch`, or the run has finished.
    """
    if state(folder).status == "finished":
        raise ExplorerError(f"The run {folder.name} has finished: there is nothing to resume.")
    return launch(folder)


def stop(folder: Path) -> None:
    """Ask a job to save and stop; it does so after its current step, or is ended after a time of grace.

    Raises:
        ExplorerError: the run is not being trained.
    """
    current = state(_checked(folder))
    if not current.active:
        raise ExplorerError(f"The run {folder.name} is not being trained.")
    try:
        (folder / STOP_FILE).touch()
    except OSError:  # full or read-only disk. The lock is held, so the process id is the one of its holder.
        if current.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(current.pid, signal.SIGTERM)


def delete(folder: Path) -> None:
    """Remove a run with all its files. Its exported checkpoint stays.

    Raises:
        ExplorerError: it is being trained, is not a folder in the runs folder, or cannot be removed.
    """
    folder = _checked(folder)
    try:
        with held(folder / LOCK_FILE, f"The run {folder.name} is being trained. Stop it before you delete it."):
            # Without this file it is no run any more: it cannot be launched, whenever this is interrupted.
            (folder / "config.json").unlink()
        shutil.rmtree(folder)
    except OSError as error:
        raise ExplorerError(
            f"The run {folder.name} cannot be deleted ({error.strerror}). Check the permissions of {folder}."
        ) from error


def read_log(folder: Path) -> str:
    """What the training process printed, at most the last 200 kB; empty when there is nothing."""
    try:
        with open(folder / _LOG_FILE, "rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _LOG_BYTES))
            return file.read().decode(errors="replace")
    except OSError:
        return ""


def _start(folder: Path) -> None:
    command = [sys.executable, "-m", "explorer.jobs.worker", str(folder)]
    package_parent = Path(explorer.__file__).resolve().parent.parent
    # Threads that wait without spinning: on busy cores, spinning ones make each other many times slower.
    environment = {"OMP_WAIT_POLICY": "PASSIVE", **_threads(folder), **os.environ, "EXPLORER_HOME": str(data_home())}
    if sys.platform == "win32":
        detached = {"creationflags": subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP}
    else:
        detached = {"start_new_session": True}
    try:
        with open(folder / _LOG_FILE, "ab") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=package_parent,
                env=environment,
                **detached,
            )
    except OSError as error:
        raise ExplorerError(f"The training of {folder.name} cannot start ({error.strerror}).") from error
    with process.stdout:
        answer = process.stdout.readline().decode().strip()
    # Its exit status must be fetched, or the dead process stays in the process table for as long as the app lives.
    threading.Thread(target=process.wait, daemon=True, name=f"reaper of {process.pid}").start()
    if answer != STARTED:
        last_lines = read_log(folder).strip().splitlines()[-1:]
        raise ExplorerError(answer or f"The training process could not start: {' '.join(last_lines)}")


def _threads(folder: Path) -> dict[str, str]:
    """One thread for small images: sharing out so little work takes longer than doing it."""
    small = math.prod(Run.open(folder).config.model.image_shape) <= _SMALL_IMAGE
    return {"OMP_NUM_THREADS": "1"} if small else {}


def _checked(folder: Path) -> Path:
    """`folder`, if it is a run in the data folder: deleting must never reach anything else."""
    runs = subfolder("runs")
    if folder.parent.resolve() != runs.resolve() or folder.is_symlink() or not (folder / "config.json").is_file():
        raise ExplorerError(f"There is no run {folder.name!r} in {runs}.")
    return runs / folder.name


def _created(folder: Path) -> float:
    with contextlib.suppress(OSError):
        return (folder / "config.json").stat().st_mtime
    return 0.0
