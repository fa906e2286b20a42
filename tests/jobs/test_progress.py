"""How far a run is, from the end of its metrics."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from explorer.jobs.kinds import CatalogTask, EvaluateTask
from explorer.jobs.kinds.train import run_progress
from explorer.jobs.progress import duration
from explorer.jobs.tasks import progress, write_task
from explorer.training.run import Run, append_metrics


@pytest.fixture
def run(new_run: Callable[..., Path]) -> Run:
    return Run.open(new_run(steps=100))


def report(run: Run, step: int, speed: float = 8.0) -> None:
    append_metrics(run.folder, {"kind": "progress", "step": step, "images_per_second": speed})


def test_a_run_begins_at_nothing(run: Run) -> None:
    done = run_progress(run.folder)
    assert (done.done, done.total, done.fraction) == (0, 100, 0.0)
    assert done.rate is None
    assert done.seconds_left is None
    assert run.denoised_examples() is None


def test_the_last_lines_say_how_far_it_is(run: Run) -> None:
    for step in range(1, 2001):
        report(run, min(step, 90))
    append_metrics(run.folder, {"kind": "validation", "step": 95, "levels": [1.0] * 500})
    with open(run.folder / "metrics.jsonl", "a") as file:
        file.write('{"kind": "progress", "step": 9')  # killed in mid-line
    done = run_progress(run.folder)
    assert done.done == 95
    assert done.fraction == 0.95
    assert done.rate == 8.0
    assert done.seconds_left == pytest.approx(5 * 4 / 8.0)


def test_a_resumed_run_takes_some_steps_again(run: Run) -> None:
    report(run, 50)
    report(run, 40)
    assert run_progress(run.folder).done == 40


def test_shards_are_counted_together(tmp_path: Path) -> None:
    write_task(tmp_path, CatalogTask(checkpoint="digits", dataset="digits", shards=3))
    assert (progress(tmp_path).total, progress(tmp_path).fraction) == (0, 0.0)
    whole = '{"done": 10, "total": 10, "unit": "scores", "rate": 9}'
    half = '{"done": 4, "total": 10, "unit": "scores", "rate": 2}'
    for shard, text in enumerate((whole, half, "{")):
        (tmp_path / f"shard-{shard}").mkdir()
        (tmp_path / f"shard-{shard}" / "progress.json").write_text(text)
    done = progress(tmp_path)
    assert (done.done, done.total, done.unit) == (14, 30, "scores")
    assert (done.rate, done.rate_unit, done.seconds_left) == (2.0, "scores/s", 8.0)


def test_percent_reads_as_such(tmp_path: Path) -> None:
    write_task(tmp_path, EvaluateTask(checkpoint="digits", dataset="digits"))
    (tmp_path / "progress.json").write_text('{"done": 4, "total": 100, "unit": "%", "rate": 2}')
    done = progress(tmp_path)
    assert (done.text, done.rate_unit, done.seconds_left) == ("4 %", "%/s", 48.0)


def test_denoised_examples_are_what_the_trainer_wrote(run: Run) -> None:
    file = io.BytesIO()
    Image.new("L", (32, 24)).save(file, "PNG")
    (run.folder / "denoised.png").write_bytes(file.getvalue())
    assert run.denoised_examples() == file.getvalue()
    (run.folder / "denoised.png").write_bytes(file.getvalue()[:45])
    assert run.denoised_examples() is None
    Image.new("L", (4, 4)).save(run.folder / "denoised.png")  # smaller than one image of the run
    assert run.denoised_examples() is None


def test_lines_that_no_run_writes_say_nothing(run: Run) -> None:
    report(run, 40)
    for changes in (
        *({"step": step} for step in ("1e400", "-1", "[" * 5000, "9" * 5000, "null")),
        *({"images_per_second": speed} for speed in ("Infinity", "NaN", "-1", "0", "null", '"fast"')),
    ):
        values = {"kind": '"progress"', "step": "40", "images_per_second": "8.0"} | changes
        with open(run.folder / "metrics.jsonl", "a") as file:
            file.write("{" + ", ".join(f'"{name}": {value}' for name, value in values.items()) + "}\n")
        done = run_progress(run.folder)
        assert (done.done, done.rate) == (40, 8.0), changes


@pytest.mark.parametrize(
    "text",
    [
        '{"done": 1e400, "total": 10, "unit": "scores"}',
        '{"done": -1, "total": 10, "unit": "scores"}',
        '{"done": 1, "total": 1' + "0" * 400 + ', "unit": "scores"}',
        '{"done": 1, "total": 10, "unit": "scores", "rate": NaN}',
        "[" * 100_000,
        "[]",
    ],
    ids=range(6),
)
def test_progress_that_cannot_be_is_none(tmp_path: Path, text: str) -> None:
    write_task(tmp_path, CatalogTask(checkpoint="digits", dataset="digits"))
    (tmp_path / "progress.json").write_text(text)
    assert progress(tmp_path).total == 0


def test_a_rate_of_almost_nothing_gives_no_time(tmp_path: Path) -> None:
    write_task(tmp_path, CatalogTask(checkpoint="digits", dataset="digits"))
    (tmp_path / "progress.json").write_text('{"done": 1, "total": 10, "unit": "scores", "rate": 1e-300}')
    assert progress(tmp_path).seconds_left is None


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.2, "1 s"),
        (59, "59 s"),
        (60, "1 min"),
        (151, "2 min 40 s"),
        (601, "11 min"),
        (4790, "1 h 20 min"),
        (86400, "24 h"),
    ],
)
def test_durations_in_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words
