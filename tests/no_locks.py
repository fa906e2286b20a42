"""A file system without locks: what processes on it are told when they ask for one."""

from __future__ import annotations

import errno
import fcntl
import os

import pytest

__all__ = ["NO_LOCKS", "refuse_locks"]

NO_LOCKS = """
import errno, fcntl, os
def refuse(*_):
    raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))
fcntl.flock = refuse
"""


def refuse_locks(monkeypatch: pytest.MonkeyPatch, code: int = errno.ENOLCK) -> None:
    """As a file system without locks does."""

    def refuse(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", refuse)
