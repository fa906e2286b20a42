"""A job in this process: the lock, the record, and how errors become sentences."""

from __future__ import annotations

import errno
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

import explorer
from explorer.errors import ExplorerError
from explorer.jobs import worker
from explorer.jobs.record import JobRecord, open_record, read_record, write_record
from explorer.jobs.state import state
from explorer.jobs.worker import LOCK_FILE, STOP_FILE, explain, run_job
from tests.no_locks import NO_LOCKS, refuse_locks


def _raise(error: Exception) -> Callable[[Path, Callable[[], bool]], bool]:
    def train(_folder: Path, _should_stop: Callable[[], bool]) -> bool:
        raise error

    return train


@pytest.mark.parametrize("has_locks", [True, False], ids=["with locks", "without locks"])
def test_the_record_says_running_and_then_finished(
    tmp_path: Path, has_locks: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not has_locks:
        refuse_locks(monkeypatch)
    seen = []

    def train(folder: Path, _should_stop: Callable[[], bool]) -> bool:
        seen.append(state(folder).status)
        return True

    assert run_job(tmp_path, train).status == "finished"
    assert seen == ["running"]
    assert state(tmp_path).status == "finished"


def test_the_stop_file_is_heeded(tmp_path: Path) -> None:
    def train(folder: Path, should_stop: Callable[[], bool]) -> bool:
        assert not should_stop(), "a stop file of an earlier job must not count"
        (folder / STOP_FILE).touch()
        assert state(folder).status == "stopping"
        waited = threading.Event()
        while not should_stop():
            waited.wait(0.01)
        return False

    (tmp_path / STOP_FILE).touch()
    assert run_job(tmp_path, train).status == "stopped"
    assert state(tmp_path).status == "stopped"


def test_each_process_of_a_job_heeds_the_stop_file_of_the_job(tmp_path: Path) -> None:
    own = tmp_path / "rank-1"
    own.mkdir()

    def train(_folder: Path, should_stop: Callable[[], bool]) -> bool:
        (tmp_path / STOP_FILE).touch()
        waited = threading.Event()
        while not should_stop():
            waited.wait(0.01)
        return False

    assert run_job(own, train, stop_file=tmp_path / STOP_FILE).status == "stopped"


def test_a_termination_signal_is_a_stop_request(tmp_path: Path) -> None:
    def train(_folder: Path, should_stop: Callable[[], bool]) -> bool:
        os.kill(os.getpid(), signal.SIGTERM)
        return not should_stop()

    before = signal.getsignal(signal.SIGTERM)
    assert run_job(tmp_path, train).status == "stopped"
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_job_that_ignores_the_request_ends_after_its_grace(tmp_path: Path) -> None:
    script = (
        "import sys, threading, pathlib\n"
        "from explorer.jobs.worker import run_job\n"
        "def train(folder, should_stop):\n"
        "    (folder / 'stop').touch()\n"
        "    threading.Event().wait()\n"
        "run_job(pathlib.Path(sys.argv[1]), train, grace_seconds=0.05)\n"
    )
    root = Path(explorer.__file__).parent.parent
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], cwd=root, timeout=60, check=False)
    ended = state(tmp_path)
    assert ended.status == "stopped"
    assert "did not stop within" in ended.message


def test_one_run_is_trained_by_one_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_LOCK_TIMEOUT", 0.0)
    with FileLock(tmp_path / LOCK_FILE), pytest.raises(ExplorerError, match="running already"):
        run_job(tmp_path, lambda *_: True)
    assert read_record(tmp_path) is None


def test_a_process_that_vanished_was_killed(tmp_path: Path) -> None:
    with open_record(tmp_path) as write:
        write(JobRecord(status="running", pid=1))  # a process id that is alive, but not ours
    (tmp_path / LOCK_FILE).touch()
    vanished = state(tmp_path)
    assert vanished.status == "killed"
    assert "Resume" in vanished.message


def test_a_job_that_ends_while_one_looks_was_not_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def end(_path: Path) -> bool:
        if read_record(tmp_path).status == "running":
            write_record(tmp_path, JobRecord(status="finished"))
        return False

    write_record(tmp_path, JobRecord(status="running"))
    monkeypatch.setattr("explorer.jobs.state.is_held", end)
    assert state(tmp_path).status == "finished"


def test_a_later_shorter_record_replaces_a_longer_one(tmp_path: Path) -> None:
    with open_record(tmp_path) as write:
        write(JobRecord(status="failed", message="é" * 5000, pid=1))
        assert read_record(tmp_path).message == "é" * 500
        write(JobRecord(status="finished", pid=2))
    assert (read_record(tmp_path).status, read_record(tmp_path).message, read_record(tmp_path).pid) == (
        "finished",
        "",
        2,
    )


def test_a_damaged_record_counts_as_none(tmp_path: Path) -> None:
    (tmp_path / "job.json").write_bytes(b'{"status": "finis')
    assert read_record(tmp_path) is None
    assert state(tmp_path).status == "new"


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (ExplorerError("The data set is empty."), "^The data set is empty.$"),
        (OSError(errno.ENOSPC, "No space left on device"), "disk is full"),
        (RuntimeError("PytorchStreamWriter failed: No space left on device"), "disk is full"),
        (PermissionError(errno.EACCES, "Permission denied"), "cannot be written.*Permission denied"),
        (OSError(errno.EROFS, "Read-only file system"), "cannot be written.*Read-only"),
        (MemoryError(), "out of memory"),
        (RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"), "out of memory"),
        (RuntimeError("first line\nlast line"), "unexpected error .RuntimeError: last line.*log"),
        (KeyError(), "unexpected error .KeyError"),
    ],
)
def test_an_error_becomes_one_sentence(tmp_path: Path, error: Exception, sentence: str) -> None:
    assert run_job(tmp_path, _raise(error)).status == "failed"
    failed = state(tmp_path)
    assert failed.status == "failed"
    assert re.search(sentence, failed.message)
    assert explain(error) == failed.message
    assert "\n" not in failed.message


def test_the_traceback_of_an_error_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_job(tmp_path, _raise(RuntimeError("boom")))
    assert "Traceback" in (printed := capsys.readouterr().err)
    assert "RuntimeError: boom" in printed


def test_a_process_that_vanished_where_the_disk_has_no_locks_was_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = (
        "import os, pathlib, sys\n"
        "from explorer.jobs.worker import run_job\n"
        "run_job(pathlib.Path(sys.argv[1]), lambda *_: os.kill(os.getpid(), 9))\n"
    )
    root = Path(explorer.__file__).parent.parent
    subprocess.run([sys.executable, "-c", NO_LOCKS + script, str(tmp_path)], cwd=root, timeout=60, check=False)
    refuse_locks(monkeypatch)
    assert state(tmp_path).status == "killed"
    assert run_job(tmp_path, lambda *_: True).status == "finished", "and it can be done again at once"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_job_cannot_start_on_a_full_disk(tmp_path: Path) -> None:
    (tmp_path / "job.json").symlink_to("/dev/full")
    with pytest.raises(ExplorerError, match="Free some space"):
        run_job(tmp_path, lambda *_: True)
