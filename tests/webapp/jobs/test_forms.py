"""What the forms of the Jobs page make of their fields."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from explorer.jobs.manage import list_jobs
from explorer.jobs.settings import settings_file
from explorer.models.checkpoints import Checkpoint

ROOT = Path(__file__).parents[3]


@pytest.fixture
def page(tiny_checkpoint: Checkpoint) -> AppTest:
    app = AppTest.from_file(str(ROOT / "pages" / "jobs.py"), default_timeout=60)
    app.query_params.update(model=tiny_checkpoint.name, data="digits")
    return app.run()


def test_a_number_out_of_range_sends_no_job(page: AppTest) -> None:
    page.selectbox(key="job-kind").set_value("catalog").run()
    (shards,) = [field for field in page.number_input if "shard" in (field.key or "")]
    assert (shards.min, shards.max) == (None, None), "a browser would keep another number than it shows"
    shards.set_value(0)
    next(button for button in page.button if button.label == "Send the job").click().run()
    assert not page.exception
    assert next(button for button in page.button if button.label == "Send the job").disabled
    assert any("shards: Input should be greater than or equal to 1" in each.value for each in page.markdown)
    assert list_jobs() == []


def test_a_number_out_of_range_is_not_saved(page: AppTest) -> None:
    (at_once,) = [field for field in page.number_input if field.label == "Local jobs at once"]
    at_once.set_value(0)
    next(button for button in page.button if button.label == "Save").click().run()
    assert not page.exception
    assert "at_once" in page.error[0].value
    assert not settings_file().exists()
