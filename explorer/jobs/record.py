"""What a job says of itself, in one small file that can be written even when the disk is full.

``job.json`` in the job's folder is padded to a fixed size and created before the work begins. Later records overwrite
it in place, in one write: this needs neither a free block nor permission to create files, so that a job which fails
*because* the disk is full or the folder has become read-only can still say so. A record that a kill has torn does not
parse, and counts as none.
"""

from __future__ import annotations

import errno
import os
import socket
import time
from pathlib import Path
from types import TracebackType
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from explorer.errors import ExplorerError

__all__ = ["JobRecord", "RecordFile", "attempt_id", "boot_id", "read_record", "write_record"]

_FILE_NAME = "job.json"
_FILE_BYTES = 4096
_MESSAGE_CHARACTERS = 500
_MOST_PID = 2**31 - 1  # a negative one would stand for many processes
_LATEST = 1e11  # seconds since 1970


def boot_id() -> str:
    """What tells one run of this machine from the next, as far as the system says; else empty."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def attempt_id() -> str:
    """What tells the processes of one attempt at a job from those of the next; empty outside of any."""
    if local := os.environ.get("SUBMITIT_LOCAL_JOB_ID"):
        return local
    return "-".join(os.environ[name] for name in ("SLURM_JOB_ID", "SLURM_RESTART_COUNT") if name in os.environ)


class JobRecord(BaseModel):
    """The last thing that is known of a job's work.

    Attributes:
        status: what it was doing, or how it ended.
        message: a sentence for the user, cut where it is too long; empty when there is nothing to say.
        pid: process id, 0 when no process has begun.
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


class RecordFile:
    """The open record file of a job; a context manager.

    Args:
        folder: the job's folder.

    Raises:
        ExplorerError: the file cannot be created.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / _FILE_NAME
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise ExplorerError(
                f"{path} cannot be written ({error.strerror}). Free some space or check the permissions."
            ) from error

    def write(self, record: JobRecord) -> None:
        """Replace the record.

        Raises:
            ExplorerError: the disk is full. This can only happen to the first record of a file.
        """
        record = record.model_copy(update={"attempt": attempt_id()})
        data = record.model_dump_json().encode().ljust(_FILE_BYTES)
        try:
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            if os.write(self._descriptor, data) < _FILE_BYTES:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(self._descriptor)
        except OSError as error:
            raise ExplorerError(
                f"The job's {_FILE_NAME} cannot be written ({error.strerror}). Free some space."
            ) from error

    def __enter__(self) -> RecordFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        os.close(self._descriptor)


def write_record(folder: Path, record: JobRecord) -> None:
    """Replace the record of a job.

    Raises:
        ExplorerError: see `RecordFile`.
    """
    with RecordFile(folder) as file:
        file.write(record)


def read_record(folder: Path) -> JobRecord | None:
    """The last record of a job; None when there is none, or none that is whole."""
    try:
        with open(folder / _FILE_NAME, "rb") as file:
            return JobRecord.model_validate_json(file.read(_FILE_BYTES).strip())
    except (OSError, ValidationError):
        return None
