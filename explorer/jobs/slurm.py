"""Questions to Slurm: is it there, how does a job stand, how did it end?

``squeue`` knows the jobs that wait or run, ``scontrol show job`` those that ended in the last minutes. Accounting
(``sacct``) is not asked: many clusters have none.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Sequence
from typing import NamedTuple

from explorer.errors import ExplorerError
from explorer.jobs.timed import Timed

__all__ = ["QueueEntry", "available", "cancel", "ended", "in_queue"]

_SECONDS = 10.0  # for an answer
_ANSWERS_SECONDS = 60.0  # that an answer counts for
_QUEUE_SECONDS = 2.0

_REASONS = {
    "Priority": "jobs of higher priority come first",
    "Resources": "it waits for a free node",
    "Dependency": "it waits for another job",
    "BeginTime": "it will start in a moment",
    "ReqNodeNotAvail": "the nodes that it asks for are down or reserved",
    "PartitionDown": "the partition is down",
    "PartitionNodeLimit": "it asks for more nodes than the partition has",
    "PartitionTimeLimit": "it asks for more time than the partition allows",
    "JobHeldUser": "it is held; scontrol release lets it go on",
    "JobHeldAdmin": "it is held by the administrator",
    "Licenses": "it waits for a licence",
    "QOSMaxJobsPerUserLimit": "you have as many running jobs as you are allowed",
    "AssocGrpCpuLimit": "your group has used its share of processors",
}
_ENDS = {
    "OUT_OF_MEMORY": "Slurm killed it: it ran out of memory. Ask for more memory, or choose a smaller batch or model.",
    "TIMEOUT": "Its time ran out before it could save. Ask for more minutes; Resume goes on from what was saved last.",
    "NODE_FAIL": "Its node failed. Resume goes on from what was saved last.",
    "CANCELLED": "It was cancelled. Resume goes on from what was saved last.",
    "PREEMPTED": "A job of higher priority took its place. Resume goes on from what was saved last.",
    "BOOT_FAIL": "Its node could not start. Resume queues it again.",
    "DEADLINE": "It could not start before its deadline. Resume queues it again.",
}


_WAITING = ("PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "SPECIAL_EXIT", "RESV_DEL_HOLD")
_RUNNING = ("RUNNING", "COMPLETING", "SUSPENDED", "RESIZING", "STOPPED", "SIGNALING", "STAGE_OUT")


class QueueEntry(NamedTuple):
    """How Slurm sees a job that has not ended.

    Attributes:
        state: as Slurm calls it, ``"PENDING"`` or ``"RUNNING"`` for instance.
        reason: why it waits, in words; empty when it does not.
        nodes: where it runs.
    """

    state: str
    reason: str
    nodes: str

    @property
    def waits(self) -> bool:
        """Whether it has not begun, or has to begin again."""
        return self.state in _WAITING


def available() -> bool:
    """Whether there is a Slurm that answers."""
    return shutil.which("sbatch") is not None and _answers()


def _ask_whether_it_answers() -> bool:
    try:
        _run(["sinfo", "--noheader"])
    except ExplorerError:
        return False
    return True


def in_queue(job_id: str) -> QueueEntry | None:
    """How a job stands; None when it does not wait and does not run.

    Args:
        job_id: ``"12"``, or ``"12_3"`` for task 3 of array 12.

    Raises:
        ExplorerError: Slurm does not answer.
    """
    if job_id not in _queue():
        _queue.forget()  # it may have been sent since
    return _queue().get(job_id)


def _ask_for_queue() -> dict[str, QueueEntry]:
    # %F and %K: the number of the job or of its array, and of the task in it. -r: a line for each task.
    text = _run(["squeue", "--noheader", "-r", "--states=all", "--me", "--format=%F|%K|%T|%r|%N"])
    queue = {}
    for line in text.splitlines():
        number, task, state, reason, nodes = line.split("|", 4)
        if state in _WAITING or state in _RUNNING:
            words = _REASONS.get(reason, reason) if state in _WAITING and reason != "None" else ""
            queue[number if task in ("N/A", "") else f"{number}_{task}"] = QueueEntry(state, words, nodes)
    return queue


_answers = Timed(_ask_whether_it_answers, _ANSWERS_SECONDS)
_queue = Timed(_ask_for_queue, _QUEUE_SECONDS)


def ended(job_id: str) -> str:
    """A sentence on how a job ended that could not say so itself. Slurm forgets after some minutes."""
    text = ""
    with contextlib.suppress(ExplorerError):  # forgotten
        text = _run(["scontrol", "show", "job", job_id, "--oneliner"])
    fields = dict(field.partition("=")[::2] for field in text.split())
    state = fields.get("JobState", "")
    if state in _ENDS:
        return _ENDS[state]
    where = f" on {fields['NodeList']}" if fields.get("NodeList", "(null)") != "(null)" else ""
    what = f" (state {state}, exit code {fields.get('ExitCode', '?')})" if state else ""
    return f"It is no longer in Slurm's queue, and exited without reporting{where}{what}. The log may say why."


def cancel(job_ids: Sequence[str]) -> None:
    """Take jobs out of the queue, or end them.

    Raises:
        ExplorerError: Slurm does not answer, or refuses.
    """
    _run(["scancel", *job_ids])
    _queue.forget()


def _run(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ExplorerError(
            f"Slurm does not answer ({command[0]}: {type(error).__name__}). Try again later."
        ) from error
    if done.returncode:
        words = done.stderr.strip().splitlines()[-1:] or [f"exit status {done.returncode}"]
        raise ExplorerError(f"Slurm does not answer properly ({command[0]}: {words[0]}). Try again later.")
    return done.stdout
