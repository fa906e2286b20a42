"""The Trust page, run without a browser on a tiny model."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from explorer.errors import ExplorerError
from explorer.measures.consistency.likelihood import Likelihood
from explorer.measures.consistency.report import Report
from explorer.measures.consistency.storage import find_report, save_report
from explorer.models.checkpoints import Checkpoint
from tests.measures.consistency.examples import SMALL, gap_level, good, with_result

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
    outcomes = dict(zip(page.main.table[0].value["Check"], page.main.table[0].value["Quick checks"], strict=True))
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
    (path,) = tiny_checkpoint.path.glob("trust*.json")
    path.write_text(path.read_text().replace(tiny_checkpoint.fingerprint, "0" * 16))
    page.run()
    assert "was not checked yet" in page.info[0].value


def report_on(effort: str, source: str, gap: float) -> Report:
    report = with_result(good(), "likelihood", likelihood(gap))
    conditions = report.conditions.model_copy(update={"dataset": source, "source": source, "split": "validation"})
    return report.model_copy(update={"effort": effort, "conditions": conditions})


def likelihood(gap: float) -> Likelihood:
    return Likelihood(images=10, energy=gap, i_mmse=0.0, levels=(gap_level(60.0, gap), gap_level(-20.0, 0.0)))


def test_full_and_quick_checks_stand_side_by_side_by_data_set(page: AppTest, tiny_checkpoint: Checkpoint) -> None:
    for effort, source, gap in (("quick", "digits", 9.0), ("full", "digits", 0.5), ("quick", "leaves", 0.6)):
        save_report(tiny_checkpoint, report_on(effort, source, gap))
    page.run()
    assert not page.exception
    own, other = (each.value for each in page.main.table)
    assert list(own) == ["Check", "Full checks", "Quick checks", "What it means"]
    row = list(own["Check"]).index("**Likelihood by two estimates**")
    assert "passes" in own["Full checks"][row]
    assert "+0.007 ± 0.001" in own["Full checks"][row]
    assert "does not pass" in own["Quick checks"][row]
    assert "+0.130 ± 0.001" in own["Quick checks"][row]
    assert "+0.007 ± 0.001" in own["What it means"][row]  # of the full one
    assert list(other) == ["Check", "Quick checks", "What it means"]
    assert [each.label for each in page.main.expander] == [
        "Figures of the quick checks",
        "Checks on leaves (validation)",
    ]
    assert "was trained on digits, and not on leaves" in page.warning[0].value


def test_on_another_data_set_than_the_models_own_the_page_says_so_first(
    page: AppTest, tiny_checkpoint: Checkpoint
) -> None:
    save_report(tiny_checkpoint, report_on("full", "digits", 0.5))
    page.query_params["data"] = "leaves"
    page.run()
    assert "was trained on digits, and not on leaves" in page.warning[0].value
    assert "was not checked on leaves yet. Below are the checks on digits (validation)." in page.info[0].value
    page.query_params["data"] = "digits"
    page.selectbox(key="data").set_value("digits").run()
    assert not page.warning
    assert not page.info


def test_a_number_of_an_earlier_version_is_known_not_to_have_an_error(
    page: AppTest, tiny_checkpoint: Checkpoint
) -> None:
    def said() -> bool:
        return any("without an error" in caption.value for caption in page.main.caption)

    save_report(tiny_checkpoint, report_on("full", "digits", 0.5))
    page.run()
    assert not said()
    levels = (gap_level(60.0, 0.5, None), gap_level(-20.0, 0.0, None))
    older = Likelihood(images=10, energy=0.5, i_mmse=0.0, levels=levels)
    save_report(tiny_checkpoint, with_result(report_on("full", "digits", 0.5), "likelihood", older))
    page.run()
    assert said()


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
