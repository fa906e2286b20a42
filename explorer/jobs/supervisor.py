"""What submitit runs, on this machine or on a node of a cluster: it starts the worker and waits for its end.

The supervisor is a small process without torch. It can therefore answer Slurm's signals at once, whatever the worker is
doing, and it is still there to record it when the system has killed the worker.

A job that is preempted or whose time is over is asked to save; submitit then queues it again, under the same number,
and it goes on from what it saved.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from pathlib import Path

from submitit.core.utils import DelayedSubmission
from submitit.helpers import TorchDistributedEnvironment

from explorer.errors import ExplorerError
from explorer.jobs.record import JobRecord, attempt_id, read_record, write_record
from explorer.jobs.worker import LOCK_FILE, LOG_FILE, STOP_FILE, SUPERVISOR_LOCK, rank_folder
from explorer.locks import held, is_held

__all__ = ["VISIBLE_DEVICES", "Supervisor"]

VISIBLE_DEVICES = "EXPLORER_VISIBLE_DEVICES"
"""Variable that passes on the ``CUDA_VISIBLE_DEVICES`` of the queue, ``"all"`` where that is not set: submitit's local
executor hides all GPUs from a job."""

_SMALL_IMAGE = 256  # pixel values
_GRACE_SECONDS = 3600.0  # the longest that a preempted job is left running
_STOP_SECONDS = 60.0  # to save and end; Slurm kills what is still there 90 s after its signal
_LOCK_TIMEOUT = 3.0  # whoever tests the lock holds it for a moment
_PEER_TIMEOUT = 60.0  # when one process of a job is killed, the others end some seconds later
_LOOK_EVERY = 2.0  # seconds, at the records of the peers, which may be on a network drive
_KILLS_KEPT = 5  # looks
_ALONE_SECONDS = 10.0  # in which a worker should have noticed by itself that a peer is gone
_ALONE = "Another of its processes ended, and it cannot go on alone. Resume goes on from what was saved last."


class Supervisor:
    """Does the job of a folder in a process of its own. An instance can be pickled before it is called.

    Args:
        folder: the job's folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.worker: subprocess.Popen[bytes] | None = None

    def __call__(self) -> None:
        """Start the worker and wait for its end; a worker that was killed is recorded as killed."""
        distributed = TorchDistributedEnvironment()
        distributed.export(set_cuda_visible_devices=False, overwrite=True)
        own = rank_folder(self.folder, distributed.rank)
        environment = _threads(self.folder, distributed.local_world_size) | os.environ
        visible = environment.pop(VISIBLE_DEVICES, None)
        if visible == "all":
            environment.pop("CUDA_VISIBLE_DEVICES", None)
        elif visible is not None:
            environment["CUDA_VISIBLE_DEVICES"] = visible
        own.mkdir(exist_ok=True)
        busy = "This job has a supervisor already."
        try:
            with held(own / SUPERVISOR_LOCK, busy, _PEER_TIMEOUT if distributed.rank else _LOCK_TIMEOUT):
                self._supervise(own, environment, distributed)
        except ExplorerError as error:  # in submitit's log
            print(error, file=sys.stderr, flush=True)

    def _supervise(self, own: Path, environment: dict[str, str], distributed: TorchDistributedEnvironment) -> None:
        before = read_record(own)
        with open(own / LOG_FILE, "ab", buffering=0) as log:
            with contextlib.suppress(OSError):  # a full disk: the worker can still say so in its record
                log.write(f"--- {time.strftime('%Y-%m-%d %H:%M:%S')}, on {socket.gethostname()}\n".encode())
            self.worker = subprocess.Popen(
                [sys.executable, "-m", "explorer.jobs.worker", str(self.folder)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
            )
        ranks = [rank for rank in range(distributed.world_size) if rank != distributed.rank]
        found = self._wait([_Peer(self.folder, rank) for rank in ranks])
        record = read_record(own)
        if record is not None and record.status == "stopped" and not (self.folder / STOP_FILE).exists():
            _wait_for_slurm()
        unreported = record is None or record.status in ("queued", "running")
        its_own = record in (None, before) or record.pid == self.worker.pid  # else the job was sent again since
        if unreported and its_own and not is_held(own / LOCK_FILE):  # where it is held, another does this job
            with contextlib.suppress(ExplorerError):  # a full disk: the state is then read from the locks alone
                write_record(own, found)

    def _wait(self, peers: list[_Peer]) -> JobRecord:
        """Wait for the end of the worker; returns how that looks from outside.

        A worker whose peer is gone notices as soon as it needs it, unless it still waits for it to start: then it is
        killed here.
        """
        worker = self.worker
        assert worker is not None
        # The system counts a kill before the process is gone: the count is compared with that of some seconds ago.
        kills = deque([_out_of_memory_kills()], maxlen=_KILLS_KEPT)
        alone_since = math.inf
        # In a thread: `Popen.wait` holds a lock that `checkpoint`, which a signal calls here, needs.
        waiter = threading.Thread(target=worker.wait, daemon=True, name="end of the worker")
        waiter.start()
        waiter.join(_LOOK_EVERY)
        while waiter.is_alive():
            kills.append(_out_of_memory_kills())
            alone_since = min(alone_since, time.monotonic()) if any(peer.is_gone() for peer in peers) else math.inf
            if time.monotonic() - alone_since >= _ALONE_SECONDS:
                worker.kill()
                waiter.join()
                return JobRecord(status="failed", message=_ALONE, pid=0)
            waiter.join(_LOOK_EVERY)
        return JobRecord(status="killed", message=_how_it_ended(worker.returncode, kills[0]), pid=0)

    def checkpoint(self) -> DelayedSubmission:
        """Ask the worker to save and end; returns what to do when the job starts again. submitit calls this."""
        if self.worker is not None and self.worker.poll() is None:
            self.worker.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.worker.wait(_STOP_SECONDS)
        write_record(self.folder, JobRecord(status="queued", message="Saved, and waiting to continue.", pid=0))
        return DelayedSubmission(Supervisor(self.folder))


class _Peer:
    """Another process of the same job.

    Args:
        folder: the job's.
        rank: its number.
    """

    def __init__(self, folder: Path, rank: int) -> None:
        self._folder, self._is_first = rank_folder(folder, rank), rank == 0
        self._before = read_record(self._folder)

    def is_gone(self) -> bool:
        """Whether it failed or was killed, or was even sent again since."""
        record = read_record(self._folder)
        if record is None:
            return False
        if record.attempt == attempt_id():
            return record.status not in ("running", "finished", "stopped")
        # A job is sent again once its first process is gone. Others may still be ending, and report late.
        return self._is_first and record != self._before


def _wait_for_slurm() -> None:
    """Stay until Slurm ends this process: the worker has saved because Slurm asked it to.

    Slurm will tell whether the job is cancelled or starts again. To Slurm, a job that ends by itself is done, and does
    not start again.
    """
    if "SLURM_JOB_ID" in os.environ:
        time.sleep(_GRACE_SECONDS)


def _threads(folder: Path, processes: int) -> dict[str, str]:
    """How many threads each process of a job may have; for small images one: sharing so little work takes longer."""
    here = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1  # not on macOS
    cores = int(os.environ.get("SLURM_CPUS_PER_TASK") or max(1, here // processes))
    # Not `Run.open`, which imports torch. If this is no training, or a damaged one, the worker reports it.
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        if math.prod(json.loads((folder / "config.json").read_bytes())["model"]["image_shape"]) <= _SMALL_IMAGE:
            cores = 1
    return {"OMP_NUM_THREADS": str(cores), "OMP_WAIT_POLICY": "PASSIVE"}  # see explorer.process


def _how_it_ended(status: int, kills_before: int) -> str:
    if status == -signal.SIGKILL and _out_of_memory_kills() > kills_before:
        return (
            f"The system killed it because memory ran out (it had {_peak_gigabytes():.1f} GB). Choose a smaller batch, "
            "model or image size, or a machine with more memory; Resume goes on from what was saved last."
        )
    if status < 0:
        return (
            f"It was killed from outside (signal {-status}); it used {_peak_gigabytes():.1f} GB of memory. "
            "Resume goes on from what was saved last."
        )
    return f"It exited without reporting (exit status {status}). The log has the details."


def _out_of_memory_kills() -> int:
    """How many processes the kernel has killed for memory since it started; 0 where it does not say."""
    with contextlib.suppress(OSError, ValueError):
        for line in Path("/proc/vmstat").read_text().splitlines():
            name, _, count = line.partition(" ")
            if name == "oom_kill":
                return int(count)
    return 0


def _peak_gigabytes() -> float:
    """The most memory that an ended child of this process had."""
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return peak / (2**30 if sys.platform == "darwin" else 2**20)
