"""What the form of Train makes of its fields."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from explorer.data.offered import list_datasets
from explorer.training.run import Run

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
    monkeypatch.setattr("explorer.webapp.train.form.submit", sent.append)
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
