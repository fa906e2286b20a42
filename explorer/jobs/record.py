"""How a job stands, in its own words: one small file that can be written even when the disk is full.

``job.json`` in the job's folder is padded to a fixed size and created before the work begins. Later records overwrite
it in place, in one write: this needs neither a free block nor permission to create files, so that a job which fails
*because* the disk is full or the folder has become read-only can still report it. A record that a kill has torn does
not parse, and counts as none.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from explorer.errors import ExplorerError

__all__ = ["JobRecord", "attempt_id", "boot_id", "open_record", "read_record", "write_record"]

_FILE_NAME = "job.json"
_FILE_BYTES = 4096
_MESSAGE_CHARACTERS = 500
_MOST_PID = 2**31 - 1  # a negative one would stand for many processes
_LATEST = 1e11  # seconds since 1970


def boot_id() -> str:
    """An identifier that changes when this machine is restarted; empty where the system has none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def attempt_id() -> str:
    """An identifier of this attempt at a job, shared by all its processes; empty outside of a job."""
    if local := os.environ.get("SUBMITIT_LOCAL_JOB_ID"):
        return local
    return "-".join(os.environ[name] for name in ("SLURM_JOB_ID", "SLURM_RESTART_COUNT") if name in os.environ)


class JobRecord(BaseModel):
    """The last state that a job recorded.

    Attributes:
        status: what it was doing, or how it ended.
        message: a sentence for the user, cut where it is too long; empty when there is nothing to say.
        pid: process id, 0 when no process has started.
        host: name of the machine.
        boot: see `boot_id`.
        attempt: see `attempt_id`; of the process that wrote it.
        time: when this was written, seconds since 1970.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    status: Literal["queued", "running", "finished", "stopped", "failed", "killed"]
    message: Annotated[str, AfterValidator(lambda text: text[:_MESSAGE_CHARACTERS])] = ""
    pid: int = Field(default_factory=os.getpid, ge=0, le=_MOST_PID)
    host: str = Field(default_factory=socket.gethostname)
    boot: str = Field(default_factory=boot_id)
    attempt: str = ""
    time: float = Field(default_factory=time.time, ge=0, le=_LATEST)


@contextlib.contextmanager
def open_record(folder: Path) -> Iterator[Callable[[JobRecord], None]]:
    """Create the record file of a job, or open it; yields the function that replaces the record.

    That function raises an `ExplorerError` when the disk is full, which can only happen to the first record of a file.

    Raises:
        ExplorerError: the file cannot be created.
    """
    path = folder / _FILE_NAME
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise ExplorerError(
            f"{path} cannot be written ({error.strerror}). Free some space or check the permissions."
        ) from error

    def write(record: JobRecord) -> None:
        data = record.model_copy(update={"attempt": attempt_id()}).model_dump_json().encode().ljust(_FILE_BYTES)
        try:
            os.lseek(file, 0, os.SEEK_SET)
            if os.write(file, data) < _FILE_BYTES:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(file)
        except OSError as error:
            raise ExplorerError(
                f"The job's {_FILE_NAME} cannot be written ({error.strerror}). Free some space."
            ) from error

    try:
        yield write
    finally:
        os.close(file)


def write_record(folder: Path, record: JobRecord) -> None:
    """Replace the record of a job.

    Raises:
        ExplorerError: see `open_record`.
    """
    with open_record(folder) as write:
        write(record)


def read_record(folder: Path) -> JobRecord | None:
    """The last record of a job; None when there is none, or none that is whole."""
    try:
        with open(folder / _FILE_NAME, "rb") as file:
            return JobRecord.model_validate_json(file.read(_FILE_BYTES).strip())
    except (OSError, ValidationError):
        return None
