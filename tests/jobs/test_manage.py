"""Jobs in processes of their own on this machine, as the app sends them."""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import explorer
from benchmarks.processes import processes_of
from explorer.errors import ExplorerError
from explorer.jobs.kinds import CatalogTask, EvaluateTask, TrainTask
from explorer.jobs.manage import (
    create_job,
    delete,
    find_job,
    free_job_name,
    go_first,
    in_the_way,
    list_jobs,
    read_log,
    recover,
    resume,
    stop,
    submit,
    traceback_in,
)
from explorer.jobs.queue import wake_queue
from explorer.jobs.record import JobRecord, read_record, write_record
from explorer.jobs.settings import JobSettings
from explorer.jobs.state import state
from explorer.jobs.submission import Submission, read_submission, write_submission
from explorer.jobs.tasks import member_folders, progress
from explorer.jobs.worker import NICENESS, run_job
from explorer.locks import is_held
from explorer.training.run import Run
from tests.jobs.waiting import PATIENCE, wait_for
from tests.no_locks import NO_LOCKS, refuse_locks

NewRun = Callable[..., Path]
ENDLESS = {"steps": 10_000_000, "validate_every": 10_000_000}
LOCAL = JobSettings(executor="local")


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "last" / "training.safetensors")


def is_in_process_table(pid: int) -> bool:
    """Whether a process lives, or is dead and nobody has fetched its exit status: a zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_job_outlives_who_sent_it_and_stops_when_asked(new_run: NewRun) -> None:
    folder = new_run(**ENDLESS)
    assert state(folder).status == "new"
    script = (
        "import sys, pathlib\n"
        "from explorer.jobs.manage import submit\n"
        "from explorer.jobs.settings import JobSettings\n"
        "submit(pathlib.Path(sys.argv[1]), JobSettings(executor='local'))\n"
    )
    root = Path(explorer.__file__).parent.parent
    subprocess.run([sys.executable, "-c", script, str(folder)], cwd=root, timeout=PATIENCE, check=True)
    wait_for(lambda: state(folder).status == "running")
    assert os.getsid(state(folder).pid) != os.getsid(0), "signals of the terminal do not reach it"
    with pytest.raises(ExplorerError, match="runs or waits"):
        submit(folder, LOCAL)
    with pytest.raises(ExplorerError, match="Stop it before"):
        delete(folder)

    wait_for(lambda: progress(folder).unit == "steps" and progress(folder).done > 0)
    stop(folder)
    assert state(folder).status in {"stopping", "stopped"}
    wait_for(lambda: state(folder).status == "stopped")
    assert weights(folder)
    assert f", on {socket.gethostname()}\n" in read_log(folder).splitlines(keepends=True)[0]
    with pytest.raises(ExplorerError, match="is not running"):
        stop(folder)


def test_a_job_where_the_disk_has_no_locks_is_seen_stopped_and_found_dead(
    new_run: NewRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = new_run(**ENDLESS)
    # The queue of an earlier test has the locks that this one does not: another one is to start.
    wait_for(lambda: not is_held(folder.parents[1] / "jobs" / ".queue.lock"))
    (tmp_path / "sitecustomize.py").write_text(NO_LOCKS)  # for the processes that are started
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    refuse_locks(monkeypatch)
    submit(folder, LOCAL)
    wait_for(lambda: state(folder).status == "running")
    stop(folder)
    assert state(folder).status == "stopping"
    for process in processes_of(folder.parent.parent):
        if process.role in ("worker", "supervisor"):
            os.kill(process.pid, signal.SIGKILL)
    wait_for(lambda: not state(folder).open)
    assert state(folder).status == "killed"


def test_jobs_wait_for_their_turn_the_oldest_first(new_run: NewRun) -> None:
    first, second, third = (new_run(name, **ENDLESS) for name in ("queue-1", "queue-2", "queue-3"))
    for folder in (first, second, third):
        submit(folder, LOCAL)
    wait_for(lambda: state(first).status == "running")
    assert [state(folder).status for folder in (second, third)] == ["queued", "queued"]
    stop(second)
    assert state(second).status == "stopped"
    assert "before it began" in state(second).message
    stop(first)
    wait_for(lambda: state(third).active)
    assert state(second).status == "stopped"
    stop(third)
    wait_for(lambda: not state(third).open)


def test_a_job_that_goes_first_begins_beside_the_one_it_would_wait_for(
    new_run: NewRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXPLORER_JOBS_EXECUTOR", "local")
    long, other, lesson = (new_run(name, **ENDLESS) for name in ("long-1", "other-1", "lesson-1"))
    assert in_the_way() == []
    for folder in (long, other, lesson):
        submit(folder, LOCAL)
    wait_for(lambda: state(long).status == "running")
    assert {job.name for job in in_the_way()} == {"long-1", "other-1", "lesson-1"}
    go_first(lesson)
    wait_for(lambda: state(lesson).status == "running")
    assert [state(folder).status for folder in (long, other)] == ["running", "queued"]
    with pytest.raises(ExplorerError, match="does not wait"):
        go_first(lesson)
    stop(lesson)
    wait_for(lambda: not state(lesson).open)
    assert state(other).status == "queued"  # it still waits for the long one
    for folder in (other, long):
        stop(folder)


@pytest.mark.skipif(not Path("/proc/self/autogroup").is_file(), reason="processes are not grouped by sessions here")
def test_jobs_let_the_app_go_first(new_run: NewRun) -> None:
    folder = new_run(**ENDLESS)
    submit(folder, LOCAL)
    wait_for(lambda: state(folder).status == "running")
    pid = state(folder).pid
    assert Path(f"/proc/{pid}/autogroup").read_text().split()[-1] == str(NICENESS)
    assert os.getpriority(os.PRIO_PROCESS, pid) >= NICENESS
    assert not Path("/proc/self/autogroup").read_text().endswith(f"nice {NICENESS}\n")  # empty where init began it


def test_more_run_at_once_where_that_is_allowed(
    new_run: NewRun, shared_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXPLORER_JOBS_AT_ONCE", "2")
    wait_for(lambda: not is_held(shared_home / "jobs" / ".queue.lock"))
    folders = [new_run(f"both-{k}", **ENDLESS) for k in range(2)]
    for folder in folders:
        submit(folder, LOCAL)
    wait_for(lambda: [state(folder).status for folder in folders] == ["running", "running"])
    for folder in folders:
        stop(folder)
    wait_for(lambda: not any(state(folder).open for folder in folders))
    wait_for(lambda: not is_held(shared_home / "jobs" / ".queue.lock"))  # it has this setting


def test_a_killed_job_resumes_to_the_same_weights(new_run: NewRun) -> None:
    steps = {"steps": 150, "validate_every": 50}
    folder = new_run(**steps)
    submit(folder, LOCAL)
    wait_for(lambda: (folder / "last" / "training.safetensors").exists())
    first = state(folder)
    os.kill(first.pid, signal.SIGKILL)
    wait_for(lambda: not state(folder).open)
    killed = state(folder)
    assert killed.status == "killed"
    assert "signal 9" in killed.message
    assert "GB of memory" in killed.message
    assert not Run.open(folder).finished
    wait_for(lambda: not is_in_process_table(first.pid))

    resume(folder)
    wait_for(lambda: not state(folder).open)
    assert state(folder).status == "finished"
    with pytest.raises(ExplorerError, match="nothing left to do"):
        resume(folder)

    uninterrupted = new_run("uninterrupted", **steps)
    assert run_job(uninterrupted).status == "finished"
    resumed, expected = weights(folder), weights(uninterrupted)
    assert resumed.keys() == expected.keys()
    assert all(torch.equal(resumed[key], expected[key]) for key in expected)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc")
def test_the_queue_can_be_killed_and_goes_on(new_run: NewRun) -> None:
    first, second = new_run("before", **ENDLESS), new_run("after", steps=8)
    submit(first, LOCAL)
    submit(second, LOCAL)
    wait_for(lambda: state(first).status == "running")
    home = first.parent.parent
    (queue,) = [process for process in processes_of(home) if process.role == "queue"]
    os.kill(queue.pid, signal.SIGKILL)
    wait_for(lambda: not is_held(home / "jobs" / ".queue.lock"))
    assert state(first).status == "running", "it goes on"
    assert state(second).status == "queued"
    wake_queue()
    assert is_held(home / "jobs" / ".queue.lock")
    stop(first)
    wait_for(lambda: state(second).status == "finished")
    assert state(first).status == "stopped"


def test_after_a_restart_of_the_machine_jobs_go_on(new_run: NewRun) -> None:
    ran, killed = new_run("ran", steps=8), new_run("was-killed", steps=8)
    for folder in (ran, killed):
        write_submission(folder, Submission(executor="local", settings=LOCAL, job_id="1", started=1.0))
    write_record(ran, JobRecord(status="running", boot="another"))
    write_record(killed, JobRecord(status="running"))
    assert "restarted" in state(ran).message
    assert "killed it" in state(killed).message
    assert recover() == ["ran"]
    wait_for(lambda: state(ran).status == "finished")
    assert state(killed).status == "killed"


def test_a_process_of_several_on_this_machine(new_run: NewRun) -> None:
    folder = new_run(steps=8)
    submit(folder, LOCAL, TrainTask(processes=2))
    wait_for(lambda: not state(folder).open)
    assert state(folder).status == "finished", state(folder).message + read_log(folder)
    assert read_record(folder / "rank-1").status == "finished"


def test_a_catalog_in_shards_is_one_job(new_run: NewRun, shared_home: Path) -> None:
    folder = create_job(CatalogTask(checkpoint="digits", dataset="digits", shards=2), free_job_name("shards"))
    assert [member.name for member in member_folders(folder)] == ["shard-0", "shard-1"]
    submit(folder, LOCAL)
    wait_for(lambda: not state(folder).open)
    assert state(folder).status == "finished", state(folder).message
    assert progress(folder).fraction == 1.0
    assert progress(folder).unit == "scores"
    with pytest.raises(ExplorerError, match="nothing left to do"):
        submit(folder, LOCAL)
    delete(folder)


def test_checks_are_a_job_that_says_what_it_lacks(new_run: NewRun) -> None:
    folder = create_job(EvaluateTask(checkpoint="nobody", dataset="digits", quick=True), "checks")
    with pytest.raises(ExplorerError, match="already"):
        create_job(EvaluateTask(checkpoint="nobody", dataset="digits"), "checks")
    assert run_job(folder).status == "failed"
    assert "nobody" in state(folder).message
    assert find_job("checks").task.kind == "evaluate"
    delete(folder)
    with pytest.raises(ExplorerError, match="There is no job"):
        find_job("checks")


def test_a_job_for_slurm_needs_slurm(new_run: NewRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ExplorerError, match="no Slurm here"):
        submit(new_run(), JobSettings(executor="slurm"))


def test_small_processes_beside_a_job_do_without_torch() -> None:
    script = "import sys, explorer.jobs.queue, explorer.jobs.manage; sys.exit('torch' in sys.modules)"
    root = Path(explorer.__file__).parent.parent
    assert subprocess.run([sys.executable, "-c", script], cwd=root, timeout=PATIENCE, check=False).returncode == 0


def test_a_failed_job_says_why(new_run: NewRun, tmp_path: Path) -> None:
    folder = new_run(dataset=str(tmp_path / "gone"))
    run_job(folder)
    failed = state(folder)
    assert failed.status == "failed"
    assert "There is no data set" in failed.message


def test_a_process_that_cannot_start_says_why(new_run: NewRun, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = new_run()
    wait_for(lambda: not is_held(folder.parent.parent / "jobs" / ".queue.lock"))
    with monkeypatch.context() as patch:
        patch.setattr(sys, "executable", "/nowhere/python")
        with pytest.raises(ExplorerError, match="cannot start"):
            submit(folder, LOCAL)
    stop(folder)
    other = new_run("other")
    (other / "job.json").mkdir()
    with pytest.raises(ExplorerError, match=r"job.json cannot be written"):
        submit(other, LOCAL)


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
        with pytest.raises(ExplorerError, match="There is no job"):
            delete(other)
    assert alias.name not in [job.name for job in list_jobs()]
    alias.unlink()
    delete(folder)
    assert not folder.exists()
    assert (outside / "config.json").exists()
    with pytest.raises(ExplorerError, match="There is no job"):
        submit(folder, LOCAL)


def test_a_job_that_is_half_made_or_half_deleted_is_none_and_its_name_is_free(
    new_run: NewRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    folder = new_run("cut")
    with monkeypatch.context() as patch:
        patch.setattr("explorer.jobs.manage.shutil.rmtree", cut)
        with pytest.raises(KeyboardInterrupt):
            delete(folder)
    assert "cut" not in " ".join(job.name for job in list_jobs())
    assert len(list(folder.parent.glob(".cut.*.tmp/config.json"))) == 1
    assert new_run("cut") == folder

    task = CatalogTask(checkpoint="digits", dataset="digits")
    with monkeypatch.context() as patch:
        patch.setattr("explorer.jobs.manage.write_task", cut)
        with pytest.raises(KeyboardInterrupt):
            create_job(task, "half")
    delete(create_job(task, "half"))


def test_jobs_are_listed_newest_first_with_their_state(new_run: NewRun) -> None:
    first, second = new_run("listed-1"), new_run("listed-2")
    os.utime(first / "config.json", (1, 1))
    write_record(second, JobRecord(status="failed", message="The disk is full.", pid=1))
    jobs = [job for job in list_jobs("train") if job.name.startswith("listed")]
    assert [job.name for job in jobs] == ["listed-2", "listed-1"]
    assert (jobs[0].state.status, jobs[0].state.message) == ("failed", "The disk is full.")
    assert (jobs[0].state.host, jobs[1].state.status) == (socket.gethostname(), "new")
    assert not [job for job in list_jobs("map") if job.name.startswith("listed")]


def test_the_last_traceback_is_found() -> None:
    text = "x\nTraceback (most recent call last):\n  a\nTraceback (most recent call last):\n  b\nKeyError: 'c'\n"
    assert traceback_in(text) == "Traceback (most recent call last):\n  b\nKeyError: 'c'"
    assert traceback_in("all is well") == ""


def test_the_log_is_read_from_its_end(tmp_path: Path) -> None:
    assert read_log(tmp_path) == ""
    (tmp_path / "log.txt").write_text("begin" + "x" * 300_000 + "end")
    assert read_log(tmp_path).endswith("xend")
    assert len(read_log(tmp_path)) == 200_000


@pytest.mark.usefixtures("new_run")
def test_of_many_logs_each_has_room_for_an_error() -> None:
    folder = create_job(CatalogTask(checkpoint="digits", dataset="digits", shards=200), free_job_name("many-logs"))
    for member in member_folders(folder):
        member.mkdir()
        (member / "log.txt").write_text("a line\n" * 1000)
    error = "Traceback (most recent call last):\n" + "  somewhere\n" * 300
    (member / "log.txt").write_text("a line\n" * 1000 + error)
    assert traceback_in(read_log(folder)) == error.strip()
    delete(folder)


def test_a_job_on_its_way_to_slurm_is_not_taken_by_the_queue_here(new_run: NewRun) -> None:
    folder = new_run()
    write_submission(folder, Submission(executor="slurm"))
    write_record(folder, JobRecord(status="queued", pid=0))
    assert state(folder).status == "queued"
    wake_queue()
    assert not is_held(folder.parent.parent / "jobs" / ".queue.lock"), "nothing here is the queue's"
    with pytest.raises(ExplorerError, match="on its way to Slurm"):
        stop(folder)
    write_record(folder, JobRecord(status="queued", pid=0, time=time.time() - 3600))
    assert "did not get to Slurm" in state(folder).message


def test_resume_takes_the_settings_of_now(new_run: NewRun, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = new_run()
    write_submission(folder, Submission(executor="local", settings=JobSettings(minutes=5)))
    write_record(folder, JobRecord(status="stopped", pid=0))
    monkeypatch.setenv("EXPLORER_JOBS_MINUTES", "77")
    resume(folder)
    assert read_submission(folder).settings == JobSettings(executor="local", minutes=77)
    wait_for(lambda: not state(folder).open)
