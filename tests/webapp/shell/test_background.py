"""Long work of a page as a job."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from explorer.jobs.kinds import CatalogTask
from explorer.jobs.manage import create_job, list_jobs
from explorer.jobs.record import JobRecord, write_record
from explorer.models.checkpoints import Checkpoint
from tests.jobs.waiting import wait_for

ROOT = Path(__file__).parents[3]


@pytest.fixture
def page(tiny_checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """Atlas with the model `tiny` and the digits, which count as many here, before its first run."""
    monkeypatch.setattr("explorer.webapp.shell.ready_catalog._AT_ONCE", 10)
    app = AppTest.from_file(str(ROOT / "pages" / "atlas.py"), default_timeout=120)
    app.query_params.update(model=tiny_checkpoint.name, data="digits")
    return app


@pytest.mark.usefixtures("jobs")
def test_many_images_are_scored_by_a_job_that_the_page_follows(page: AppTest) -> None:
    page.run()
    assert "tiny has scored none of the 179 images" in page.info[0].value
    assert not page.metric
    page.button[0].click().run()
    assert not page.exception
    assert not page.error
    assert not page.info
    (job,) = list_jobs()
    assert job.task == CatalogTask(checkpoint="tiny", dataset="digits")
    wait_for(lambda: list_jobs()[0].state.status == "finished")
    page.run()
    assert len(page.metric) == 5


@pytest.mark.usefixtures("jobs")
def test_few_large_images_are_many_too(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("explorer.webapp.shell.ready_catalog._AT_ONCE", 1000)
    monkeypatch.setattr("explorer.webapp.shell.ready_catalog._PIXELS", 4 * 2)  # 8 x 8 pixels are 8 times as many
    page.run()
    assert "tiny has scored none of the 179 images" in page.info[0].value


@pytest.mark.usefixtures("jobs")
def test_a_failed_job_says_why_and_is_sent_again(page: AppTest) -> None:
    job = create_job(CatalogTask(checkpoint="tiny", dataset="digits", shards=2), "earlier")
    for shard in ("shard-0", "shard-1"):
        (job / shard).mkdir()
        write_record(job / shard, JobRecord(status="failed", message="The disk is full."))
    page.run()
    assert "The disk is full." in page.error[0].value
    next(button for button in page.button if button.label == "Score the images").click().run()
    assert not page.error
    (again,) = list_jobs()
    assert again.name == "earlier"
    assert again.state.open


def test_where_jobs_cannot_go_a_sentence_says_so(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXPLORER_JOBS_EXECUTOR", "slurm")
    monkeypatch.setattr("explorer.jobs.slurm.available", lambda: False)
    page.run()
    page.button[0].click().run()
    assert "There is no Slurm here" in page.error[0].value
