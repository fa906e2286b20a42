"""How a job stands, as its folder and Slurm tell: never the memory of a process that may be gone."""

from __future__ import annotations

import contextlib
import socket
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from explorer.errors import ExplorerError
from explorer.jobs import slurm
from explorer.jobs.record import JobRecord, boot_id, read_record, write_record
from explorer.jobs.submission import Submission, read_submission
from explorer.jobs.tasks import member_folders
from explorer.jobs.worker import LOCK_FILE, STOP_FILE, SUPERVISOR_LOCK, rank_folder
from explorer.locks import is_held

__all__ = ["JobState", "Status", "state"]

_STARTING_SECONDS = 90.0  # from submitit to the supervisor; imports on a busy machine and a slow disk take long
_SENDING_SECONDS = 600.0  # that Slurm may take to take a job

Status = Literal["new", "queued", "starting", "running", "stopping", "stopped", "finished", "failed", "killed"]


@dataclass(frozen=True)
class JobState:
    """How a job stands.

    Attributes:
        status: `new` (never sent), `queued`, `starting`, `running`, `stopping` (asked to, still saving), `stopped`,
            `finished`, `failed` (`message` says why) or `killed` (something ended it; `message` says what).
        message: a sentence for the user; empty when there is nothing to say.
        pid: process id of the last process, 0 when there was none.
        host: where it runs or ran; empty when nowhere yet.
    """

    status: Status
    message: str = ""
    pid: int = 0
    host: str = ""

    @property
    def active(self) -> bool:
        """Whether a process is running, or about to."""
        return self.status in ("starting", "running", "stopping")

    @property
    def open(self) -> bool:
        """Whether it is active or waits to be."""
        return self.active or self.status == "queued"


def state(folder: Path) -> JobState:
    """How a job stands; one in shards as its shards together do."""
    members = member_folders(folder)
    return _state(folder) if members == [folder] else _together([_state(member) for member in members])


def _state(folder: Path) -> JobState:
    record, submission = read_record(folder), read_submission(folder)
    if submission is not None and submission.executor == "slurm" and submission.job_id:
        return _in_slurm(folder, record, submission)
    has_worker = is_held(folder / LOCK_FILE)
    if read_record(folder) != record:  # it began or ended between the two questions
        return _state(folder)
    if has_worker and (record is None or record.status == "queued"):  # not recorded yet
        return JobState("starting")
    if record is None:
        return JobState("new")
    if record.status == "queued":
        if submission is not None and submission.executor == "slurm" and time.time() - record.time > _SENDING_SECONDS:
            message = "It did not get to Slurm: the process that sent it was killed. Resume sends it again."
            return JobState("killed", message)
        if submission is None or not submission.job_id:
            return JobState("queued", record.message)
        if time.time() - submission.started < _STARTING_SECONDS or is_held(folder / SUPERVISOR_LOCK):
            return JobState("starting")
        message = "It was started, and exited without reporting. Resume starts it again; the log may say why."
        return JobState("killed", message)
    if record.status == "running" and (has_worker or is_held(folder / SUPERVISOR_LOCK)):
        return JobState("stopping" if (folder / STOP_FILE).exists() else "running", pid=record.pid, host=record.host)
    if record.status == "running":
        message = (
            "This machine was restarted. Resume goes on from what was saved last."
            if record.boot != boot_id() and record.host == socket.gethostname()
            else "Its process exited without reporting: something killed it. Resume goes on from what was saved last."
        )
        return JobState("killed", message, record.pid, record.host)
    return _ended(folder, record, 1 if submission is None else submission.processes)


def _ended(folder: Path, record: JobRecord, processes: int) -> JobState:
    """A job that has recorded its end. If one of its processes was killed, that is the reason, not what followed."""
    if record.status == "failed":
        for rank in range(1, processes):
            other = read_record(rank_folder(folder, rank))
            if other is not None and other.attempt == record.attempt and other.status == "killed":
                return JobState("killed", f"Process {rank}: {other.message}", other.pid, other.host)
    return JobState(record.status, record.message, record.pid, record.host)


def _in_slurm(folder: Path, record: JobRecord | None, submission: Submission) -> JobState:
    asked_to_stop = (folder / STOP_FILE).exists()
    # A job that stopped unasked may be on its way back into the queue: Slurm will tell.
    if record is not None and (
        record.status in ("finished", "failed", "killed") or (record.status == "stopped" and asked_to_stop)
    ):
        return _ended(folder, record, submission.processes)
    pid = 0 if record is None else record.pid
    try:
        seen = slurm.in_queue(submission.job_id)
    except ExplorerError as error:
        if record is not None and record.status == "running":
            return JobState("running", str(error), pid, record.host)
        return JobState("queued", str(error), pid)
    if seen is None and (read_record(folder), read_submission(folder)) != (record, submission):
        return _state(folder)  # it ended, or was sent again, while Slurm was asked
    if seen is None:
        record = JobRecord(status="killed", message=slurm.ended(submission.job_id), pid=0)
        with contextlib.suppress(ExplorerError):  # Slurm forgets: this keeps what it said
            write_record(folder, record)
        return _ended(folder, record, submission.processes)
    if seen.waits:
        return JobState("queued", seen.reason)
    if record is None or record.status == "queued":
        return JobState("starting", host=seen.nodes)
    stopping = asked_to_stop or record.status == "stopped"
    return JobState("stopping" if stopping else "running", pid=pid, host=seen.nodes)


def _together(states: list[JobState]) -> JobState:
    counts = Counter(shard.status for shard in states)
    done = f"{counts['finished']} of {len(states)} shards are done."
    hosts = ", ".join(sorted({shard.host for shard in states if shard.active and shard.host}))
    active = [shard for shard in states if shard.active]
    if active:
        stopping = all(shard.status == "stopping" for shard in active)
        return JobState("stopping" if stopping else "running", done, active[0].pid, hosts)
    for wanted in ("queued", "failed", "killed", "stopped"):
        for number, shard in enumerate(states):
            if shard.status == wanted:
                ends = {"failed": f"Shard {number} failed: ", "killed": f"Shard {number} was killed: ", "queued": ""}
                message = f"{ends[wanted]}{shard.message}" if wanted in ends else ""
                return JobState(shard.status, f"{done} {message}".strip(), shard.pid, shard.host)
    return JobState("finished" if counts["finished"] == len(states) else "new")
