"""The queue of jobs on this machine: ``python -m explorer.jobs.queue``.

Jobs wait on disk, as records that say "queued". One small process takes the oldest whenever there is room, sends it to
submitit's local executor, and waits for its end, so that no zombie is left. It exits when there is nothing to wait for,
and is started again by whoever adds a job. If it is killed, running jobs go on, and the next queue takes up those that
wait.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import submitit

from explorer.errors import ExplorerError
from explorer.home import child_environment, data_home, subfolder, written
from explorer.jobs.record import JobRecord, read_record, write_record
from explorer.jobs.settings import job_settings
from explorer.jobs.state import state
from explorer.jobs.submission import Submission, read_submission, send_local, write_submission
from explorer.jobs.supervisor import VISIBLE_DEVICES
from explorer.jobs.tasks import member_folders
from explorer.jobs.worker import LOCK_FILE, NICENESS
from explorer.locks import held, is_held

__all__ = ["WITHDRAWN", "begin_at_once", "enqueue", "folders", "main", "wake_queue", "withdraw"]

WITHDRAWN = "It was taken out of the queue before it began."

_LOOK_EVERY = 0.5  # seconds
_START_TIMEOUT = 60.0
_LOCK_TIMEOUT = 3.0  # whoever tests the lock holds it for a moment
_STARTED = "started"
_BEING_SENT = "being sent"  # in place of submitit's number
_BUSY = "The queue of jobs is being changed by another process. Try again in a moment."


def folders() -> list[Path]:
    """The folders of all jobs in the data folder: training runs, and all others."""
    runs = [path.parent for path in (data_home() / "runs").glob("[!.]*/config.json")]
    others = [path.parent for path in (data_home() / "jobs").glob("[!.]*/task.json")]
    return [folder for folder in (*runs, *others) if not folder.is_symlink()]


def enqueue(members: list[Path], submission: Submission) -> None:
    """Queue jobs, and make sure that a process takes them.

    Raises:
        ExplorerError: a folder cannot be written, or the process of the queue cannot start.
    """
    with _changing():
        for folder in members:
            with written(folder):
                folder.mkdir(exist_ok=True)
            write_submission(folder, submission)
            write_record(folder, JobRecord(status="queued", pid=0))
        _start_queue()


def wake_queue() -> None:
    """Start the process that takes jobs, if jobs wait and it is gone: something killed it.

    Raises:
        ExplorerError: it cannot start.
    """
    if not is_held(_queue_lock()) and _waiting():
        with _changing():
            _start_queue()


def withdraw(folder: Path) -> bool:
    """Take a waiting job out of the queue; returns whether it was still there.

    Raises:
        ExplorerError: its folder cannot be written.
    """
    with _changing():
        if state(folder).status != "queued":
            return False
        write_record(folder, JobRecord(status="stopped", message=WITHDRAWN, pid=0))
        return True


def begin_at_once(folder: Path) -> bool:
    """Let a waiting job begin beside those that run, however many; returns whether it was still waiting here.

    Raises:
        ExplorerError: its folder cannot be written.
    """
    with _changing():
        submission = read_submission(folder)
        if submission is None or submission.executor != "local" or state(folder).status != "queued":
            return False
        write_submission(folder, submission.model_copy(update={"first": True}))
        return True


def _start_queue() -> None:
    """Start the process that takes jobs, unless there is one. The caller holds `_changing`."""
    if is_held(_queue_lock()):
        return
    # On busy cores, threads that spin make each other many times slower.
    variables = os.environ | child_environment()
    try:
        with open(subfolder("jobs") / "queue.log", "ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "explorer.jobs.queue"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                env=variables,
                start_new_session=True,  # signals of the terminal do not reach it
            )
    except OSError as error:
        raise ExplorerError(f"The queue of jobs cannot start ({error.strerror}).") from error
    assert process.stdout is not None
    with process.stdout:
        answer = process.stdout.readline().decode().strip()
    # Its exit status must be fetched, or the dead process stays in the process table for as long as the app lives.
    threading.Thread(target=process.wait, daemon=True, name=f"reaper of {process.pid}").start()
    if answer != _STARTED:
        raise ExplorerError(f"The queue of jobs could not start; see {subfolder('jobs') / 'queue.log'}.")


def main() -> None:
    """Take jobs until there are none."""
    os.environ.setdefault(VISIBLE_DEVICES, os.environ.get("CUDA_VISIBLE_DEVICES", "all"))
    _step_back()
    with contextlib.ExitStack() as stack:
        stack.enter_context(held(_queue_lock(), "The queue of jobs is running already.", _LOCK_TIMEOUT))
        print(_STARTED, flush=True)
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        children: dict[Path, submitit.Job[None]] = {}
        while True:
            with _changing():
                if not _take_turn(children):
                    # Given up within `_changing`: whoever adds a job now finds no queue, and starts another.
                    stack.close()
                    return
            time.sleep(_LOOK_EVERY)


def _step_back() -> None:
    """Give the app priority over this session, which all jobs share. Linux weighs sessions against each other first;
    `os.nice` counts among the processes of one."""
    if os.getsid(0) == os.getpid():
        with contextlib.suppress(OSError):  # another system, or a Linux that does not group by sessions
            Path("/proc/self/autogroup").write_text(str(NICENESS))


def _take_turn(children: dict[Path, submitit.Job[None]]) -> bool:
    """Start what can start; returns whether there is anything to wait for. The caller holds `_changing`."""
    for folder, job in list(children.items()):
        if job.done():
            del children[folder]
            _close(folder, job)
    states = {member: state(member) for member in _unfinished()}
    waiting = [member for member, current in states.items() if current.status == "queued"]
    active = sum(current.active for current in states.values())
    with contextlib.suppress(ExplorerError):  # settings that cannot be read: wait until they are fixed
        room = job_settings().at_once - active
        for place, folder in enumerate(sorted(waiting, key=_turn)):
            if place < room or _goes_first(folder):
                children[folder] = _start(folder)
    return bool(waiting or children)


def _start(folder: Path) -> submitit.Job[None]:
    submission = read_submission(folder) or Submission(executor="local")
    started = submission.model_copy(update={"job_id": _BEING_SENT, "started": time.time()})
    write_submission(folder, started)  # before it is sent: a queue that takes over must not send it again
    job = send_local(folder, submission)
    write_submission(folder, started.model_copy(update={"job_id": job.job_id}))
    return job


def _close(folder: Path, job: submitit.Job[None]) -> None:
    """Record the end of a job whose supervisor was killed as well: nobody else is left to report it."""
    record, submission = read_record(folder), read_submission(folder)
    if record is None or submission is None or submission.job_id != job.job_id:  # deleted, or sent again since
        return
    if record.status in ("queued", "running") and not is_held(folder / LOCK_FILE):
        message = "It was killed from outside. Resume goes on from what was saved last."
        with contextlib.suppress(ExplorerError):
            write_record(folder, JobRecord(status="killed", message=message, pid=0))


def _waiting() -> list[Path]:
    return [member for member in _unfinished() if state(member).status == "queued"]


def _unfinished() -> list[Path]:
    """Local jobs that have not recorded their end; of every other job one small file is read."""
    return [
        member
        for folder in folders()
        for member in member_folders(folder)
        if ((record := read_record(member)) is None or record.status in ("queued", "running"))
        and ((submission := read_submission(member)) is None or submission.executor == "local")
    ]


def _turn(folder: Path) -> tuple[bool, float]:
    """What sorts waiting jobs: those that go first, then the oldest."""
    submission = read_submission(folder)
    return not _goes_first(folder), 0.0 if submission is None else submission.submitted


def _goes_first(folder: Path) -> bool:
    submission = read_submission(folder)
    return submission is not None and submission.first


def _queue_lock() -> Path:
    return data_home() / "jobs" / ".queue.lock"


@contextlib.contextmanager
def _changing() -> Iterator[None]:
    with held(subfolder("jobs") / ".change.lock", _BUSY, _START_TIMEOUT):
        yield


if __name__ == "__main__":
    main()
