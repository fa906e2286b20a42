"""The process that does a job's work: ``python -m explorer.jobs.worker FOLDER``.

It holds an operating-system lock on ``lock`` in the job's folder for as long as it runs, whatever ends it; on one
machine the lock alone tells whether a job is alive. Process ids are reused, locks are not.

A job stops when a file ``stop`` appears in its folder, or on SIGTERM or SIGINT: the work saves and returns. If it has
not returned after `GRACE_SECONDS`, the process ends itself: what a job writes is whole on disk at every moment.

Several processes that share a job have numbers, in ``RANK``. The first stands for the job; each of the others has a
folder ``rank-N`` in the job's for its own lock, record and log, and stops when the first does.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

from explorer.errors import ExplorerError
from explorer.home import written
from explorer.jobs.record import JobRecord, open_record, read_record
from explorer.jobs.tasks import do_task
from explorer.locks import held

__all__ = [
    "GRACE_SECONDS",
    "LOCK_FILE",
    "LOG_FILE",
    "NICENESS",
    "STOP_FILE",
    "SUPERVISOR_LOCK",
    "Work",
    "do_job",
    "explain",
    "main",
    "rank_folder",
    "run_job",
]

GRACE_SECONDS = 30.0
NICENESS = 10
LOCK_FILE = "lock"
SUPERVISOR_LOCK = "supervisor.lock"  # held by the process that records the end of one that cannot do so itself
LOG_FILE = "log.txt"
STOP_FILE = "stop"

_LOCK_TIMEOUT = 3.0  # seconds: a job that has just ended, or whoever tests the lock, may hold it for a moment
_PEER_TIMEOUT = 60.0  # when one process of a job is killed, the others end some seconds later
_LOOK_EVERY = 0.5  # seconds between looks for the stop file: any process that shares the disk can create a file

Work = Callable[[Path, Callable[[], bool]], bool]
"""``work(folder, should_stop)`` works in a folder until it is done or asked to stop; returns whether it is done."""


def rank_folder(folder: Path, rank: int) -> Path:
    """Where process `rank` of a job keeps its own lock, record and log."""
    return folder / f"rank-{rank}" if rank else folder


def explain(error: BaseException) -> str:
    """A sentence for the user: what went wrong, and what to do."""
    if isinstance(error, ExplorerError):
        return str(error)
    text = str(error).strip()
    last_line = text.splitlines()[-1] if text else ""
    if isinstance(error, MemoryError) or "out of memory" in text.lower() or "can't allocate memory" in text:
        return "It ran out of memory. Choose a smaller model, smaller images or a smaller batch."
    code = error.errno if isinstance(error, OSError) else None
    if code in (errno.ENOSPC, errno.EDQUOT) or "No space left on device" in text:
        return "The disk is full. Free some space, then resume the job: it goes on from what it saved last."
    if code in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"A folder cannot be written ({last_line}). Make it writable, then resume the job."
    return f"It failed with an unexpected error ({type(error).__name__}: {last_line}). The log has the details."


def do_job(folder: Path, should_stop: Callable[[], bool]) -> bool:
    """`do_task`, with denormal numbers flushed to zero: they make arithmetic on the CPU many times slower."""
    import torch  # it takes seconds, and by now the lock is held

    torch.set_flush_denormal(True)
    return do_task(folder, should_stop)


def run_job(
    folder: Path,
    work: Work = do_job,
    grace_seconds: float = GRACE_SECONDS,
    lock_seconds: float | None = None,
    stop_file: Path | None = None,
) -> JobRecord:
    """Do a job in this process, under its lock, and record how it ended. The command line uses this too.

    Args:
        folder: the job's folder.
        work: what to do there.
        grace_seconds: how long a stop request may take.
        lock_seconds: how long to wait for another process that does this job; a moment when None.
        stop_file: the file that asks it to stop; the one in the folder when None.

    Returns:
        The final record; errors of the work are in it, not raised.

    Raises:
        ExplorerError: another process does this job, or its folder cannot be written.
    """
    busy = "This job is running already. Wait until it ends, or stop it."
    patience = _LOCK_TIMEOUT if lock_seconds is None else lock_seconds
    with held(folder / LOCK_FILE, busy, patience), open_record(folder) as write:
        before = read_record(folder)
        if before is None or before.status != "queued":  # else it was stopped while it waited
            with written(folder):
                (folder / STOP_FILE).unlink(missing_ok=True)
        write(JobRecord(status="running"))
        stop_file = stop_file or folder / STOP_FILE
        with _stop_requests(stop_file, write, grace_seconds) as requested:
            record = _outcome(folder, work, requested, stop_file)
        write(record)
        return record


def _outcome(folder: Path, work: Work, requested: threading.Event, stop_file: Path) -> JobRecord:
    try:
        finished = work(folder, requested.is_set)
        return JobRecord(status="finished" if finished else "stopped")
    except Exception as error:
        if not isinstance(error, ExplorerError):
            with contextlib.suppress(OSError):  # the log may be on the disk that is full
                traceback.print_exc()
        # A stop takes helpers and peers away: what fails for want of them has stopped. A disk or a memory that is full
        # is a failure still: it is why nothing was saved.
        was_stopped = requested.is_set() or stop_file.exists()
        if was_stopped and not isinstance(error, (ExplorerError, OSError, MemoryError)):
            message = f"It stopped in the middle of a step ({type(error).__name__}); Resume goes on from its last save."
            return JobRecord(status="stopped", message=message)
        return JobRecord(status="failed", message=explain(error))


def _say(what: str) -> None:
    with contextlib.suppress(OSError):  # the log may be on a disk that is full
        print(what, file=sys.stderr, flush=True)


@contextlib.contextmanager
def _stop_requests(
    stop_file: Path, write: Callable[[JobRecord], None], grace_seconds: float
) -> Iterator[threading.Event]:
    """An event that the stop file or a signal sets. The process exits if the work ignores it for `grace_seconds`."""
    requested, ended = threading.Event(), threading.Event()

    def watch() -> None:
        while not requested.is_set():
            if stop_file.exists():
                requested.set()
            elif ended.wait(_LOOK_EVERY):
                return
        _say("Stopping.")
        if not ended.wait(grace_seconds):
            message = f"It did not stop within {grace_seconds:g} s and was ended; work since its last save is lost."
            write(JobRecord(status="stopped", message=message))
            _say(message)
            os._exit(1)

    in_main_thread = threading.current_thread() is threading.main_thread()
    signals = (signal.SIGTERM, signal.SIGINT) if in_main_thread else ()
    previous = {number: signal.signal(number, lambda *_: requested.set()) for number in signals}
    watcher = threading.Thread(target=watch, daemon=True, name="stop requests")
    watcher.start()
    try:
        yield requested
    finally:
        ended.set()
        watcher.join()
        for number, handler in previous.items():
            signal.signal(number, handler)


def main(folder: Path) -> int:
    """Do the job, or this process's share of it, and return the exit status."""
    if "SLURM_JOB_ID" not in os.environ:
        os.nice(NICENESS)  # the app stays responsive while a job uses the rest of the machine
    rank = int(os.environ.get("RANK", "0"))
    own = rank_folder(folder, rank)
    try:
        own.mkdir(exist_ok=True)
        record = run_job(
            own,
            lambda _own, should_stop: do_job(folder, should_stop),
            lock_seconds=_PEER_TIMEOUT if rank else _LOCK_TIMEOUT,
            stop_file=folder / STOP_FILE,
        )
    except (ExplorerError, OSError) as error:
        print(error, file=sys.stderr, flush=True)
        return 1
    return 1 if record.status == "failed" else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
