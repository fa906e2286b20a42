"""Where a job was sent: ``submission.json`` in its folder, and submitit, which sends it."""

from __future__ import annotations

import os
import shlex
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import submitit
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from explorer.errors import ExplorerError
from explorer.home import child_environment, write_atomically
from explorer.jobs.settings import JobSettings
from explorer.jobs.supervisor import Supervisor

__all__ = [
    "Submission",
    "read_submission",
    "send_local",
    "send_to_slurm",
    "write_submission",
]

_FILE = "submission.json"
_NO_END = 10 * 365 * 24 * 60  # minutes
_OFTEN = 1_000_000  # times that a job may run out of its minutes
_SIGNAL_SECONDS = 90


class Submission(BaseModel):
    """Where a job was sent.

    Attributes:
        executor: what runs it.
        processes: how many share it.
        settings: what it asked for.
        submitted: when, seconds since 1970: the oldest is next.
        job_id: of submitit; empty while a local job waits.
        started: when a local job was handed to submitit; 0 while it waits.
        first: whether a local job waits for no other.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    executor: Literal["local", "slurm"]
    processes: int = Field(1, ge=1, le=1024)
    settings: JobSettings = JobSettings()
    submitted: float = Field(default_factory=time.time, ge=0, allow_inf_nan=False)
    job_id: str = Field("", pattern=r"^(\w[\w ]*)?$", max_length=100)  # Slurm's programs take "-..." for an option
    started: float = Field(0.0, ge=0, allow_inf_nan=False)
    first: bool = False


def write_submission(folder: Path, submission: Submission) -> None:
    """Write ``submission.json``.

    Raises:
        ExplorerError: it cannot be written.
    """
    with write_atomically(folder / _FILE) as path:
        path.write_text(submission.model_dump_json(indent=1) + "\n", encoding="utf-8")


def read_submission(folder: Path) -> Submission | None:
    """Where a job was sent; None when it was not, or the file is damaged."""
    try:
        return Submission.model_validate_json((folder / _FILE).read_bytes())
    except (OSError, ValidationError):
        return None


def send_local(folder: Path, submission: Submission) -> submitit.Job[None]:
    """Start a job on this machine, in child processes that outlive this one."""
    executor = submitit.LocalExecutor(folder / "submitit")
    executor.update_parameters(
        timeout_min=_NO_END, tasks_per_node=submission.processes, stderr_to_stdout=True, signal_delay_s=_SIGNAL_SECONDS
    )
    return executor.submit(Supervisor(folder))


def send_to_slurm(name: str, folders: Sequence[Path], submission: Submission) -> list[str]:
    """Put jobs into Slurm's queue, several as one array; returns their numbers.

    Args:
        name: of the job, for ``squeue``.
        folders: one a job; submitit's own files go beside the first.
        submission: processes and what to ask for.

    Raises:
        ExplorerError: Slurm refuses; the message quotes it.
    """
    settings = submission.settings
    asked = {
        "partition": settings.partition,
        "account": settings.account,
        "gpus_per_node": settings.gpus,
        "cpus_per_task": settings.cpus,
        "mem": f"{round(1024 * settings.memory_gb)}MB" if settings.memory_gb else "",
    }
    exported = child_environment()
    if "EXPLORER_DATASETS" in os.environ:
        exported["EXPLORER_DATASETS"] = os.environ["EXPLORER_DATASETS"]
    try:
        executor = submitit.SlurmExecutor(
            folders[0] / "submitit", max_num_timeout=_OFTEN, python=shlex.quote(sys.executable)
        )
        executor.update_parameters(
            job_name=name,
            time=settings.minutes,
            ntasks_per_node=submission.processes,
            signal_delay_s=min(_SIGNAL_SECONDS, 30 * settings.minutes),
            stderr_to_stdout=True,
            setup=[f"export {key}={shlex.quote(value)}" for key, value in exported.items()],
            additional_parameters={"requeue": True},
            **{key: value for key, value in asked.items() if value},
        )
        with executor.batch():
            jobs = [executor.submit(Supervisor(folder)) for folder in folders]
        return [job.job_id for job in jobs]
    except (OSError, RuntimeError, submitit.core.utils.FailedJobError) as error:
        words = " ".join(str(error).split())[-300:]
        raise ExplorerError(f"Slurm did not take the job: {words}") from error
