"""The Map page, run without a browser on the real digits and a tiny model."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from explorer.catalog import map as map_module
from explorer.errors import ExplorerError
from explorer.jobs.kinds import MapTask
from explorer.jobs.manage import list_jobs
from explorer.models.checkpoints import Checkpoint

ROOT = Path(__file__).parents[3]


@pytest.fixture
def page(tiny_checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """Map with the model `tiny` and the digits, before its first run."""
    monkeypatch.setattr("explorer.catalog.scoring.lossless_bits", lambda *_, **__: {"PNG": 1, "WebP": 2, "JPEG XL": 3})
    monkeypatch.setattr("explorer.catalog.profile.PROFILE_IMAGES", 4)
    app = AppTest.from_file(str(ROOT / "pages" / "map.py"), default_timeout=120)
    app.query_params.update(model=tiny_checkpoint.name, data="digits")
    return app


def captions(app: AppTest) -> str:
    return " ".join(caption.value for caption in app.main.caption)


def test_it_maps_a_small_data_set_and_shows_it_without_a_click(page: AppTest) -> None:
    page.run()
    assert not page.exception
    assert not page.error
    assert page.main.markdown[0].value.startswith("179 of 1,797 images: the validation part. Each is a point;")
    assert len(page.get("plotly_chart")) == 1
    assert "predict its log p with R² = " in captions(page)
    assert "From the largest to the smallest log p." in page.main.markdown[1].value
    color = page.selectbox(key="color")
    assert color.options[0] == "log p"
    assert color.options[-1] == "Label"


def test_every_color_is_drawn(page: AppTest) -> None:
    page.run()
    for name, words in (
        ("dimensionality_20", "predict its Local dimensionality at 20 dB"),
        ("contrast", "predict its Contrast with R²"),
        ("label", "predict its label correctly"),
        ("jxl_bits", "color scale"),
        ("log_prob", "predict its log p with R²"),
    ):
        page.selectbox(key="color").set_value(name).run()
        assert not page.exception
        assert page.selectbox(key="color").value == name
        assert (words in captions(page)) == (name != "jxl_bits")  # it is the same for all images here


def test_the_url_reproduces_the_view(page: AppTest) -> None:
    page.query_params.update(color="Contrast", unit="nats")
    page.run()
    assert "predict its Contrast" in captions(page)
    assert page.selectbox(key="color").value == "contrast"


@pytest.mark.usefixtures("jobs")
def test_a_large_data_set_is_mapped_by_a_job(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("explorer.webapp.map.ready_map._AT_ONCE", 10)
    page.run()
    assert "There is no map of the 179 images" in page.info[0].value
    assert not page.get("plotly_chart")
    page.button[0].click().run()
    assert not page.info
    (job,) = list_jobs()
    assert job.task == MapTask(checkpoint="tiny", dataset="digits")


def test_of_many_images_some_are_plotted(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("explorer.figures.map.MAX_POINTS", 50)
    page.run()
    assert "50 of the 179 images are plotted." in captions(page)


def test_a_failure_is_a_sentence(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise ExplorerError("The disk is full.")

    monkeypatch.setattr(map_module, "write_atomically", full)
    page.run()
    assert page.error[0].value == "The disk is full."
    assert not page.exception
