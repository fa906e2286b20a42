"""The Atlas page, run without a browser on the real digits and a tiny model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from explorer.catalog import build as build_module
from explorer.data.sources import open_dataset
from explorer.models.checkpoints import Checkpoint
from explorer.webapp.shell.areas import areas_of

ROOT = Path(__file__).parents[3]


@pytest.fixture
def page(tiny_checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """Atlas with the model `tiny` and the digits, before its first run."""
    monkeypatch.setattr("explorer.catalog.scoring.lossless_bits", lambda *_, **__: {"PNG": 1, "WebP": 2, "JPEG XL": 3})
    monkeypatch.setattr("explorer.catalog.profile.PROFILE_IMAGES", 4)
    app = AppTest.from_file(str(ROOT / "pages" / "atlas.py"), default_timeout=60)
    app.query_params.update(model=tiny_checkpoint.name, data="digits")
    return app


def caption(app: AppTest) -> str:
    return app.main.caption[-1].value


def test_it_scores_a_small_data_set_and_shows_it_without_a_click(page: AppTest) -> None:
    page.run()
    assert not page.exception
    assert not page.error
    assert [metric.label.split(" [")[0] for metric in page.metric] == [
        "Mean log p",
        "Spread",
        "Ratio of extremes",
        "Entropy",
        "Natural images",
    ]
    assert page.metric[4].delta.startswith("of 17⁶⁴ = 10⁷⁹")
    assert caption(page) == "The 48 images with the largest log p, in order."


def test_it_says_what_is_left_out_of_a_folder(page: AppTest, home: Path) -> None:
    folder = home / "datasets" / "mine"
    (folder / "cats").mkdir(parents=True)
    for number in range(3):
        pixels = np.random.default_rng(number).integers(0, 256, (8, 8), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / "cats" / f"{number}.png")
    (folder / "cats" / "![x](http:~a.example~b).jpg").write_text("no image")
    (folder / "lost.png").symlink_to(home / "nowhere.png")
    page.query_params["data"] = "mine"
    page.run()
    assert not page.exception
    said = [each.value for each in page.main.caption]
    assert any(r"1 image that cannot be read (cats/!\[x\](http" in sentence for sentence in said)
    assert any("1 link that leads nowhere (lost.png)." in sentence for sentence in said)


def test_every_order_gives_its_images(page: AppTest) -> None:
    page.run()
    for order, words in (
        ("Lowest", "smallest log p"),
        ("Evenly spaced", "steps evenly"),
        ("Random", "drawn at random"),
        ("Around a value", "nearest to"),
    ):
        page.segmented_control(key="order").set_value(order).run()
        assert not page.exception
        assert words in caption(page)


def test_the_url_reproduces_the_view(page: AppTest) -> None:
    page.query_params.update(order="Lowest", by="Contrast", label="3", n="24", unit="nats")
    page.run()
    threes = int((open_dataset("digits", (1, 8, 8)).labels == 3).sum())
    assert 0 < threes < 24
    assert caption(page) == f"The {threes} images with the smallest Contrast, in order."
    assert page.metric[0].label == "Mean log p [nats]"


@pytest.mark.parametrize("shape", ["box", "lasso"])
def test_a_selection_holds_every_image_inside_plotted_or_not(
    page: AppTest, monkeypatch: pytest.MonkeyPatch, shape: str
) -> None:
    page.query_params["unit"] = "bits"
    page.run()
    monkeypatch.setattr("explorer.figures.atlas.MAX_POINTS", 5)
    monkeypatch.setattr("explorer.webapp.atlas.scatter.MAX_POINTS", 5)
    pixels = open_dataset("digits", (1, 8, 8)).pixels
    contrast = (pixels / 255).std((1, 2, 3))
    low, high = np.quantile(contrast, (0.25, 0.75))
    corners = {"box": {"x": [low, high], "y": [-1e6, 1e6]}}
    corners["lasso"] = {"x": [low, high, high, low], "y": [-1e6, -1e6, 1e6, 1e6]}
    page.session_state["area"] = areas_of([corners[shape]], (1.0, 1 / np.log(2)))
    page.run()
    expected = int(((contrast >= low) & (contrast <= high)).sum())
    assert expected > 48
    assert caption(page) == f"{expected} images selected in the scatter, largest log p first. The first 48:"
    assert any("5 of the 179 images" in text.value for text in page.main.caption)


def test_another_unit_forgets_the_value(page: AppTest) -> None:
    page.query_params.update(order="Around a value", at="5")
    page.run()
    assert "nearest to 5.00 dB/dim" in caption(page)
    page.selectbox(key="unit").select("nats").run()
    assert page.number_input(key="at").value is None
    assert "nats" in caption(page)


def test_a_failure_is_a_sentence(page: AppTest, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page.run()
    (catalog,) = (home / "catalogs").iterdir()
    (catalog / "meta.json").write_text("damaged")

    def full(*_: object) -> None:
        raise build_module.ExplorerError("The disk is full.")

    monkeypatch.setattr("explorer.catalog.build.write_atomically", full)
    page.run()
    assert page.error[0].value == "The disk is full."
    assert not page.exception
