"""What one does with jobs: create, send, list, stop, resume, delete, read."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
from dataclasses import dataclass
from pathlib import Path

from explorer.errors import ExplorerError
from explorer.home import (
    check_name,
    data_home,
    read_end,
    subfolder,
    temporary_name,
    write_folder_atomically,
    written,
)
from explorer.jobs import slurm
from explorer.jobs.kinds import ModelTask, Task
from explorer.jobs.progress import JobProgress
from explorer.jobs.queue import WITHDRAWN, begin_at_once, enqueue, folders, wake_queue, withdraw
from explorer.jobs.record import JobRecord, boot_id, read_record, write_record
from explorer.jobs.settings import JobSettings, job_settings
from explorer.jobs.state import JobState, state
from explorer.jobs.submission import Submission, outer_log, read_submission, send_to_slurm, write_submission
from explorer.jobs.tasks import member_folders, read_task, write_task
from explorer.jobs.worker import LOCK_FILE, LOG_FILE, STOP_FILE
from explorer.locks import held

__all__ = [
    "Job",
    "create_job",
    "delete",
    "find_job",
    "free_job_name",
    "go_first",
    "in_the_way",
    "list_jobs",
    "read_log",
    "recover",
    "resume",
    "stop",
    "submit",
    "traceback_in",
    "which_executor",
]

_LOG_BYTES = 200_000
_LEAST_LOG_BYTES = 8_000  # of each shard or process: a traceback fits


@dataclass(frozen=True)
class Job:
    """The folder of a job, what it does, and how it stands."""

    folder: Path
    task: Task
    state: JobState

    @property
    def name(self) -> str:
        """Name of the folder."""
        return self.folder.name

    @property
    def first_member(self) -> Path:
        """The folder of its first shard; its own, where it is in one piece."""
        return self.task.members(self.folder)[0]

    @property
    def local(self) -> bool:
        """Whether it runs or waits on this machine, and not in Slurm; true before it was sent anywhere."""
        submission = read_submission(self.first_member)
        return submission is None or submission.executor == "local"

    @property
    def progress(self) -> JobProgress:
        """How far it is; nothing where it was deleted or damaged meanwhile."""
        try:
            return self.task.progress(self.folder)
        except ExplorerError:
            return JobProgress()


def which_executor(settings: JobSettings) -> str:
    """``"local"`` or ``"slurm"``: where a job with these settings goes.

    Raises:
        ExplorerError: Slurm is asked for, and there is none.
    """
    if settings.executor == "local" or (settings.executor == "auto" and not slurm.available()):
        return "local"
    if not slurm.available():
        raise ExplorerError(
            "There is no Slurm here that answers. Choose the executor local, or start the app on a cluster."
        )
    return "slurm"


def create_job(task: ModelTask, name: str | None = None) -> Path:
    """Make the folder of a new job, under a name that is free when none is given. A training's folder is its run's.

    Raises:
        ExplorerError: there is a job of this name, or the folder cannot be written.
    """
    folder = subfolder("jobs") / check_name(name or free_job_name(task.stem))
    try:
        with write_folder_atomically(folder) as new:
            write_task(new, task)
    except FileExistsError as error:
        raise ExplorerError(f"There is a job called {folder.name} already. Choose another name.") from error
    except OSError as error:
        raise ExplorerError(f"{folder} cannot be created ({error.strerror}).") from error
    return folder


def free_job_name(stem: str) -> str:
    """A name made from `stem` that no job has."""
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-._")[:48] or "job"
    taken = {path.name for path in (data_home() / "jobs").glob("*")}
    return next(name for number in range(1, len(taken) + 2) if (name := f"{stem}-{number}") not in taken)


def submit(folder: Path, settings: JobSettings | None = None, task: Task | None = None) -> JobState:
    """Send a job, or what is left of it, to this machine's queue or to Slurm.

    Args:
        folder: of the job.
        settings: where to and with what; those of `explorer.toml` when None.
        task: written to the folder first, when given.

    Raises:
        ExplorerError: it runs or waits already, has finished, or cannot be sent.
    """
    folder = _checked(folder)
    if state(folder).open:
        raise ExplorerError(f"The job {folder.name} runs or waits already.")
    settings = settings or job_settings()
    executor = which_executor(settings)
    if task is not None:
        write_task(folder, task)
    members = [member for member in member_folders(folder) if state(member).status != "finished"]
    if not members:
        raise ExplorerError(f"The job {folder.name} has finished: there is nothing left to do.")
    for member in members:
        with written(member):
            member.mkdir(exist_ok=True)
            (member / STOP_FILE).unlink(missing_ok=True)
    submission = Submission(executor=executor, processes=read_task(folder).processes, settings=settings)
    if executor == "local":
        enqueue(members, submission)
    else:
        _to_slurm(folder, members, submission)
    return state(folder)


def _to_slurm(folder: Path, members: list[Path], submission: Submission) -> None:
    for member in members:  # before Slurm has it: it may begin at once
        write_submission(member, submission)  # first: the local queue takes a waiting job without a submission
        write_record(member, JobRecord(status="queued", pid=0))
    try:
        job_ids = send_to_slurm(folder.name, members, submission)
    except ExplorerError as error:
        for member in members:
            write_record(member, JobRecord(status="failed", message=str(error), pid=0))
        raise
    for member, job_id in zip(members, job_ids, strict=True):
        write_submission(member, submission.model_copy(update={"job_id": job_id}))


def resume(folder: Path) -> JobState:
    """Go on with a job from what it saved last; with one in shards, only with those that are missing.

    It goes where it was before, with the present settings of `explorer.toml`: more memory, say, if it ran out of it.

    Raises:
        ExplorerError: as for `submit`.
    """
    settings, earlier = job_settings(), read_submission(member_folders(folder)[0])
    if earlier is not None:
        settings = settings.model_copy(update={"executor": earlier.executor})
    return submit(folder, settings)


def stop(folder: Path) -> None:
    """Take a job out of the queue, or ask it to save and stop.

    Raises:
        ExplorerError: it neither waits nor runs.
    """
    folder = _checked(folder)
    if not state(folder).open:
        raise ExplorerError(f"The job {folder.name} is not running.")
    waiting = {}
    for member in member_folders(folder):
        submission = read_submission(member)
        if submission is not None and submission.executor == "slurm" and state(member).status == "queued":
            if not submission.job_id:
                raise ExplorerError(f"The job {folder.name} is on its way to Slurm. Try again in a moment.")
            waiting[member] = submission.job_id
        else:
            _stop(member)
    if waiting:
        for member in waiting:  # those that start before Slurm hears of it stop by themselves
            with written(member):
                (member / STOP_FILE).touch()
        slurm.cancel(list(waiting.values()))
        for member in waiting:
            write_record(member, JobRecord(status="stopped", message=WITHDRAWN, pid=0))


def _stop(folder: Path) -> None:
    current = state(folder)
    if not current.open or (current.status == "queued" and withdraw(folder)):
        return
    try:
        with written(folder / STOP_FILE):
            (folder / STOP_FILE).touch()
    except ExplorerError:  # full or read-only disk
        if not current.pid or current.host != socket.gethostname():
            raise
        with contextlib.suppress(ProcessLookupError):
            os.kill(current.pid, signal.SIGTERM)


def go_first(folder: Path) -> None:
    """Let a job that waits on this machine begin at once, beside those that run: they share the machine.

    Raises:
        ExplorerError: it does not wait, or Slurm decides when it begins.
    """
    folder = _checked(folder)
    waiting = [member for member in member_folders(folder) if begin_at_once(member)]
    if not waiting:
        raise ExplorerError(f"The job {folder.name} does not wait in the queue of this machine.")
    wake_queue()


def in_the_way() -> list[Job]:
    """The jobs that a new one would wait for; none where there is room, or where Slurm decides.

    Raises:
        ExplorerError: the settings cannot be read, or ask for a Slurm that is not there.
    """
    settings = job_settings()
    if which_executor(settings) != "local":
        return []
    busy = [job for job in list_jobs() if job.state.open and job.local]
    return busy if len(busy) >= settings.at_once else []


def delete(folder: Path) -> None:
    """Remove a job with all its files. What it made stays: checkpoint, catalog, report, map.

    Raises:
        ExplorerError: it runs or waits, is not a job of the data folder, or cannot be removed.
    """
    folder = _checked(folder)
    if state(folder).open:
        raise ExplorerError(f"The job {folder.name} runs or waits. Stop it before you delete it.")
    try:
        with held(folder / LOCK_FILE, f"The job {folder.name} is running. Stop it before you delete it."):
            # Under this name it no longer is a job and its old name is free, whenever this is interrupted.
            unwanted = folder.rename(temporary_name(folder))
        shutil.rmtree(unwanted)
    except OSError as error:
        raise ExplorerError(
            f"The job {folder.name} cannot be deleted ({error.strerror}). Check the permissions of {folder}."
        ) from error


def list_jobs(kind: str | None = None) -> list[Job]:
    """All jobs of the data folder, or those of one kind; the newest first. Damaged ones are left out."""
    found = []
    for folder in sorted(folders(), key=_created, reverse=True):
        with contextlib.suppress(ExplorerError):
            task = read_task(folder)
            if kind in (None, task.kind):
                found.append(Job(folder, task, state(folder)))
    return found


def find_job(name: str) -> Job:
    """The job of a name.

    Raises:
        ExplorerError: there is none.
    """
    for place in ("runs", "jobs"):
        with contextlib.suppress(ExplorerError):
            folder = _checked(data_home() / place / name)
            return Job(folder, read_task(folder), state(folder))
    raise ExplorerError(f"There is no job {name!r}. `python -m explorer jobs list` lists them.")


def recover() -> list[str]:
    """After a restart of this machine: send the local jobs again that were running, and start the queue for those that
    wait. Returns the names of the former.

    A job that was killed in another way is left as it is: what killed it might do so again.

    Raises:
        ExplorerError: a job cannot be sent.
    """
    names = []
    for folder in folders():
        for member in member_folders(folder):
            record, submission = read_record(member), read_submission(member)
            if record is None or submission is None or submission.executor != "local":
                continue
            here = record.host == socket.gethostname() and record.boot != boot_id()
            if here and record.status == "running" and not state(member).open:
                enqueue([member], submission.model_copy(update={"job_id": "", "started": 0.0}))
                names.append(folder.name)
    wake_queue()
    return list(dict.fromkeys(names))


def read_log(folder: Path) -> str:
    """The end of what a job printed, about 200 kB, shared among its shards and processes; a traceback of each fits.

    Below it is what submitit and Slurm said of it: why it did not begin, or what ended it.
    """
    members = member_folders(folder)
    places = [place for member in members for place in (member, *sorted(member.glob("rank-*")))]
    most = max(_LOG_BYTES // len(places), _LEAST_LOG_BYTES)
    parts = []
    for place in places:
        text = read_end(place / LOG_FILE, most)
        if text:
            title = f"=== {place.relative_to(folder)}\n" if place != folder else ""
            parts.append(title + text)
    if outer := outer_log(folder, members, most):
        parts.append(outer)
    return "\n".join(parts)


def traceback_in(log: str) -> str:
    """The last traceback of a log; empty when there is none."""
    start = log.rfind("Traceback (most recent call last):")
    return "" if start < 0 else log[start:].strip()


def _checked(folder: Path) -> Path:
    """`folder`, if it is a job in the data folder: deleting must never reach anything else."""
    home = data_home()
    for place, file in ((home / "runs", "config.json"), (home / "jobs", "task.json")):
        if folder.parent.resolve() == place.resolve() and not folder.is_symlink() and (folder / file).is_file():
            return place / folder.name
    raise ExplorerError(f"There is no job {folder.name!r} in {home}.")


def _created(folder: Path) -> float:
    for name in ("config.json", "task.json"):
        with contextlib.suppress(OSError):
            return (folder / name).stat().st_mtime
    return 0.0
