"""Where a job was sent: ``submission.json`` in its folder, and submitit, which sends it."""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import submitit
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from submitit.helpers import clean_env, environment_variables

from explorer.errors import ExplorerError
from explorer.home import child_environment, read_end, write_atomically
from explorer.jobs.settings import JobSettings
from explorer.jobs.supervisor import Supervisor

__all__ = [
    "Submission",
    "outer_log",
    "read_submission",
    "send_local",
    "send_to_slurm",
    "write_submission",
]

_FILE = "submission.json"
_SUBMITIT = "submitit"  # folder of submitit's own files
_NO_END = 10 * 365 * 24 * 60  # minutes
_OFTEN = 1_000_000  # times that a job may run out of its minutes
_SIGNAL_SECONDS = 90

# What the user, and not the allocation, says: which cluster, with which key, and what sbatch is to assume.
_OF_THE_USER = ("SLURM_CONF", "SLURM_CLUSTERS", "SLURM_JWT", "SBATCH_", "SUBMITIT_PREEMPT_SIGNAL")
_OF_THE_PROCESS = ("SBATCH_CPU_BIND", "SBATCH_MEM_BIND")
_OF_MPI = ("PMI_", "PMI2_", "PMIX_", "OMPI_", "HYDRA_", "PALS_", "MPI_LOCAL")
_OF_GPUS = ("CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "GPU_DEVICE_ORDINAL")


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
    executor = submitit.LocalExecutor(folder / _SUBMITIT)
    executor.update_parameters(
        timeout_min=_NO_END, tasks_per_node=submission.processes, stderr_to_stdout=True, signal_delay_s=_SIGNAL_SECONDS
    )
    with _outside_of_jobs():
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
            folders[0] / _SUBMITIT, max_num_timeout=_OFTEN, python=shlex.quote(sys.executable)
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
        with _outside_of_jobs(), executor.batch():
            jobs = [executor.submit(Supervisor(folder)) for folder in folders]
        return [job.job_id for job in jobs]
    except (OSError, RuntimeError, submitit.core.utils.FailedJobError) as error:
        words = " ".join(str(error).split())[-300:]
        raise ExplorerError(f"Slurm did not take the job: {words}") from error


@contextlib.contextmanager
def _outside_of_jobs() -> Iterator[None]:
    """Hide what Slurm, submitit and MPI have told this process of the job that it is in, where it is in one: a job that
    is sent from there would take it for its own."""
    in_allocation = "SLURM_JOB_ID" in os.environ
    mine = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(_OF_THE_USER) and not name.startswith(_OF_THE_PROCESS)
    }
    others = [name for name in os.environ if name.startswith(_OF_MPI) or (in_allocation and name in _OF_GPUS)]
    with clean_env(others), environment_variables(**mine):
        yield


def outer_log(folder: Path, members: Sequence[Path], most: int) -> str:
    """What submitit and the programs of Slurm had to say of a job, beside what the job itself has printed.

    Args:
        folder: of the job.
        members: the folders of its shards.
        most: bytes of each file.
    """
    sent = {submission.job_id for member in members if (submission := read_submission(member))}
    parts = []
    for path in sorted(path for member in {folder, *members} for path in (member / _SUBMITIT).glob("*_log.out")):
        job_id = path.name.removesuffix("_log.out").rpartition("_")[0]
        lines = [line for line in read_end(path, most).splitlines() if not line.startswith("submitit INFO")]
        if job_id in sent and any(lines):
            parts.append(f"=== {path.relative_to(folder)}\n" + "\n".join(lines) + "\n")
    return "\n".join(parts)
