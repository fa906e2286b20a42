"""What the form of Train makes of its fields."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from explorer.data.offered import list_datasets
from explorer.jobs.progress import JobProgress
from explorer.jobs.record import JobRecord, write_record
from explorer.jobs.settings import JobSettings
from explorer.jobs.state import JobState
from explorer.jobs.submission import Submission, write_submission
from explorer.jobs.worker import LOCK_FILE
from explorer.locks import held
from explorer.training.config import training_config
from explorer.training.run import Run, create_run
from tests.conftest import write_tiny_checkpoint

ROOT = Path(__file__).parents[3]


@pytest.fixture
def started(home: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Folders of the runs that were sent off. There is a data set `noise` of 60 pictures, 24 of them smaller."""
    folder = home / "datasets" / "noise"
    folder.mkdir(parents=True)
    for number in range(60):
        side = 20 if number < 24 else 40
        pixels = np.random.default_rng(number).integers(0, 256, (side, side), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    sent: list[Path] = []
    monkeypatch.setattr("explorer.webapp.train.form.seconds_per_step", lambda _: 1.0)

    def send(folder: Path) -> JobState:
        sent.append(folder)
        return JobState("queued")

    monkeypatch.setattr("explorer.webapp.train.form.submit", send)
    return sent


def form(title: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "pages" / "train.py"), default_timeout=60).run()
    chosen = next(info for info in list_datasets() if info.title == title)
    app.selectbox(key="train-data").set_value(chosen).run()
    return app


def start(app: AppTest) -> AppTest:
    next(button for button in app.main.button if button.label.startswith("Start training")).click().run()
    assert not app.exception
    assert not app.error
    return app


def test_pictures_are_cut_as_the_form_says(started: list[Path]) -> None:
    app = form("noise")
    app.number_input(key="train-size-False").set_value(16)
    app.number_input(key="train-views").set_value(3)
    start(app)
    (folder,) = started
    config = Run.open(folder).config
    assert (config.views, config.min_shrink) == (3, 2.5)
    app = form("noise")
    app.number_input(key="train-size-False").set_value(16)
    app.number_input(key="train-views").set_value(3).run()
    (note,) = [caption.value for caption in app.main.caption if "cannot be shrunk" in caption.value]
    assert "54 pictures are smaller than 40 pixels" in note  # a tenth of the 60 is for validation


def test_built_in_sets_are_not_cut(started: list[Path]) -> None:
    app = form("Digits")
    assert not [field for field in app.number_input if field.key == "train-views"]
    start(app)
    assert Run.open(started[0]).config.views == 1


@pytest.mark.parametrize(
    ("label", "value"),
    [
        ("Minutes", 0.0),
        ("Minutes", -3.0),
        ("Steps", 0),
        ("Steps", 10**9),
        ("Image size [pixels]", 0),
        ("Image size [pixels]", 512),
        ("Learning rate", 0.0),
        ("Images per step", 0),
        ("Seed", -1),
    ],
)
def test_a_number_out_of_range_starts_nothing(started: list[Path], label: str, value: float) -> None:
    """A browser that refuses such a number would go on with the one before: the fields have no limits."""
    app = AppTest.from_file(str(ROOT / "pages" / "train.py"), default_timeout=60).run()
    if label == "Steps":
        app.selectbox(key="train-unit").set_value("steps").run()
    (box,) = [each for each in app.number_input if each.label == label]
    assert (box.min, box.max) == (None, None), "a browser would keep another number than it shows"

    def button() -> Button:
        return next(button for button in app.main.button if button.label == "Start training")

    box.set_value(value)
    button().click().run()  # the number is on its way when the button is pressed
    assert button().disabled
    assert any(":material/error:" in each.value for each in app.main.markdown)
    assert not started
    assert not app.exception


def run_of(name: str, dataset: str = "digits", steps: int = 1000) -> Path:
    return create_run(training_config(name, dataset, size=8, model_size="tiny", steps=steps))


def running(folder: Path, steps: int = 0) -> Path:
    """A run at work, as far as its files say; the test holds its lock."""
    write_submission(folder, Submission(executor="local", settings=JobSettings(), job_id="1", started=1.0))
    write_record(folder, JobRecord(status="running"))
    if steps:
        line = {"kind": "progress", "step": steps, "images_per_second": 64.0, "space_loss": 1.0, "time_loss": 1.0}
        (folder / "metrics.jsonl").write_text(json.dumps(line | {"seconds": 1.0}) + "\n")
    return folder


def train_page() -> AppTest:
    app = AppTest.from_file(str(ROOT / "pages" / "train.py"), default_timeout=60).run()
    assert not app.exception
    return app


def test_a_class_that_would_wait_is_told_so_and_may_go_first(
    started: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXPLORER_JOBS_EXECUTOR", "local")
    first: list[Path] = []
    monkeypatch.setattr("explorer.webapp.train.form.go_first", first.append)
    app = train_page()
    assert not app.checkbox
    long = running(run_of("long", steps=6100), steps=100)
    with held(long / LOCK_FILE, "busy"):
        app = train_page()
        told = [each for each in app.caption if "It will wait for long (about 1 h 40 min left)." in each.value]
        assert len(told) == 2
        press(app, "Train digits for two minutes")
        app = train_page()
        app.checkbox(key="train-first-digits").check()
        press(app, "Train digits for two minutes")
        app = train_page()
        app.checkbox(key="train-first-form").check()
        press(app, "Start training")
        progress = JobProgress(done=1, total=2, unit="images prepared", rate=1.0)
        (long / "progress.json").write_text(progress.model_dump_json())
        (long / "metrics.jsonl").unlink()
        # One second is left of the images; of what follows nobody knows.
        assert any("It will wait for long." in each.value for each in train_page().caption)
    assert [folder.name for folder in started] == ["digits-8-1", "digits-8-2", "digits-8-3"]
    assert first == started[1:]


def test_two_minutes_of_digits_are_offered_until_such_a_run_is_at_work(started: list[Path]) -> None:
    def offered(app: AppTest) -> bool:
        return any(button.label == "Train digits for two minutes" for button in app.main.button)

    assert offered(train_page())
    other = running(run_of("other"))
    with held(other / LOCK_FILE, "busy"):
        assert offered(train_page())
    digits = running(run_of("digits-8-1"))
    with held(digits / LOCK_FILE, "busy"):
        assert not offered(train_page())
    assert offered(train_page())  # it ended


def test_a_run_that_is_at_work_says_nothing_else(started: list[Path]) -> None:
    """With images to prepare, without a first step, with steps: one truth on the whole page."""
    folder = running(run_of("digits-8-1"))
    with held(folder / LOCK_FILE, "busy"):
        app = train_page()
        assert "step 0 of 1,000 · preparing, for " in progress_of(app)
        assert below(app, "Time left") == "not known yet"
        (folder / "progress.json").write_text(
            JobProgress(done=300, total=1200, unit="images prepared", rate=15.0).model_dump_json()
        )
        app = train_page()
        assert progress_of(app) == "300 of 1,200 images prepared · 15 images/s · about 1 min left"
        running(folder, steps=100)
        app = train_page()
        assert progress_of(app) == "step 100 of 1,000 · 64 images/s · about 15 min left"
        assert below(app, "Time left") == "at this speed"
        assert not [each for each in app.main if "not running" in str(getattr(each, "value", ""))]
    write_record(folder, JobRecord(status="stopped"))
    assert below(train_page(), "Time left") == "stopped"


def progress_of(app: AppTest) -> str:
    (bar,) = app.main.get("progress")
    return bar.proto.text


def below(app: AppTest, label: str) -> str:
    return next(metric.delta for metric in app.main.metric if metric.label == label)


def press(app: AppTest, label: str) -> None:
    next(button for button in app.main.button if button.label == label).click().run()
    assert not app.exception
    assert not app.error


@pytest.mark.parametrize("dataset", ["digits", "noise"])
def test_a_finished_run_opens_an_image_of_its_data_in_probe(
    started: list[Path], home: Path, monkeypatch: pytest.MonkeyPatch, dataset: str
) -> None:
    spec = dataset if dataset == "digits" else str(home / "datasets" / dataset)
    folder = run_of("done", spec)
    write_record(folder, JobRecord(status="finished"))
    write_tiny_checkpoint(home / "checkpoints" / "done", (1, 8, 8), levels=17, dataset=dataset)
    monkeypatch.setattr("explorer.models.checkpoints.SHIPPED_CHECKPOINTS", home / "none")
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    app.switch_page("pages/train.py").run()
    press(app, "Open in Probe")
    assert app.query_params["source"] == "dataset"
    assert app.selectbox(key="data").value == dataset
    assert app.button_group(key="source").value == "dataset"
    assert any("0" in caption.value for caption in app.main.caption)
