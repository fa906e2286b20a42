"""The training process: ``python -m explorer.jobs.worker RUN_FOLDER``.

It holds an operating-system lock on ``lock`` in the run folder for as long as it runs, whatever ends it; nothing else
is asked to know whether a job is alive. Process ids are reused, locks are not.

A job stops when a file ``stop`` appears beside it, or on SIGTERM or SIGINT: the training saves and returns. When it has
not returned `GRACE_SECONDS` later, the process ends itself: a run is whole on disk at every moment.
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
from explorer.jobs.locks import held
from explorer.jobs.record import JobRecord, RecordFile

__all__ = ["GRACE_SECONDS", "LOCK_FILE", "STARTED", "STOP_FILE", "explain", "main", "run_job", "train_run"]

GRACE_SECONDS = 30.0
LOCK_FILE = "lock"
STOP_FILE = "stop"
STARTED = "started"
"""What the process prints once it holds the lock; see `explorer.jobs.local.launch`."""

_LOCK_TIMEOUT = 3.0  # seconds: a job that has just ended, or a look at its state, may hold the lock for a moment
_LOOK_EVERY = 0.5  # seconds between looks for the stop file: any process, on any system, can create a file

Train = Callable[[Path, Callable[[], bool]], bool]


def train_run(folder: Path, should_stop: Callable[[], bool]) -> bool:
    """Train or continue a run; returns whether it is finished."""
    # Imported here: this brings torch, which takes seconds, and by then the lock should be held.
    from explorer.training.trainer import train

    return train(folder, should_stop)


def explain(error: BaseException) -> str:
    """A sentence for the user: what ended the training, and what to do."""
    if isinstance(error, ExplorerError):
        return str(error)
    text = str(error).strip()
    last_line = text.splitlines()[-1] if text else ""
    if isinstance(error, MemoryError) or "out of memory" in text.lower() or "can't allocate memory" in text:
        return "The training ran out of memory. Choose a smaller model, smaller images or a smaller batch."
    code = error.errno if isinstance(error, OSError) else None
    if code in (errno.ENOSPC, errno.EDQUOT) or "No space left on device" in text:
        return "The disk is full. Free some space, then resume the run: it continues from what it saved last."
    if code in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"The run's folder cannot be written ({last_line}). Make it writable, then resume the run."
    return (
        f"The training ended with an unexpected error ({type(error).__name__}: {last_line}). The log has the details."
    )


def run_job(
    folder: Path,
    train: Train = train_run,
    on_start: Callable[[], None] = lambda: None,
    grace_seconds: float = GRACE_SECONDS,
) -> JobRecord:
    """Train a run in this process, under the lock, and record how it ended. The command line uses this too.

    Args:
        folder: the run folder.
        train: trains the run until it is finished or asked to stop; returns whether it is finished.
        on_start: called once the lock is held and the record says "running".
        grace_seconds: how long a stop request may take.

    Returns:
        The final record; errors of the training are in it, not raised.

    Raises:
        ExplorerError: another process trains this run, or its folder cannot be written.
    """
    busy = "This run is already being trained. Wait until it ends, or stop it."
    with held(folder / LOCK_FILE, busy, _LOCK_TIMEOUT), RecordFile(folder) as file:
        (folder / STOP_FILE).unlink(missing_ok=True)
        file.write(JobRecord(status="running", pid=os.getpid()))
        on_start()
        with _stop_requests(folder, file, grace_seconds) as requested:
            record = _outcome(folder, train, requested)
        file.write(record)
        return record


def _outcome(folder: Path, train: Train, requested: threading.Event) -> JobRecord:
    try:
        finished = train(folder, requested.is_set)
        return JobRecord(status="finished" if finished else "stopped", pid=os.getpid())
    except Exception as error:
        if not isinstance(error, ExplorerError):
            with contextlib.suppress(OSError):  # the log may be on the disk that is full
                traceback.print_exc()
        return JobRecord(status="failed", message=explain(error), pid=os.getpid())


@contextlib.contextmanager
def _stop_requests(folder: Path, file: RecordFile, grace_seconds: float) -> Iterator[threading.Event]:
    """An event that the stop file or a signal sets. The process ends when nobody heeds it for `grace_seconds`."""
    requested, ended = threading.Event(), threading.Event()

    def watch() -> None:
        while not requested.is_set():
            if (folder / STOP_FILE).exists():
                requested.set()
            elif ended.wait(_LOOK_EVERY):
                return
        if not ended.wait(grace_seconds):
            message = f"It did not stop within {grace_seconds:g} s and was ended; steps since its last save are lost."
            file.write(JobRecord(status="stopped", message=message, pid=os.getpid()))
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
    """Run the job in a process of its own; returns the exit status. Standard output is a pipe to who launched it."""
    if hasattr(os, "nice"):
        os.nice(10)  # the app stays quick while a training has the rest of the machine

    def announce() -> None:
        print(STARTED, flush=True)
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # from here on all output goes to the log

    try:
        record = run_job(folder, on_start=announce)
    except ExplorerError as error:
        print(error, flush=True)
        return 1
    return 1 if record.status == "failed" else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
