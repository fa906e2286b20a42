"""Operating-system locks on files: held by a process, and released with it, whatever ends it."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from explorer.errors import ExplorerError

__all__ = ["held", "is_held"]


@contextlib.contextmanager
def held(path: Path, busy: str, timeout: float = 0.0) -> Iterator[None]:
    """Hold the lock on a file, which is created when missing.

    Args:
        path: the file.
        busy: the message when another process holds the lock.
        timeout: seconds to wait for it.

    Raises:
        ExplorerError: another process holds the lock, or the file cannot be written.
    """
    lock = FileLock(path, timeout=timeout)
    try:
        lock.acquire()
    except Timeout:
        raise ExplorerError(busy) from None
    except OSError as error:
        raise ExplorerError(f"{path} cannot be locked ({error.strerror or error}). Check the permissions.") from error
    try:
        yield
    finally:
        lock.release()


def is_held(path: Path) -> bool:
    """Whether a process holds the lock on a file. Asking takes a shared lock for a moment: others may ask at once."""
    try:
        with open(path, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return False
    except BlockingIOError:
        return True
    except OSError:  # not there, or not ours to read: nobody can be writing here
        return False
