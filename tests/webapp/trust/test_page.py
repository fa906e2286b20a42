"""The Trust page, run without a browser on a tiny model."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from explorer.errors import ExplorerError
from explorer.measures.consistency.storage import find_report, save_report
from explorer.models.checkpoints import Checkpoint
from tests.measures.consistency.examples import SMALL, good

ROOT = Path(__file__).parents[3]


@pytest.fixture
def page(tiny_checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """Trust with the model `tiny` and the digits, before its first run."""
    monkeypatch.setattr("explorer.webapp.trust.start.QUICK", SMALL)
    app = AppTest.from_file(str(ROOT / "pages" / "trust.py"), default_timeout=120)
    app.query_params.update(model=tiny_checkpoint.name, data="digits")
    return app


def press(page: AppTest, label: str) -> None:
    next(button for button in page.button if button.label == label).click().run()


def test_without_a_report_it_says_what_to_do(page: AppTest) -> None:
    page.run()
    assert not page.exception
    assert not page.error
    assert "was not checked yet" in page.info[0].value


def test_checks_run_on_demand_and_stay(page: AppTest, tiny_checkpoint: Checkpoint) -> None:
    page.run()
    press(page, "Run the quick checks")
    assert not page.exception
    assert not page.error
    report = find_report(tiny_checkpoint)
    assert report is not None
    assert "annealing" in report.results
    assert "of Digits" in page.caption[-1].value or any("of Digits" in c.value for c in page.caption)
    assert len(page.main.table) == 1
    outcomes = dict(zip(page.main.table[0].value["Check"], page.main.table[0].value["Outcome"], strict=True))
    assert "not applicable" in outcomes["**A step aside**"]  # of 8 x 8 pixels
    assert "not applicable" in outcomes["**On other photographs**"]
    assert not any("A step aside" in each.value for each in page.main.markdown)  # no figure
    assert not page.info
    page.run()  # a reload
    assert len(page.main.table) == 1


def test_the_figures_of_the_checks_on_photographs(page: AppTest, tiny_checkpoint: Checkpoint) -> None:
    save_report(tiny_checkpoint, good((1, 32, 32)))
    page.run()
    assert not page.exception
    for title in ("A step aside", "On other photographs"):
        assert any(each.value.startswith(f"**{title}.**") for each in page.main.markdown)
    assert not any("Not measured yet" in each.value for each in page.main.caption)


def test_a_report_of_other_weights_is_not_shown(page: AppTest, tiny_checkpoint: Checkpoint) -> None:
    page.run()
    press(page, "Run the quick checks")
    path = tiny_checkpoint.path / "trust.json"
    path.write_text(path.read_text().replace(tiny_checkpoint.fingerprint, "0" * 16))
    page.run()
    assert "was not checked yet" in page.info[0].value


def test_checks_that_fail_leave_the_report_that_is_there(
    page: AppTest, tiny_checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.run()
    press(page, "Run the quick checks")
    before = find_report(tiny_checkpoint)

    def full(*_: object, **__: object) -> None:
        raise ExplorerError("The disk is full.")

    monkeypatch.setattr("explorer.measures.consistency.heat.heat_residuals", full)
    press(page, "Run the quick checks")
    assert page.error[0].value == "The disk is full."
    assert len(page.main.table) == 1
    assert find_report(tiny_checkpoint) == before
    assert not next(button for button in page.button if button.label == "Run the quick checks").disabled
