"""A run on disk."""

import json
from pathlib import Path
from typing import Any

import pytest

from explorer.errors import ExplorerError
from explorer.training.loop import train_on
from explorer.training.run import Run, append_metrics, create_run
from tests.training.bars import config, pixels


def test_a_torn_or_repeated_line_of_metrics_is_survived(home: Path) -> None:
    run = Run.open(create_run(config()))
    append_metrics(run.folder, {"kind": "progress", "step": 1, "space_loss": 0.5})
    with open(run.folder / "metrics.jsonl", "a") as file:
        file.write('{"kind": "progress", "st')
    append_metrics(run.folder, {"kind": "progress", "step": 2, "space_loss": float("nan")})
    append_metrics(run.folder, {"kind": "progress", "step": 1, "space_loss": 0.25})
    assert [(entry["step"], entry["space_loss"]) for entry in run.metrics()] == [(1, 0.25), (2, None)]


@pytest.mark.parametrize(
    "line",
    [
        {"step": 1},
        {"kind": "validation", "step": 1, "levels": []},
        {"kind": "validation", "step": 1, "levels": [{"psnr": None}], "bits_per_dimension": {"i_mmse": 1.0}},
        {"kind": "progress", "step": "1"},
        {"kind": "progress", "step": 1, "space_loss": "low"},
        {"kind": "progress", "step": 1, "seconds": 10**400},
        {"kind": "progress", "step": -1},
        {"kind": "progress", "step": 1e300},
        [[[]]],
    ],
    ids=str,
)
def test_lines_that_no_run_writes_are_left_out(home: Path, line: Any) -> None:
    run = Run.open(create_run(config()))
    append_metrics(run.folder, {"kind": "progress", "step": 2, "space_loss": 0.5, "seconds": 1.0})
    with open(run.folder / "metrics.jsonl", "a") as file:
        file.write(json.dumps(line) + "\n" + "[" * 100_000 + "\n" + "9" * 5000 + "\n")
    assert [entry["step"] for entry in run.metrics()] == [2]
    assert (run.step, run.seconds, run.finished) == (2, 1.0, False)


def test_names_are_not_used_twice(home: Path) -> None:
    run = Run.open(create_run(config()))
    with pytest.raises(ExplorerError, match="run called 'bars' exists"):
        create_run(config())
    train_on(run, pixels(), pixels(20, 1))
    with pytest.raises(ExplorerError, match="checkpoint called 'bars' exists"):
        create_run(config(), home / "elsewhere")


@pytest.mark.parametrize("content", [None, "{", json.dumps({"name": "x"})])
def test_a_damaged_run_is_told(home: Path, content: str | None) -> None:
    folder = home / "run"
    folder.mkdir(parents=True)
    if content is not None:
        (folder / "config.json").write_text(content)
    with pytest.raises(ExplorerError, match=r"config\.json"):
        Run.open(folder)
