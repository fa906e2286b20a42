"""Locks on files: one holder at a time, among all processes that share the disk.

Where the file system has locks (``flock``), these are they: the system releases them with their process, whatever ends
it. Some have none: Lustre, NFS and FUSE as some clusters mount them. There a *note* beside the file says who holds it.

Notes are numbered, ``NAME.1``, ``NAME.2``, ..., and the highest counts. Whoever finds that it holds no longer makes the
next one, exclusively (``O_EXCL`` is atomic on NFS too). The highest is never removed, so two processes that find the
same one cannot both follow it. On its own machine a note holds for as long as its process lives, by process id and time
of start; a process of another machine cannot be asked, so that its note holds for as long as it is renewed.

`filelock.SoftFileLock` is no help: it takes the place of a dead holder by exchanging two names, which these file
systems refuse, and waits for ever.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from explorer.errors import ExplorerError

__all__ = ["held", "is_held"]

_LOOK_EVERY = 0.1  # seconds, at a lock that another process holds
_RENEW_EVERY = 15.0  # seconds, so that a note of another machine is known to hold
_SILENT_SECONDS = 120.0  # that a note of another machine holds without being renewed; more than clocks differ
_MOST_BYTES = 1000  # of a note
_MOST_CHARACTERS = 60  # of the name of a machine, in a sentence

_KERNEL_ENOTSUPP = 524  # of the kernel's own numbers; NFS and Lustre let it through
_NO_LOCKS = {errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL, _KERNEL_ENOTSUPP}


class _Holder(BaseModel):
    """Who holds a lock.

    Attributes:
        host: name of the machine.
        space: what tells containers of one name apart: the identifier of the space of process ids.
        pid: process id; 0 once it has let go.
        started: when the process started, in the system's own unit; 0 where it does not say.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    host: str
    space: int
    pid: int = Field(ge=0, le=2**31 - 1)
    started: int

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host[:_MOST_CHARACTERS]}" if self.host else "another process"


_SOMEBODY = _Holder(host="", space=0, pid=1, started=0)


@contextlib.contextmanager
def held(path: Path, busy: str, timeout: float = 0.0, waiting: Callable[[str], None] | None = None) -> Iterator[None]:
    """Hold the lock on a file, which is created when missing.

    Args:
        path: the file.
        busy: the message when another process holds the lock.
        timeout: seconds to wait for it.
        waiting: called several times a second while another process holds it, with who that is.

    Raises:
        ExplorerError: another process holds the lock, or the file cannot be written.
    """
    end = time.monotonic() + timeout
    with contextlib.ExitStack() as release:
        while not _take(path, release):
            if time.monotonic() >= end:
                raise ExplorerError(busy)
            if waiting is not None:
                waiting(str(_noted(path) or _signed(path) or _SOMEBODY))
            time.sleep(_LOOK_EVERY)
        yield


def is_held(path: Path) -> bool:
    """Whether a process holds the lock on a file. Asking takes a shared lock for a moment: others may ask at once."""
    try:
        with open(path, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # not there, not ours to read, or on a file system without locks
        pass
    return _noted(path) is not None


def _take(path: Path, release: contextlib.ExitStack) -> bool:
    """Take the lock unless another process has it; returns whether it is ours now."""
    lock = FileLock(path, timeout=0, fallback_to_soft=False, on_acquired=_sign)
    try:
        try:
            lock.acquire()
        except Timeout:
            return False
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
            note = _make_note(path)
            if note is None:
                return False
            release.enter_context(_renewed(note))
            return True
        release.callback(lock.release)
        if _noted(path) is not None:  # by a machine that mounts this disk without locks
            release.close()
            return False
        return True
    except OSError as error:
        raise ExplorerError(f"{path} cannot be locked ({error.strerror or error}). Check the permissions.") from error


def _sign(file: int) -> None:
    """Write into a file that is locked who has locked it, for whoever waits."""
    with contextlib.suppress(OSError):  # a full disk
        os.ftruncate(file, 0)
        os.pwrite(file, _this_process().model_dump_json().encode(), 0)


def _signed(path: Path) -> _Holder | None:
    with contextlib.suppress(OSError, ValidationError), open(path, "rb") as file:
        return _Holder.model_validate_json(file.read(_MOST_BYTES))
    return None


def _note(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.{number}")


def _numbers(path: Path) -> list[int]:
    """The numbers of the notes on a file, increasing."""
    pattern = re.compile(re.escape(path.name) + r"\.([0-9]{1,15})")
    return sorted(int(found[1]) for file in path.parent.iterdir() if (found := pattern.fullmatch(file.name)))


def _noted(path: Path) -> _Holder | None:
    """Who holds the lock on a file by a note; None when nobody does."""
    with contextlib.suppress(OSError):
        if numbers := _numbers(path):
            return _holder(_note(path, numbers[-1]))
    return None


def _holder(note: Path) -> _Holder | None:
    """Who holds a note; None when nobody does any more."""
    try:
        with open(note, "rb") as file:
            content = file.read(_MOST_BYTES)
            age = time.time() - os.fstat(file.fileno()).st_mtime
    except OSError:
        return None
    fresh = abs(age) < _SILENT_SECONDS
    try:
        holder = _Holder.model_validate_json(content)
    except ValidationError:  # being written, or its process was killed while it wrote
        return _SOMEBODY if fresh else None
    if not holder.pid:
        return None
    here = _this_process()
    is_there = _is_alive(holder) if (holder.host, holder.space) == (here.host, here.space) else fresh
    return holder if is_there else None


def _make_note(path: Path) -> int | None:
    """Make the next note on a file, and return it open; None when another process has the lock."""
    earlier = _numbers(path)
    if earlier and _holder(_note(path, earlier[-1])) is not None:
        return None
    number = max(earlier, default=0) + 1
    note = _note(path, number)
    try:
        file = os.open(note, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
    except FileExistsError:
        return None
    is_ours = False
    try:
        os.write(file, _this_process().model_dump_json().encode())
        # While this process looked, others may have had the lock, let go and cleared this number away.
        is_ours = _numbers(path)[-1] == number
    finally:
        if not is_ours:
            os.close(file)
            note.unlink()
    for old in earlier:
        with contextlib.suppress(OSError):
            _note(path, old).unlink()
    return file if is_ours else None


@contextlib.contextmanager
def _renewed(note: int) -> Iterator[None]:
    """Renew a note that is open, and write at the end that it holds no longer."""
    ended = threading.Event()

    def renew() -> None:
        while not ended.wait(_RENEW_EVERY):
            with contextlib.suppress(OSError):
                os.utime(note)

    thread = threading.Thread(target=renew, daemon=True, name="renews a lock")
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()  # before its file is closed
        free = _this_process().model_copy(update={"pid": 0}).model_dump_json().encode()
        with contextlib.suppress(OSError):  # a full disk: it then holds for as long as this process lives
            os.pwrite(note, free.ljust(os.fstat(note).st_size), 0)
        os.close(note)


def _this_process() -> _Holder:
    try:
        space = Path("/proc/self/ns/pid").stat().st_ino
    except OSError:  # not Linux
        space = 0
    return _Holder(host=socket.gethostname(), space=space, pid=os.getpid(), started=_started(os.getpid()))


def _is_alive(holder: _Holder) -> bool:
    """Whether a process of this machine is still there: its number may have another owner by now."""
    try:
        os.kill(holder.pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # of another user
        pass
    return holder.started == 0 or _started(holder.pid) in (0, holder.started)


def _started(pid: int) -> int:
    """When a process started, in ticks since the system did; -1 when it has ended, 0 where the system does not say."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        return -1 if fields[0] in ("Z", "X") else int(fields[19])
    except (OSError, IndexError, ValueError):
        return 0
