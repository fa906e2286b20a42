"""What a job's folder says of it, where a disk or somebody changed it: it counts as nothing said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from explorer.jobs.record import JobRecord, read_record, write_record
from explorer.jobs.submission import Submission, read_submission, write_submission


@pytest.mark.parametrize(
    "changes",
    [{"pid": -1}, {"pid": 2**40}, {"time": -1.0}, {"time": 1e300}, {"status": "lost"}],
    ids=str,
)
def test_a_record_that_cannot_be(tmp_path: Path, changes: dict[str, object]) -> None:
    """A process of number -1 would be all processes, to a signal."""
    write_record(tmp_path, JobRecord(status="running", message="ä" * 600))
    assert len(read_record(tmp_path).message) == 500
    content = json.loads((tmp_path / "job.json").read_text()) | changes
    (tmp_path / "job.json").write_text(json.dumps(content))
    assert read_record(tmp_path) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"job_id": "--user=everybody"},
        {"job_id": "1; x"},
        {"processes": 10**12},
        {"processes": 0},
        {"submitted": float("nan")},
        {"started": float("inf")},
    ],
    ids=str,
)
def test_a_submission_that_cannot_be(tmp_path: Path, changes: dict[str, object]) -> None:
    """What goes to the programs of Slurm is a number, and no option."""
    write_submission(tmp_path, Submission(executor="slurm", job_id="12_3"))
    assert read_submission(tmp_path).job_id == "12_3"
    content = json.loads((tmp_path / "submission.json").read_text()) | changes
    (tmp_path / "submission.json").write_text(json.dumps(content))
    assert read_submission(tmp_path) is None
