"""Jobs in processes of their own, as the app launches them."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from filelock import FileLock
from safetensors.torch import load_file

import explorer
from explorer.errors import ExplorerError
from explorer.jobs import local
from explorer.jobs.local import JobState, delete, launch, list_jobs, read_log, resume, state, stop
from explorer.jobs.record import JobRecord, RecordFile
from explorer.jobs.worker import LOCK_FILE, run_job
from explorer.training.run import Run

NewRun = Callable[..., Path]
PATIENCE = 180.0  # seconds: a busy machine may take long to start a process
ENDLESS = {"steps": 10_000_000, "validate_every": 10_000_000}


def wait_for(condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Wait for what another process does."""
    end, pause = time.monotonic() + seconds, threading.Event()
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        pause.wait(0.02)


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "last" / "training.safetensors")


def is_in_process_table(pid: int) -> bool:
    """Whether a process lives, or is dead and nobody has fetched its exit status: a zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_job_outlives_who_launched_it_and_stops_when_asked(new_run: NewRun) -> None:
    folder = new_run(**ENDLESS)
    assert state(folder).status == "new"
    script = "import sys, pathlib; from explorer.jobs.local import launch; launch(pathlib.Path(sys.argv[1]))"
    root = Path(explorer.__file__).parent.parent
    subprocess.run([sys.executable, "-c", script, str(folder)], cwd=root, timeout=PATIENCE, check=True)

    running = state(folder)
    assert running.status == "running"
    assert os.getsid(running.pid) == running.pid, "signals of the terminal do not reach it"
    with pytest.raises(ExplorerError, match="already being trained"):
        launch(folder)
    with pytest.raises(ExplorerError, match="is being trained"):
        launch(new_run("another"))
    with pytest.raises(ExplorerError, match="Stop it before"):
        delete(folder)

    wait_for(lambda: Run.open(folder).step > 0)
    stop(folder)
    assert state(folder).status in {"stopping", "stopped"}
    wait_for(lambda: state(folder).status == "stopped")
    assert weights(folder)
    with pytest.raises(ExplorerError, match="is not being trained"):
        stop(folder)


def test_a_killed_job_resumes_to_the_same_weights(new_run: NewRun) -> None:
    steps = {"steps": 150, "validate_every": 50}
    folder = new_run(**steps)
    first = launch(folder)
    wait_for(lambda: (folder / "last" / "training.safetensors").exists())
    os.kill(first.pid, signal.SIGKILL)
    wait_for(lambda: not state(folder).active)
    assert state(folder).status == "killed"
    assert not Run.open(folder).finished
    wait_for(lambda: not is_in_process_table(first.pid))

    second = resume(folder)
    wait_for(lambda: not state(folder).active)
    assert state(folder).status == "finished"
    wait_for(lambda: not is_in_process_table(second.pid))
    with pytest.raises(ExplorerError, match="nothing to resume"):
        resume(folder)

    uninterrupted = new_run("uninterrupted", **steps)
    assert run_job(uninterrupted).status == "finished"
    resumed, expected = weights(folder), weights(uninterrupted)
    assert resumed.keys() == expected.keys()
    assert all(torch.equal(resumed[key], expected[key]) for key in expected)


def test_a_failed_job_says_why(new_run: NewRun, tmp_path: Path) -> None:
    folder = new_run(dataset=str(tmp_path / "gone"))
    run_job(folder)
    failed = state(folder)
    assert failed.status == "failed"
    assert "There is no data set" in failed.message


def test_a_process_that_cannot_start_says_why(new_run: NewRun, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = new_run()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "executable", "/nowhere/python")
        with pytest.raises(ExplorerError, match="cannot start"):
            launch(folder)
    (folder / "job.json").mkdir()
    with pytest.raises(ExplorerError, match=r"job.json cannot be written"):
        launch(folder)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES], ids=os.strerror)
def test_a_disk_that_cannot_be_written_fails_the_run_which_resumes_later(
    new_run: NewRun, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refuse(path: Path, target: Path) -> None:
        raise OSError(code, os.strerror(code), str(path), None, str(target))

    folder = new_run(f"disk-{code}")
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", refuse)
        run_job(folder)
    failed = state(folder)
    assert failed.status == "failed"
    assert os.strerror(code) in failed.message
    assert not Run.open(folder).finished
    assert run_job(folder).status == "finished"
    assert state(folder).message == ""


def test_delete_removes_a_run_and_nothing_else(new_run: NewRun, tmp_path: Path) -> None:
    folder = new_run()
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "config.json").write_text("{}")
    (folder / "link").symlink_to(outside)
    alias = folder.parent / "alias"
    alias.symlink_to(outside)
    for other in (outside, alias, folder.parent, folder / "..", folder.parent / ".." / "runs", folder / "best"):
        with pytest.raises(ExplorerError, match="There is no run"):
            delete(other)
    assert alias.name not in [job.name for job in list_jobs()]
    alias.unlink()
    delete(folder)
    assert not folder.exists()
    assert (outside / "config.json").exists()
    with pytest.raises(ExplorerError, match="There is no run"):
        launch(folder)


def test_jobs_are_listed_newest_first_with_their_state(new_run: NewRun) -> None:
    first, second = new_run("listed-1"), new_run("listed-2")
    os.utime(first / "config.json", (1, 1))
    with RecordFile(second) as file:
        file.write(JobRecord(status="failed", message="The disk is full.", pid=1))
    jobs = [job for job in list_jobs() if job.name.startswith("listed")]
    assert [job.name for job in jobs] == ["listed-2", "listed-1"]
    assert [job.state for job in jobs] == [JobState("failed", "The disk is full.", 1), JobState("new")]


def test_how_many_may_run_is_configurable(new_run: NewRun, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = new_run()
    with RecordFile(folder) as file:
        file.write(JobRecord(status="running", pid=1))
    with FileLock(folder / LOCK_FILE):
        with pytest.raises(ExplorerError, match="is being trained"):
            local.check_free()
        monkeypatch.setenv("EXPLORER_JOBS", "2")
        local.check_free()
        monkeypatch.setenv("EXPLORER_JOBS", "many")
        with pytest.raises(ExplorerError, match="EXPLORER_JOBS"):
            local.check_free()


def test_the_log_is_read_from_its_end(tmp_path: Path) -> None:
    assert read_log(tmp_path) == ""
    (tmp_path / "log.txt").write_text("begin" + "x" * 300_000 + "end")
    assert read_log(tmp_path).endswith("xend")
    assert len(read_log(tmp_path)) == 200_000
