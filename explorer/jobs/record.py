"""What a training process says of itself, in one small file that can be written even when the disk is full.

``job.json`` in the run folder is padded to a fixed size and created before the training begins. Later records overwrite
it in place, in one write: this needs neither a free block nor permission to create files, so that a job which fails
*because* the disk is full or the folder has become read-only can still say so. A record that a kill has torn does not
parse, and counts as none.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from types import TracebackType
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from explorer.errors import ExplorerError

__all__ = ["JobRecord", "RecordFile", "read_record"]

_FILE_NAME = "job.json"
_FILE_BYTES = 4096
_MESSAGE_CHARACTERS = 500


class JobRecord(BaseModel):
    """The last thing that a training process said.

    Attributes:
        status: what it was doing, or how it ended.
        message: a sentence for the user; empty when there is nothing to say.
        pid: its process id.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    status: Literal["running", "finished", "stopped", "failed"]
    message: str = ""
    pid: int


class RecordFile:
    """The open record file of a run; a context manager.

    Args:
        folder: the run folder.

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
        record = record.model_copy(update={"message": record.message[:_MESSAGE_CHARACTERS]})
        data = record.model_dump_json().encode().ljust(_FILE_BYTES)
        try:
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            if os.write(self._descriptor, data) < _FILE_BYTES:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(self._descriptor)
        except OSError as error:
            raise ExplorerError(
                f"The run's {_FILE_NAME} cannot be written ({error.strerror}). Free some space."
            ) from error

    def __enter__(self) -> RecordFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        os.close(self._descriptor)


def read_record(folder: Path) -> JobRecord | None:
    """The last record of a run; None when there is none, or none that is whole."""
    try:
        return JobRecord.model_validate_json((folder / _FILE_NAME).read_bytes().strip())
    except (OSError, ValidationError):
        return None
