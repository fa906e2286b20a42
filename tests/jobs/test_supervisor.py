"""What stands beside a worker and tells how it ended."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from explorer.jobs import supervisor
from explorer.jobs.manage import resume, submit
from explorer.jobs.record import JobRecord, read_record, write_record
from explorer.jobs.settings import JobSettings
from explorer.jobs.state import state
from explorer.jobs.submission import Submission, write_submission
from explorer.jobs.supervisor import Supervisor
from explorer.jobs.worker import LOCK_FILE
from explorer.locks import held
from tests.jobs.waiting import wait_for

NewRun = Callable[..., Path]
ALONE = SimpleNamespace(rank=0, world_size=1, local_world_size=1, export=lambda **_: None)


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[Supervisor]:
    """A supervisor whose worker sleeps."""
    one = Supervisor(tmp_path)
    one.worker = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    yield one
    one.worker.kill()
    one.worker.wait()


def test_a_job_that_another_process_does_is_left_to_it(new_run: NewRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "TorchDistributedEnvironment", lambda: ALONE)
    folder = new_run()
    with held(folder / LOCK_FILE, "busy"):
        write_record(folder, JobRecord(status="running"))
        Supervisor(folder)()
        assert "running already" in (folder / "log.txt").read_text()
        assert state(folder).status == "running"


def test_a_job_that_is_sent_again_at_once_keeps_its_place(new_run: NewRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the end of a worker and the report of its supervisor."""
    monkeypatch.setattr(supervisor, "TorchDistributedEnvironment", lambda: ALONE)
    folder = new_run()
    again = JobRecord(status="queued", pid=0)

    def end(one: Supervisor, _peers: list[object]) -> JobRecord:
        one.worker.kill()
        one.worker.wait()
        write_record(folder, again)
        return JobRecord(status="killed", pid=0)

    monkeypatch.setattr(Supervisor, "_wait", end)
    Supervisor(folder)()
    assert read_record(folder) == again


def test_the_last_report_of_an_attempt_is_not_that_of_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first process was killed and the job sent again, while the second had not noticed yet."""
    first, second = tmp_path, tmp_path / "rank-1"
    second.mkdir()

    def say(attempt: str, folder: Path, status: str) -> None:
        monkeypatch.setenv("SUBMITIT_LOCAL_JOB_ID", attempt)
        write_record(folder, JobRecord(status=status))

    say("old", first, "running")
    say("old", second, "running")
    before = supervisor._Peer(tmp_path, 0)
    say("new", first, "running")
    after = supervisor._Peer(tmp_path, 1)
    say("old", second, "failed")
    assert before.is_gone()
    monkeypatch.setenv("SUBMITIT_LOCAL_JOB_ID", "new")
    assert not after.is_gone()
    say("new", second, "running")
    assert not after.is_gone()
    say("new", second, "killed")
    assert after.is_gone()
    assert supervisor._Peer(tmp_path, 1).is_gone()  # also for one who comes later
    monkeypatch.setenv("SUBMITIT_LOCAL_JOB_ID", "newer")
    assert not supervisor._Peer(tmp_path, 1).is_gone()


def test_a_kill_of_an_earlier_attempt_is_not_why_this_one_failed(
    new_run: NewRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = new_run()
    (folder / "rank-1").mkdir()
    write_submission(folder, Submission(executor="local", processes=2, settings=JobSettings(executor="local")))
    monkeypatch.setenv("SUBMITIT_LOCAL_JOB_ID", "first")
    write_record(folder / "rank-1", JobRecord(status="killed", message="no memory"))
    write_record(folder, JobRecord(status="failed", message="a peer is gone"))
    assert (state(folder).status, state(folder).message) == ("killed", "Process 1: no memory")
    monkeypatch.setenv("SUBMITIT_LOCAL_JOB_ID", "second")
    write_record(folder, JobRecord(status="failed", message="a new reason"))
    assert (state(folder).status, state(folder).message) == ("failed", "a new reason")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the full disk that Linux has")
def test_a_log_on_a_full_disk_is_no_reason_not_to_begin(new_run: NewRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "TorchDistributedEnvironment", lambda: ALONE)
    folder = new_run(steps=2)
    (folder / "log.txt").symlink_to("/dev/full")
    Supervisor(folder)()
    assert state(folder).status == "finished"


def test_a_job_that_is_preempted_ends_as_soon_as_it_has_saved(sleeper: Supervisor) -> None:
    class Ended(Exception):
        pass

    def end(*_: object) -> None:
        sleeper.checkpoint()
        raise Ended

    before = signal.signal(signal.SIGUSR1, end)
    began = time.monotonic()
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGUSR1)).start()
    try:
        with pytest.raises(Ended):
            sleeper._wait([])
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert time.monotonic() - began < 0.5 * supervisor._STOP_SECONDS
    assert read_record(sleeper.folder).status == "queued"


@pytest.mark.parametrize(
    ("counts", "sentence"), [([0] * 9, "signal 9"), ([0, 0, 1], "signal 9"), ([], "memory ran out")]
)
def test_only_a_kill_for_memory_at_the_end_is_the_reason(
    sleeper: Supervisor, monkeypatch: pytest.MonkeyPatch, counts: list[int], sentence: str
) -> None:
    """`counts` are the system's, from the beginning on; without any, it counts the worker's end."""
    looks = iter(counts)

    def count() -> int:
        return next(looks, max(counts, default=int(sleeper.worker.poll() is not None)))

    monkeypatch.setattr(supervisor, "_out_of_memory_kills", count)
    monkeypatch.setattr(supervisor, "_KILLS_KEPT", 3)
    monkeypatch.setattr(supervisor, "_LOOK_EVERY", 0.02)
    threading.Timer(0.5, sleeper.worker.kill).start()
    found = sleeper._wait([])
    assert found.status == "killed"
    assert sentence in found.message


@contextlib.contextmanager
def little_memory(size: int) -> Iterator[Path]:
    """A control group whose processes have `size` bytes together; its file takes them up."""
    roots = (
        (Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes"),  # version 1
        (Path("/sys/fs/cgroup"), "memory.max"),  # version 2
    )
    name = f"explorer-{uuid.uuid4().hex[:8]}"
    for root, limit in roots:
        group = root / name
        with contextlib.suppress(OSError):
            group.mkdir()
            try:
                (group / limit).write_text(str(size))
                yield group / "cgroup.procs"
                return
            finally:
                group.rmdir()
    pytest.skip("no control group for memory can be made here")


def test_a_job_that_the_system_kills_for_memory_says_so(new_run: NewRun) -> None:
    with little_memory(24 * 2**20) as group:
        folder = new_run()
        submit(folder, JobSettings(executor="local"))
        wait_for(lambda: state(folder).pid > 0 or not state(folder).open)
        group.write_text(str(state(folder).pid))  # while it imports torch, which does not fit
        wait_for(lambda: not state(folder).open)
        killed = state(folder)
        assert "memory ran out" in killed.message, killed
        assert "GB" in killed.message
    resume(folder)
    wait_for(lambda: not state(folder).open)
    assert state(folder).status == "finished"
