"""Operating-system locks on files: held by a process, and gone with it, whatever ends it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from explorer.errors import ExplorerError

__all__ = ["held", "is_held"]

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

_looking = threading.Lock()  # two looks at once would each take the other for the holder


@contextlib.contextmanager
def held(path: Path, busy: str, timeout: float = 0.0) -> Iterator[None]:
    """Hold the lock on a file, which is created when missing.

    Args:
        path: the file.
        busy: the sentence when another process holds the lock.
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
    """Whether a process holds the lock on a file. The look itself holds it for a moment, together with other looks."""
    if fcntl is None:
        return _is_held_exclusively(path)
    try:
        with open(path, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return False
    except BlockingIOError:
        return True
    except OSError:  # not there, or not ours to read: nobody can be writing here
        return False


def _is_held_exclusively(path: Path) -> bool:
    if not path.exists():
        return False
    with _looking:
        try:
            with FileLock(path, timeout=0):
                return False
        except Timeout:
            return True
        except OSError:
            return False
