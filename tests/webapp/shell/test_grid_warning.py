"""Pages warn of a data set that carries the grid of JPEG, and say nothing of one that does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from explorer.data.offered import list_datasets
from explorer.data.sources import open_dataset
from explorer.jobs.state import JobState
from tests.conftest import write_tiny_checkpoint
from tests.data.jpegs import as_jpeg, photographs

ROOT = Path(__file__).parents[3]
SHAPE = (1, 32, 32)
SENTENCE = "These images carry the 8 × 8 grid of JPEG"


@pytest.fixture
def data(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two data sets, `clean.npy` and `jpeg.npy`, and a model of their size."""
    monkeypatch.setattr("explorer.models.checkpoints.SHIPPED_CHECKPOINTS", home / "none")
    monkeypatch.setattr("explorer.catalog.scoring.lossless_bits", lambda *_, **__: {"PNG": 1, "WebP": 2, "JPEG XL": 3})
    monkeypatch.setattr("explorer.catalog.profile.PROFILE_IMAGES", 4)
    folder = home / "datasets"
    folder.mkdir(parents=True)
    pixels = photographs(32, count=200)
    np.save(folder / "clean.npy", pixels[:, 0])
    np.save(folder / "jpeg.npy", as_jpeg(pixels, 75)[:, 0])
    write_tiny_checkpoint(home / "checkpoints" / "tiny", SHAPE)
    return folder


def page(name: str, dataset: str = "") -> AppTest:
    app = AppTest.from_file(str(ROOT / "pages" / f"{name}.py"), default_timeout=60)
    if dataset:
        app.query_params.update(model="tiny", data=dataset)
    return app


def warnings(app: AppTest) -> list[str]:
    assert not app.exception
    assert not app.error
    return [warning.value for warning in app.main.warning if "was trained on" not in warning.value]  # data of others


def test_atlas(data: Path) -> None:
    (warning,) = warnings(page("atlas", "jpeg.npy").run())
    assert warning.startswith(SENTENCE)
    assert warnings(page("atlas", "clean.npy").run()) == []


def test_trust_once_the_images_are_prepared(data: Path) -> None:
    assert warnings(page("trust", "jpeg.npy").run()) == []
    assert not list((data.parent / "stores").glob("*"))  # nothing was built for the page alone
    for dataset in ("jpeg.npy", "clean.npy"):
        open_dataset(str(data / dataset), SHAPE, "all")
    (warning,) = warnings(page("trust", "jpeg.npy").run())
    assert warning.startswith(SENTENCE)
    assert warnings(page("trust", "clean.npy").run()) == []


def choose(app: AppTest, title: str) -> None:
    chosen = next(info for info in list_datasets() if info.title == f"{title}.npy")
    app.selectbox(key="train-data").set_value(chosen).run()


def buttons(app: AppTest) -> list[str]:
    return [button.label for button in app.main.button if button.label.startswith("Start")]


def into(started: list[Path]) -> Callable[[Path], JobState]:
    """A `submit` that starts nothing."""

    def submit(run: Path) -> JobState:
        started.append(run)
        return JobState("running")

    return submit


def test_train_warns_before_it_starts(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Path] = []
    monkeypatch.setattr("explorer.webapp.train.form.seconds_per_step", lambda _: 1.0)
    monkeypatch.setattr("explorer.webapp.train.form.submit", into(started))
    app = page("train").run()
    choose(app, "jpeg")
    assert warnings(app) == []  # not known yet
    assert buttons(app) == ["Start training"]
    next(button for button in app.main.button if button.label == "Start training").click().run()
    (warning,) = warnings(app)
    assert warning.startswith(SENTENCE)
    assert buttons(app) == ["Start training anyway"]
    assert started == []
    choose(app, "clean")
    assert warnings(app) == []
    choose(app, "jpeg")
    assert len(warnings(app)) == 1
    next(button for button in app.main.button if button.label == "Start training anyway").click().run()
    assert len(started) == 1


def test_train_starts_at_once_where_there_is_none(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Path] = []
    monkeypatch.setattr("explorer.webapp.train.form.seconds_per_step", lambda _: 1.0)
    monkeypatch.setattr("explorer.webapp.train.form.submit", into(started))
    app = page("train").run()
    choose(app, "clean")
    next(button for button in app.main.button if button.label == "Start training").click().run()
    assert warnings(app) == []
    assert len(started) == 1
