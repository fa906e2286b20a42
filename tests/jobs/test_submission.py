"""What a job is told of the process that sends it: nothing of the job that this one is a part of."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from explorer.jobs.submission import Submission, _outside_of_jobs, outer_log, write_submission

IN_AN_ALLOCATION = {
    "SLURM_JOB_ID": "7",
    "SLURM_JOBID": "7",
    "SLURM_NTASKS": "4",
    "SLURM_NPROCS": "4",
    "SLURM_PROCID": "3",
    "SLURM_TASKS_PER_NODE": "4",
    "SLURM_CPUS_PER_TASK": "3",
    "SLURM_MEM_PER_CPU": "100000",
    "SLURM_MEM_PER_NODE": "5",  # srun takes one or the other
    "SLURM_GPUS": "2",
    "SLURM_THREADS_PER_CORE": "2",
    "SLURM_NODELIST": "elsewhere",
    "SLURM_JOB_NODELIST": "elsewhere",
    "SBATCH_CPU_BIND": "quiet,map_cpu:99",
    "PMI_RANK": "3",
    "PMIX_RANK": "3",
    "RANK": "3",
    "WORLD_SIZE": "4",
    "MASTER_ADDR": "elsewhere",
    "MASTER_PORT": "1",
    "SUBMITIT_EXECUTOR": "slurm",
    "SUBMITIT_LOCAL_JOB_ID": "7",
}

OF_THE_USER = {
    "SLURM_CONF": "/etc/elsewhere/slurm.conf",
    "SLURM_CLUSTERS": "second",
    "SBATCH_ACCOUNT": "vision",
    "SUBMITIT_PREEMPT_SIGNAL": "USR1",
    "OMP_NUM_THREADS": "2",
    "EXPLORER_HOME": "/shared/explorer",
}


def test_the_allocation_is_hidden_for_a_moment_and_the_users_words_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (IN_AN_ALLOCATION | OF_THE_USER).items():
        monkeypatch.setenv(name, value)
    before = dict(os.environ)
    with _outside_of_jobs():
        assert not IN_AN_ALLOCATION.keys() & os.environ.keys()
        assert OF_THE_USER.items() <= os.environ.items()
    assert dict(os.environ) == before


def test_gpus_are_hidden_where_an_allocation_chose_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    with _outside_of_jobs():
        assert os.environ["CUDA_VISIBLE_DEVICES"] == "3"
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    with _outside_of_jobs():
        assert "CUDA_VISIBLE_DEVICES" not in os.environ


def test_the_last_words_are_those_of_the_latest_attempt(tmp_path: Path) -> None:
    """An array, of which one shard was sent again: its files lie beside those of its first shard."""
    shards = [tmp_path / "shard-0", tmp_path / "shard-1"]
    for shard, job_id in zip(shards, ("7_0", "12"), strict=True):
        (shard / "submitit").mkdir(parents=True)
        write_submission(shard, Submission(executor="slurm", job_id=job_id))
    first, second = (shard / "submitit" for shard in shards)
    (first / "7_0_0_log.out").write_text("submitit INFO (now) - Starting\nslurmstepd: error: killed for memory\n")
    (first / "7_1_0_log.out").write_text("of an earlier attempt\n")
    (second / "12_0_log.out").write_text("submitit INFO (now) - Job completed successfully\n")
    (second / "12_1_log.out").write_bytes(b"submitit WARNING (now) - Bypassing signal\xff\n")
    assert outer_log(tmp_path, shards, 1000) == (
        "=== shard-0/submitit/7_0_0_log.out\nslurmstepd: error: killed for memory\n\n"
        "=== shard-1/submitit/12_1_log.out\nsubmitit WARNING (now) - Bypassing signal\ufffd\n"
    )
