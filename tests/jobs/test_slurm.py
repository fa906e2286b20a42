"""Jobs on a real Slurm of one node: sent, watched, cancelled, requeued, preempted, through the loss of the node."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import submitit
import torch
from safetensors.torch import load_file

from explorer.errors import ExplorerError
from explorer.jobs import slurm
from explorer.jobs.kinds import CatalogTask, TrainTask
from explorer.jobs.manage import create_job, delete, find_job, read_log, resume, stop, submit, which_executor
from explorer.jobs.record import read_record
from explorer.jobs.settings import JobSettings
from explorer.jobs.state import state
from explorer.jobs.submission import read_submission
from explorer.jobs.tasks import member_folders, progress
from explorer.jobs.worker import run_job
from tests.jobs.test_submission import IN_AN_ALLOCATION
from tests.jobs.waiting import wait_for
from tests.slurm_cluster import PROGRAMS, SlurmCluster

NewRun = Callable[..., Path]
ENDLESS = {"steps": 10_000_000, "validate_every": 10_000_000}
ONE = JobSettings(executor="slurm", cpus=1)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlurmCluster]:
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if os.geteuid() != 0:
        missing.append("the rights of root")
    if missing and not os.environ.get("CI"):
        pytest.skip(f"Slurm cannot be started here: {', '.join(missing)}")
    assert not missing, f"CI needs {missing}"
    one = SlurmCluster(tmp_path_factory.mktemp("slurm"))
    one.start()
    yield one
    one.stop()


@pytest.fixture(autouse=True)
def use_cluster(cluster: SlurmCluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in cluster.environment.items():
        monkeypatch.setenv(name, value)
    forget()
    yield
    cluster.run("scancel", "--user=root", check=False)
    wait_for(lambda: not cluster.run("squeue", "--noheader").strip())


def forget() -> None:
    """Slurm's answers are remembered for seconds."""
    slurm._answers.forget()
    slurm._queue.forget()


def status(folder: Path) -> str:
    slurm._queue.forget()
    return state(folder).status


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "last" / "training.safetensors")


def job_id(folder: Path) -> str:
    return read_submission(folder).job_id


def steps_done(folder: Path) -> int:
    return progress(folder).done


def test_a_job_is_sent_watched_and_stopped(new_run: NewRun) -> None:
    assert which_executor(JobSettings()) == "slurm", "where there is a cluster it is used"
    folder = new_run(**ENDLESS)
    assert submit(folder, ONE).open
    with pytest.raises(ExplorerError, match="runs or waits"):
        submit(folder, ONE)
    wait_for(lambda: steps_done(folder) > 0)
    assert status(folder) == "running"
    assert state(folder).host
    with pytest.raises(ExplorerError, match="Stop it before"):
        delete(folder)
    stop(folder)
    wait_for(lambda: status(folder) == "stopped")
    assert weights(folder)
    delete(folder)
    assert not folder.exists()


def test_a_job_that_waits_says_why_and_can_be_withdrawn(new_run: NewRun) -> None:
    folder = new_run(**ENDLESS)
    submit(folder, JobSettings(executor="slurm", cpus=4))
    second = new_run("second", **ENDLESS)
    submit(second, JobSettings(executor="slurm", cpus=4))
    wait_for(lambda: status(folder) == "running" and "waits for a free node" in state(second).message)
    assert state(second).status == "queued"
    stop(second)
    assert status(second) == "stopped"
    assert "before it began" in state(second).message
    stop(folder)
    wait_for(lambda: status(folder) == "stopped")


def test_what_slurm_refuses_is_told_in_its_words(new_run: NewRun) -> None:
    folder = new_run()
    with pytest.raises(ExplorerError, match=r"did not take the job.*partition"):
        submit(folder, JobSettings(executor="slurm", partition="nowhere"))
    assert status(folder) == "failed"
    assert "partition" in state(folder).message


def test_scontrol_requeue_in_mid_training_resumes_to_the_same_weights(new_run: NewRun, cluster: SlurmCluster) -> None:
    steps = {"steps": 400, "validate_every": 100}
    folder = new_run(**steps)
    submit(folder, ONE)
    wait_for(lambda: steps_done(folder) > 50)
    cluster.run("scontrol", "requeue", job_id(folder))
    wait_for(lambda: status(folder) == "queued")
    assert 0 < steps_done(folder) < 400
    wait_for(lambda: status(folder) == "finished")
    restarts = cluster.run("scontrol", "show", "job", job_id(folder), "--oneliner")
    assert "Restarts=1" in restarts

    uninterrupted = new_run("not-requeued", **steps)
    assert run_job(uninterrupted).status == "finished"
    resumed, expected = weights(folder), weights(uninterrupted)
    assert all(torch.equal(resumed[key], expected[key]) for key in expected)


def test_a_job_whose_time_is_over_saves_and_goes_on(new_run: NewRun, cluster: SlurmCluster) -> None:
    folder = new_run(**ENDLESS)
    submit(folder, ONE)
    wait_for(lambda: steps_done(folder) > 0)
    # What Slurm sends before the time is over, and before a job is preempted.
    cluster.run("scancel", "--signal=USR2", job_id(folder))
    wait_for(lambda: status(folder) == "queued")
    saved = steps_done(folder)
    assert saved > 0
    wait_for(lambda: status(folder) == "running" and steps_done(folder) > saved)
    assert job_id(folder) == read_submission(folder).job_id
    stop(folder)
    wait_for(lambda: status(folder) == "stopped")


def test_a_job_gives_way_to_one_of_higher_priority(new_run: NewRun, cluster: SlurmCluster) -> None:
    folder = new_run(**ENDLESS)
    submit(folder, JobSettings(executor="slurm", cpus=4, partition="normal"))
    wait_for(lambda: steps_done(folder) > 0)
    cluster.run("sbatch", "--partition=urgent", "--cpus-per-task=4", "--output=/dev/null", "--wrap=sleep 8")
    wait_for(lambda: status(folder) == "queued")
    saved = steps_done(folder)
    wait_for(lambda: status(folder) == "running" and steps_done(folder) > saved)
    stop(folder)
    wait_for(lambda: status(folder) == "stopped")


def test_a_job_outlives_its_node(new_run: NewRun, cluster: SlurmCluster) -> None:
    folder = new_run(**ENDLESS)
    submit(folder, ONE)
    wait_for(lambda: (folder / "last" / "training.safetensors").exists() or steps_done(folder) > 200)
    cluster.stop_node()
    wait_for(lambda: status(folder) == "queued")
    cluster.start_node()
    before = read_record(folder).time
    wait_for(lambda: status(folder) == "running" and read_record(folder).time > before)
    stop(folder)
    wait_for(lambda: status(folder) == "stopped")


def test_of_an_array_a_killed_task_alone_is_done_again(shared_home: Path, new_run: NewRun) -> None:
    task = CatalogTask(checkpoint="digits", dataset="digits", split="train", shards=3)
    folder = create_job(task, "array")
    submit(folder, ONE)
    shards = member_folders(folder)
    assert [job_id(shard).partition("_")[2] for shard in shards] == ["0", "1", "2"]
    wait_for(lambda: status(shards[1]) == "running" and read_record(shards[1]).status == "running")
    os.kill(read_record(shards[1]).pid, signal.SIGKILL)
    wait_for(lambda: not state(folder).open and status(folder) == "killed")
    assert "Shard 1 was killed" in state(folder).message
    assert "signal 9" in state(folder).message
    others = [read_record(shards[k]) for k in (0, 2)]
    assert [record.status for record in others] == ["finished", "finished"]

    resume(folder)
    assert "_" not in job_id(shards[1]), "one task is no array"
    wait_for(lambda: status(folder) == "finished")
    assert [read_record(shards[k]) for k in (0, 2)] == others
    assert progress(folder).fraction == 1.0
    assert list((shared_home / "catalogs").glob("*/meta.json"))


def test_two_processes_on_the_cluster_train_together(new_run: NewRun) -> None:
    folder = new_run(steps=40, validate_every=20)
    submit(folder, ONE, TrainTask(processes=2))
    wait_for(lambda: status(folder) == "finished")
    assert find_job(folder.name).task.processes == 2
    assert read_record(folder / "rank-1").status == "finished"
    alone = new_run("alone", steps=40, validate_every=20)
    run_job(alone)
    found, expected = weights(folder), weights(alone)
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=1e-2, atol=1e-4, msg=name)


def test_where_one_of_two_processes_is_killed_that_is_why(new_run: NewRun) -> None:
    folder = new_run(**ENDLESS)
    submit(folder, ONE, TrainTask(processes=2))
    wait_for(lambda: steps_done(folder) > 0)
    os.kill(read_record(folder / "rank-1").pid, signal.SIGKILL)
    wait_for(lambda: not state(folder).open and status(folder) == "killed")
    assert "Process 1" in state(folder).message


def test_the_log_and_the_reason_of_a_failure_are_in_the_folder(new_run: NewRun, tmp_path: Path) -> None:
    folder = new_run(dataset=str(tmp_path / "gone"))
    submit(folder, ONE)
    wait_for(lambda: status(folder) == "failed")
    assert "There is no data set" in state(folder).message
    assert re.fullmatch(r"--- \S+ \S+, on \S+\n", read_log(folder))


def test_a_job_sent_from_inside_an_allocation_is_not_a_part_of_it(
    new_run: NewRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in IN_AN_ALLOCATION.items():
        monkeypatch.setenv(name, value)
    folder = new_run()
    submit(folder, ONE)
    wait_for(lambda: not state(folder).open)
    assert status(folder) == "finished", read_log(folder)
    assert read_record(folder).attempt == job_id(folder)


def test_what_the_user_tells_sbatch_holds_inside_an_allocation_too(
    new_run: NewRun, monkeypatch: pytest.MonkeyPatch, cluster: SlurmCluster
) -> None:
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    monkeypatch.setenv("SBATCH_PARTITION", "urgent")
    folder = new_run()
    submit(folder, ONE)
    assert "Partition=urgent" in cluster.run("scontrol", "show", "job", job_id(folder))
    wait_for(lambda: not state(folder).open)


def test_the_log_has_the_last_words_of_srun(new_run: NewRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a job that never became one of ours: a function of the shell stands for an srun that fails."""
    update = submitit.SlurmExecutor.update_parameters
    setup = ["srun() { echo 'submitit INFO'; echo 'srun: error: no such step' >&2; return 1; }"]
    monkeypatch.setattr(
        submitit.SlurmExecutor, "update_parameters", lambda one, **given: update(one, **given | {"setup": setup})
    )
    folder = new_run()
    submit(folder, ONE)
    wait_for(lambda: not state(folder).open)
    assert status(folder) == "killed"
    assert re.fullmatch(r"=== submitit/\d+_0_log.out\nsrun: error: no such step\n", read_log(folder))


def test_without_an_answer_nothing_is_lost(new_run: NewRun, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = new_run(**ENDLESS)
    submit(folder, ONE)
    wait_for(lambda: steps_done(folder) > 0)
    with monkeypatch.context() as patch:
        patch.setenv("SLURM_CONF", "/nowhere/slurm.conf")
        forget()
        assert status(folder) == "running"
        assert "does not answer" in state(folder).message
        with pytest.raises(ExplorerError, match="no Slurm here"):
            which_executor(JobSettings(executor="slurm"))
        forget()
    stop(folder)
    wait_for(lambda: status(folder) == "stopped")


def test_programs_of_slurm_are_not_needed_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(Path(subprocess.__file__).parent))
        assert not slurm.available()
        assert which_executor(JobSettings()) == "local"
