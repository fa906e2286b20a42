"""Reports on disk."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from explorer.data.sources import open_dataset
from explorer.measures.consistency.report import Report
from explorer.measures.consistency.running import run_checks
from explorer.measures.consistency.storage import (
    check_and_keep,
    find_report,
    find_reports,
    save_report,
    why_no_report,
    write_report,
)
from explorer.models.checkpoints import Checkpoint, load_checkpoint
from tests.measures.consistency.examples import SMALL, good, outcome, pixels


def test_reports_stay_with_their_weights(tiny_checkpoint: Checkpoint, home: Path) -> None:
    assert find_report(tiny_checkpoint) is None
    report = run_checks(tiny_checkpoint.model, tiny_checkpoint.values, pixels(), SMALL)
    save_report(tiny_checkpoint, report)
    (file,) = tiny_checkpoint.path.glob("trust*.json")
    assert find_report(tiny_checkpoint) == report
    assert find_report(replace(tiny_checkpoint, fingerprint="another")) is None
    newer = report.model_copy(update={"made": "9999-01-01T00:00:00+00:00"})
    fingerprint = tiny_checkpoint.fingerprint
    write_report(home / "trust" / f"{fingerprint}.json", fingerprint, newer)
    assert find_reports(tiny_checkpoint) == [newer]
    write_report(tiny_checkpoint.path / "trust.json", fingerprint, report.model_copy(update={"made": "99999"}))
    assert find_report(tiny_checkpoint).made == "99999"
    (home / "trust" / f"{tiny_checkpoint.fingerprint}.json").unlink()
    (tiny_checkpoint.path / "trust.json").write_text("{")
    file.unlink()
    assert find_report(tiny_checkpoint) is None


def test_a_report_on_a_checkpoint_that_ships_goes_to_the_data_folder(
    tiny_checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = run_checks(tiny_checkpoint.model, tiny_checkpoint.values, pixels(), SMALL)
    monkeypatch.setattr("explorer.measures.consistency.storage.SHIPPED_CHECKPOINTS", tiny_checkpoint.path.parent)
    save_report(tiny_checkpoint, report)
    assert not list(tiny_checkpoint.path.glob("trust*.json"))
    assert find_report(tiny_checkpoint) == report
    save_report(tiny_checkpoint, report, in_folder=True)
    assert list(tiny_checkpoint.path.glob("trust*.json"))


def report_on(effort: str, source: str = "digits", split: str = "validation", made: str = "2026-01-01") -> Report:
    conditions = good().conditions.model_copy(update={"dataset": source.title(), "source": source, "split": split})
    return good().model_copy(update={"effort": effort, "conditions": conditions, "made": made})


@pytest.mark.parametrize("ships", [False, True])
def test_no_report_replaces_one_of_another_kind(
    tiny_checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch, ships: bool
) -> None:
    """Quick and full, of every part of every data set; the full one on the model's own data speaks for it."""
    if ships:
        monkeypatch.setattr("explorer.measures.consistency.storage.SHIPPED_CHECKPOINTS", tiny_checkpoint.path.parent)
    expected = [
        report_on(effort, source, split)
        for source, split in (("digits", "validation"), ("digits", "train"), ("a b/c", "all"), ("a-b-c", "all"))
        for effort in ("full", "quick")
    ]
    for report in reversed(expected):
        save_report(tiny_checkpoint, report)
    assert find_reports(tiny_checkpoint) == expected
    assert find_report(tiny_checkpoint) == expected[0]
    assert (tiny_checkpoint.path / "trust.json").is_file() is not ships
    later = report_on("quick", made="2026-02-02")
    save_report(tiny_checkpoint, later)  # the last
    assert find_reports(tiny_checkpoint) == [expected[0], later, *expected[2:]]


def test_quick_checks_leave_a_full_report(tiny_checkpoint: Checkpoint) -> None:
    images = open_dataset("digits", (1, 8, 8), limit=8)
    full = replace(SMALL, name="full")
    first = check_and_keep(tiny_checkpoint, images, full, split="validation")
    second = check_and_keep(tiny_checkpoint, images, SMALL, split="validation")
    assert find_reports(tiny_checkpoint) == [first, second]
    assert first.subject == second.subject == ("digits", "validation")
    assert first.conditions.images == "Digits (validation)"


def test_a_quick_report_of_an_earlier_version_is_not_replaced_by_a_full_one(tiny_checkpoint: Checkpoint) -> None:
    """It was called ``trust.json``, too."""
    quick, full = report_on("quick"), report_on("full")
    write_report(tiny_checkpoint.path / "trust.json", tiny_checkpoint.fingerprint, quick)
    save_report(tiny_checkpoint, full)
    assert find_reports(tiny_checkpoint) == [full, quick]


@pytest.mark.parametrize("name", ["digits", "natural32", "color32"])
def test_the_reports_that_ship_are_read_as_full_ones_on_their_own_data(home: Path, name: str) -> None:
    checkpoint = load_checkpoint(name, "cpu")
    (report,) = find_reports(checkpoint)
    assert report.effort == "full"
    assert report.subject == (checkpoint.config.dataset, "validation")


def test_a_report_from_before_a_later_check_opens(tiny_checkpoint: Checkpoint) -> None:
    path = tiny_checkpoint.path / "trust.json"
    write_report(path, tiny_checkpoint.fingerprint, good((1, 32, 32)))
    content = json.loads(path.read_text())
    for name in ("step_aside", "other_photographs"):
        del content["report"]["results"][name]
    content["report"]["results"]["a_check_of_another_version"] = {"images": 3}
    path.write_text(json.dumps(content))
    report = find_report(tiny_checkpoint)
    assert outcome(report, "heat_equation").outcome == "passes"
    assert (
        outcome(report, "step_aside").sentence == outcome(report, "other_photographs").sentence == "Not measured yet."
    )


def test_a_report_of_another_version_asks_for_the_checks_again(tiny_checkpoint: Checkpoint) -> None:
    assert why_no_report(tiny_checkpoint) == "tiny was not checked yet."
    older = {"fingerprint": tiny_checkpoint.fingerprint, "dataset": "noise", "dimensions": 64, "heat": []}
    (tiny_checkpoint.path / "trust.json").write_text(json.dumps(older))
    assert find_report(tiny_checkpoint) is None
    assert "Run the checks again" in why_no_report(tiny_checkpoint)


@pytest.mark.parametrize(
    "changes",
    [
        {"image_shape": [1, 0, 8]},
        {"image_shape": [1, 8, 10**300]},
        {"levels": 0},
        {"heat_equation": {"images": 1, "levels": []}},
        {"flow": {"images": 1, "flows": []}},
        {"step_aside": {"images": 1, "rolled": {"energies": [1.0, 2.0], "standard_errors": []}}},
        {"step_aside": {"images": 1, "rolled": {"energies": [1.0, 2.0, 3.0], "standard_errors": [1.0, 1.0]}}},
        {"likelihood": {"images": 1, "energy": 1.0, "i_mmse": 1.0, "levels": []}},
        {"likelihood": "none"},
        {"noisy_dimensionality": {"images": 1, "levels": []}},
        {"annealing": {"images": -1, "log_partition": {"value": 0.0, "standard_error": 0.0}}},
    ],
    ids=str,
)
def test_a_report_that_cannot_be_is_none(tiny_checkpoint: Checkpoint, changes: dict[str, object]) -> None:
    path = tiny_checkpoint.path / "trust.json"
    write_report(path, tiny_checkpoint.fingerprint, good())
    assert find_report(tiny_checkpoint) is not None
    content = json.loads(path.read_text())
    for name, value in changes.items():
        content["report"]["conditions" if name in content["report"]["conditions"] else "results"][name] = value
    path.write_text(json.dumps(content))
    assert find_report(tiny_checkpoint) is None
