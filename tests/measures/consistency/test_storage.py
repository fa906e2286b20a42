"""Reports on disk."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from explorer.measures.consistency.running import run_checks
from explorer.measures.consistency.storage import find_report, save_report, why_no_report, write_report
from explorer.models.checkpoints import Checkpoint
from tests.measures.consistency.examples import SMALL, good, outcome, pixels


def test_reports_stay_with_their_weights(tiny_checkpoint: Checkpoint, home: Path) -> None:
    assert find_report(tiny_checkpoint) is None
    report = run_checks(tiny_checkpoint.model, tiny_checkpoint.values, pixels(), SMALL)
    save_report(tiny_checkpoint, report)
    assert (tiny_checkpoint.path / "trust.json").is_file()
    assert find_report(tiny_checkpoint) == report
    assert find_report(replace(tiny_checkpoint, fingerprint="another")) is None
    newer = report.model_copy(update={"made": "9999-01-01T00:00:00+00:00"})
    fingerprint = tiny_checkpoint.fingerprint
    write_report(home / "trust" / f"{fingerprint}.json", fingerprint, newer)
    assert find_report(tiny_checkpoint) == newer
    write_report(tiny_checkpoint.path / "trust.json", fingerprint, report.model_copy(update={"made": "99999"}))
    assert find_report(tiny_checkpoint).made == "99999"
    (home / "trust" / f"{tiny_checkpoint.fingerprint}.json").unlink()
    (tiny_checkpoint.path / "trust.json").write_text("{")
    assert find_report(tiny_checkpoint) is None


def test_a_report_on_a_checkpoint_that_ships_goes_to_the_data_folder(
    tiny_checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = run_checks(tiny_checkpoint.model, tiny_checkpoint.values, pixels(), SMALL)
    monkeypatch.setattr("explorer.measures.consistency.storage.SHIPPED_CHECKPOINTS", tiny_checkpoint.path.parent)
    save_report(tiny_checkpoint, report)
    assert not (tiny_checkpoint.path / "trust.json").exists()
    assert find_report(tiny_checkpoint) == report


def test_a_report_from_before_a_later_check_opens(tiny_checkpoint: Checkpoint) -> None:
    save_report(tiny_checkpoint, good((1, 32, 32)))
    path = tiny_checkpoint.path / "trust.json"
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
    save_report(tiny_checkpoint, good())
    assert find_report(tiny_checkpoint) is not None
    path = tiny_checkpoint.path / "trust.json"
    content = json.loads(path.read_text())
    for name, value in changes.items():
        content["report"]["conditions" if name in content["report"]["conditions"] else "results"][name] = value
    path.write_text(json.dumps(content))
    assert find_report(tiny_checkpoint) is None
