"""What jobs do, in this process."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from explorer.data import partial
from explorer.jobs import progress as reporting
from explorer.jobs.kinds import CatalogTask, EvaluateTask, MapTask, TrainTask
from explorer.jobs.manage import create_job
from explorer.jobs.progress import Work
from explorer.jobs.tasks import do_task, progress
from explorer.training import loop
from tests.jobs.conftest import NewRun

IMAGES = 1_300  # a tenth of them is for validation


@pytest.fixture
def pictures(tmp_path: Path) -> str:
    """Enough images that preparing them is reported more than once."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(IMAGES):
        Image.fromarray(rng.integers(0, 256, (9, 9), dtype=np.uint8)).save(folder / f"{number}.png")
    return str(folder)


@pytest.mark.parametrize("kind", ["train", "catalog", "evaluate", "map"])
def test_a_stop_is_heard_while_images_are_prepared(new_run: Callable[..., Path], pictures: str, kind: str) -> None:
    named = {"checkpoint": "digits", "dataset": pictures}
    if kind == "train":
        folder = new_run("stopped-early", dataset=pictures)
    elif kind == "evaluate":
        folder = create_job(EvaluateTask(**named), "stopped-early-evaluate")
    else:
        task = CatalogTask(**named, split="all") if kind == "catalog" else MapTask(**named, split="all")
        folder = create_job(task, f"stopped-early-{kind}")
    assert not do_task(folder, lambda: (folder / "progress.json").exists())
    done = progress(folder)
    assert done.unit == "images prepared"
    assert 0 < done.done < done.total <= IMAGES
    assert done.text.endswith(f" of {done.total:,} images prepared")


def test_what_was_prepared_is_gone_on_with(
    new_run: Callable[..., Path], pictures: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reporting, "_REPORT_SECONDS", 0.0)
    monkeypatch.setattr(partial, "_CHECKPOINT_SECONDS", 0.0)
    folder = new_run("goes-on", dataset=pictures)
    report = folder / "progress.json"
    assert not do_task(folder, lambda: report.exists() and progress(folder).done >= 500)
    report.unlink()
    assert not do_task(folder, report.exists)
    assert progress(folder).done >= 500  # the first that it said
    assert do_task(folder, lambda: False)
    assert progress(folder).text == "8 of 8 steps"


@pytest.mark.usefixtures("new_run")
def test_the_next_data_set_is_counted_anew() -> None:
    folder = create_job(EvaluateTask(checkpoint="digits", dataset="digits"), "two-data-sets")
    report = Work(folder, 0, lambda: False).report
    for done, total in ((900, 1000), (1000, 1000), (0, 10), (10, 10)):
        report(done, total, "images prepared")
    assert progress(folder).text == "10 of 10 images prepared"
    assert json.loads((folder / "progress.json").read_text())["rate"] > 0


def test_the_log_says_what_was_guessed_and_left_out(
    new_run: NewRun, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "few"
    folder.mkdir()
    for number in range(60):
        Image.new("L", (9, 9), number).save(folder / f"{number}.png")
    (folder / "film.mp4").write_bytes(b"no image")
    (folder / "cut.png").write_bytes(b"no image either")
    work = Work(tmp_path, 0, lambda: False)
    CatalogTask(checkpoint="digits", dataset=str(folder)).open_images(work, (1, 8, 8), "all")
    expected = ("a random tenth", "Left out: 1 file of another kind (film.mp4).", "cut.png")
    log = capsys.readouterr().err
    assert all(text in log for text in expected)
    monkeypatch.setattr(loop, "train", lambda *_args, **_reports: True)
    TrainTask().run(Work(new_run(dataset=str(folder)), 0, lambda: False))
    log = capsys.readouterr().err
    assert all(text in log for text in expected)
    assert len(set(log.splitlines())) == len(log.splitlines())
