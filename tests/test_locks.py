"""Locks: one holder, gone with it; on file systems with locks and on those without."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from explorer import locks
from explorer.errors import ExplorerError
from explorer.locks import held, is_held
from tests.no_locks import NO_LOCKS, refuse_locks

ROOT = Path(__file__).parent.parent
REFUSALS = [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, 524]


@pytest.fixture(params=[True, False], ids=["with locks", "without locks"])
def has_locks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    if not request.param:
        refuse_locks(monkeypatch)
    return request.param


def run(script: str, has_locks: bool, *arguments: object) -> subprocess.Popen[bytes]:
    """A process with the library, on the same kind of file system."""
    command = [sys.executable, "-c", ("" if has_locks else NO_LOCKS) + script, *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT)


def test_a_lock_has_one_holder(tmp_path: Path, has_locks: bool) -> None:
    path = tmp_path / "lock"
    for _ in range(3):
        assert not is_held(path)
        with held(path, "busy"):
            assert is_held(path)
            with pytest.raises(ExplorerError, match="busy"), held(path, "busy"):
                pass
            assert is_held(path)
    assert not is_held(path)
    assert len(list(tmp_path.iterdir())) <= 2, "what is no longer needed is cleared away"


@pytest.mark.parametrize("code", REFUSALS)
def test_whatever_the_file_system_says_when_it_has_no_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    refuse_locks(monkeypatch, code)
    with held(tmp_path / "lock", "busy"):
        assert is_held(tmp_path / "lock")
    assert not is_held(tmp_path / "lock")


@pytest.mark.parametrize("end", ["os._exit(9)", "os.kill(os.getpid(), 9)"])
def test_a_lock_goes_with_the_process_that_held_it(tmp_path: Path, has_locks: bool, end: str) -> None:
    path = tmp_path / "lock"
    script = (
        f"import os, pathlib, sys\nfrom explorer.locks import held\nwith held(pathlib.Path(sys.argv[1]), ''): {end}"
    )
    process = run(script, has_locks, path)
    # It stays in the table of processes until its end is fetched.
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert not is_held(path)
    with held(path, "busy"):
        assert is_held(path)
    assert process.wait() != 0


def test_one_of_many_processes_has_it_at_a_time(tmp_path: Path, has_locks: bool) -> None:
    """Each adds one to a number in a file, many times, which loses some where two are at it at once."""
    script = """
import pathlib, sys
from explorer.locks import held
number = pathlib.Path(sys.argv[1]) / "number"
for _ in range(20):
    with held(number.with_name("lock"), "busy", timeout=300):
        number.write_text(str(int(number.read_text()) + 1))
"""
    (tmp_path / "number").write_text("0")
    processes = [run(script, has_locks, tmp_path) for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert (tmp_path / "number").read_text() == "60"


def test_one_of_many_threads_has_it_at_a_time(tmp_path: Path, has_locks: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "_LOOK_EVERY", 0.001)
    inside, most = 0, 0

    def work(_: int) -> None:
        nonlocal inside, most
        with held(tmp_path / "lock", "busy", timeout=300):
            inside += 1
            most = max(most, inside)
            time.sleep(0.001)
            inside -= 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(60)))
    assert most == 1


def test_looking_does_not_take_others_that_look_for_the_holder(tmp_path: Path, has_locks: bool) -> None:
    path = tmp_path / "lock"
    path.touch()
    with ThreadPoolExecutor(8) as pool:
        assert not any(pool.map(lambda _: is_held(path), range(400)))


def test_looks_of_other_processes_do_not_count_as_a_holder(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.touch()
    with open(path, "rb") as elsewhere:
        fcntl.flock(elsewhere, fcntl.LOCK_SH)
        assert not is_held(path)


def test_a_lock_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    with pytest.raises(ExplorerError, match="cannot be locked"), held(tmp_path, "busy"):
        pass
    assert not is_held(tmp_path)
    assert not is_held(tmp_path / "none" / "lock")


def test_a_holder_may_be_waited_for_and_is_named(tmp_path: Path, has_locks: bool) -> None:
    path, said = tmp_path / "lock", threading.Event()
    names = []

    def waiting(who: str) -> None:
        names.append(who)
        said.set()

    with ThreadPoolExecutor(1) as pool:

        def wait() -> bool:
            with held(path, "busy", 60, waiting):
                return True

        with held(path, "busy"):
            waiter = pool.submit(wait)
            assert said.wait(60)
        assert waiter.result(timeout=60)
    assert set(names) == {f"process {os.getpid()} on {socket.gethostname()}"}


def note(path: Path, content: str | bytes, seconds_ago: float = 0.0, number: int = 1) -> None:
    """A note as another process has left it."""
    file = path.with_name(f"{path.name}.{number}")
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    os.utime(file, (time.time() - seconds_ago,) * 2)


def holder(**changes: object) -> str:
    return json.dumps(locks._this_process().model_dump() | changes)


DEAD = 2**22 + 1  # more than the kernel gives


@pytest.mark.parametrize(
    ("content", "seconds_ago", "is_live"),
    [
        (holder, 1e6, True),
        (lambda: holder(started=1), 0, False),  # its number has another owner by now
        (lambda: holder(pid=DEAD), 0, False),
        (lambda: holder(pid=0), 0, False),  # it has let go
        (lambda: holder(pid=DEAD, host="elsewhere"), 10, True),
        (lambda: holder(host="elsewhere"), 1000, False),  # a node that is gone
        (lambda: holder(host="elsewhere"), -1000, False),  # a clock that is wrong
        (lambda: holder(pid=DEAD, space=1), 10, True),  # a container with the same name
        (lambda: "", 0, True),  # being written
        (lambda: "", 1000, False),  # its process was killed while it wrote
        (lambda: '{"pid": 1', 1000, False),
        (lambda: b"\xff" * 5000, 1000, False),
        (lambda: holder(pid=-1), 1000, False),  # would stand for many processes
    ],
)
def test_a_note_counts_while_its_process_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: Callable[[], str], seconds_ago: float, is_live: bool
) -> None:
    refuse_locks(monkeypatch)
    path = tmp_path / "lock"
    note(path, holder(pid=DEAD), number=8)  # only the highest counts
    note(path, content(), seconds_ago, number=9)
    assert is_held(path) is is_live
    if is_live:
        with pytest.raises(ExplorerError, match="busy"), held(path, "busy"):
            pass
    else:
        with held(path, "busy"):
            assert sorted(file.name for file in tmp_path.glob("lock.*")) == ["lock.10"]


def test_a_lock_file_of_an_earlier_version_does_not_count(tmp_path: Path, has_locks: bool) -> None:
    path = tmp_path / "lock"
    for left in ("", f"{DEAD}\nelsewhere\n", holder()):
        path.write_text(left)
        with held(path, "busy"):
            assert is_held(path)


def test_a_machine_with_locks_heeds_the_notes_of_one_without(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    note(path, holder(host="elsewhere"))
    assert is_held(path)
    with pytest.raises(ExplorerError, match="busy"), held(path, "busy"):
        pass
    note(path, holder(host="elsewhere", pid=0))
    with held(path, "busy"):
        assert is_held(path)


def test_a_note_is_renewed_while_it_is_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_locks(monkeypatch)
    monkeypatch.setattr(locks, "_RENEW_EVERY", 0.01)
    with held(tmp_path / "lock", "busy"):
        file = tmp_path / "lock.1"
        os.utime(file, (1, 1))
        end = time.monotonic() + 60
        while file.stat().st_mtime == 1:
            assert time.monotonic() < end
            time.sleep(0.01)


def test_a_process_that_comes_late_does_not_take_a_lower_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It saw note 1, which was free; meanwhile others had 2 and have 3 now, and cleared 1 and 2 away."""
    refuse_locks(monkeypatch)
    path, numbers = tmp_path / "lock", locks._numbers
    note(path, holder(pid=0), number=1)
    seen = iter([[1]])
    monkeypatch.setattr(locks, "_numbers", lambda path: next(seen, None) or numbers(path))
    (tmp_path / "lock.1").unlink()
    note(path, holder(host="elsewhere"), number=3)
    assert locks._make_note(path) is None
    assert [file.name for file in tmp_path.iterdir()] == ["lock.3"]
