"""A data folder that cannot be written: every page opens, and what cannot be done is said."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from explorer.jobs.kinds import EvaluateTask
from explorer.jobs.manage import create_job
from explorer.jobs.record import JobRecord, write_record
from tests.read_only import read_only

ROOT = Path(__file__).parents[2]
PAGES = sorted(path.stem for path in (ROOT / "pages").glob("*.py"))


@pytest.fixture(params=["empty", "with a job", "cannot be made"])
def read_only_home(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("EXPLORER_JOBS_EXECUTOR", "local")
    if request.param == "cannot be made":
        (home.parent / "file").touch()
        monkeypatch.setenv("EXPLORER_HOME", str(home.parent / "file" / "home"))
        yield home
        return
    home.mkdir()
    if request.param == "with a job":
        folder = create_job(EvaluateTask(checkpoint="digits", dataset="digits"), "mine")
        write_record(folder, JobRecord(status="killed", message="It was killed."))
    with read_only(home):
        yield home


@pytest.mark.parametrize("name", PAGES)
def test_every_page_opens(read_only_home: Path, name: str) -> None:
    page = AppTest.from_file(str(ROOT / "pages" / f"{name}.py"), default_timeout=120)
    page.query_params.update(model="digits", data="digits")
    page.run()
    assert not page.exception


def press(page: AppTest, label: str) -> None:
    next(button for button in page.button if button.label == label).click().run()


@pytest.mark.parametrize("label", ["Run the quick checks", "Run the full checks"])
def test_checks_say_why_they_cannot_be(read_only_home: Path, label: str) -> None:
    page = AppTest.from_file(str(ROOT / "pages" / "trust.py"), default_timeout=120)
    page.query_params.update(model="digits", data="digits")
    page.run()
    press(page, label)
    assert not page.exception
    assert page.error[0].value
