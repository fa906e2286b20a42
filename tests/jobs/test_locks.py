"""Locks: one holder, gone with it."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from filelock import FileLock

from explorer.errors import ExplorerError
from explorer.jobs.locks import held, is_held


def test_a_lock_has_one_holder(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert not is_held(path)
    with held(path, "busy"):
        assert is_held(path)
        with pytest.raises(ExplorerError, match="busy"), held(path, "busy"):
            pass
    assert not is_held(path)


def test_a_lock_goes_with_the_process_that_held_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    script = f"import os; from filelock import FileLock; FileLock({str(path)!r}).acquire(); os._exit(9)"
    assert subprocess.run([sys.executable, "-c", script], check=False, timeout=60).returncode == 9
    assert path.exists()
    assert not is_held(path)


def test_looking_does_not_take_others_that_look_for_the_holder(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.touch()
    with ThreadPoolExecutor(8) as pool:
        assert not any(pool.map(lambda _: is_held(path), range(400)))


def test_looks_of_other_processes_do_not_count_as_a_holder(tmp_path: Path) -> None:
    fcntl = pytest.importorskip("fcntl")
    path = tmp_path / "lock"
    path.touch()
    with open(path, "rb") as elsewhere:
        fcntl.flock(elsewhere, fcntl.LOCK_SH)
        assert not is_held(path)


def test_a_lock_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    with pytest.raises(ExplorerError, match="cannot be locked"), held(tmp_path, "busy"):
        pass
    assert not is_held(tmp_path)


def test_a_holder_may_be_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    lock = FileLock(path)
    lock.acquire()
    with ThreadPoolExecutor(1) as pool:

        def wait() -> bool:
            with held(path, "busy", timeout=30):
                return True

        waiting = pool.submit(wait)
        lock.release()
        assert waiting.result(timeout=60)
