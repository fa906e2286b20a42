"""An image of Atlas on the page of single images, Photograph for a model of images of any size."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from explorer.catalog.build import find_catalog
from explorer.data.sources import open_dataset
from explorer.models.checkpoints import load_checkpoint
from explorer.units import convert_log_prob, format_number
from tests.conftest import write_tiny_checkpoint, write_tiny_multiscale

ROOT = Path(__file__).parents[3]
CLICKED = 7


def page(name: str, **settings: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "pages" / f"{name}.py"), default_timeout=60)
    app.query_params.update(settings)
    app.run()
    assert not app.exception
    assert not app.error
    return app


@pytest.fixture
def opened(home: Path, monkeypatch: pytest.MonkeyPatch, quick_catalog: None) -> list[tuple[str, dict[str, str]]]:
    """Pages that were opened by clicks, and their settings; image `CLICKED` of the grid is clicked in every run."""
    monkeypatch.setattr("explorer.models.checkpoints.SHIPPED_CHECKPOINTS", home / "none")
    write_tiny_multiscale(home / "checkpoints" / "many")
    write_tiny_checkpoint(home / "checkpoints" / "tiny", (1, 16, 16))
    pages: list[tuple[str, dict[str, str]]] = []
    monkeypatch.setattr("explorer.webapp.atlas.page.grid_of_rows", lambda *_, **__: CLICKED)
    monkeypatch.setattr("streamlit.switch_page", lambda page, query_params: pages.append((page, query_params)))
    return pages


@pytest.mark.parametrize("compare", ["", "tiny"])
def test_a_click_shows_the_same_image_with_the_same_log_p(
    opened: list[tuple[str, dict[str, str]]], monkeypatch: pytest.MonkeyPatch, compare: str
) -> None:
    monkeypatch.setattr("explorer.webapp.large.measured.lossless_bits", lambda *_: {"PNG": 9, "WebP": 8, "JPEG XL": 7})
    monkeypatch.setattr("explorer.webapp.atlas.page.comparison_panel", lambda *_: CLICKED)
    page("atlas", model="many", data="photos", **({"compare": compare} if compare else {}))
    file, settings = opened[0]
    assert file == "pages/large.py"
    photograph = page("large", **settings)
    assert photograph.number_input(key="item").value == CLICKED
    assert any("32 × 32 pixels, as they are." in c.value for c in photograph.main.caption)

    images = open_dataset("photos", (1, 32, 32), "validation")
    assert photograph.number_input(key="item").max == len(images) - 1
    model = load_checkpoint("many", "cpu")
    catalog = find_catalog(model, images.fingerprint)
    assert catalog is not None
    nats = catalog.rows("log_prob", limit=1, among=[CLICKED])["log_prob"][0].as_py()
    shown = format_number(convert_log_prob(nats, "dB/dim", 32 * 32), ".2f")
    assert photograph.metric[0].value == f"{shown} dB/dimension"
    assert math.isfinite(nats)


def test_a_click_on_an_image_of_a_model_of_one_size_opens_probe(opened: list[tuple[str, dict[str, str]]]) -> None:
    page("atlas", model="tiny", data="digits")
    assert opened[0][0] == "pages/probe.py"
    assert opened[0][1]["item"] == str(CLICKED)


def test_a_data_set_is_looked_at_at_other_sizes(photograph: AppTest) -> None:
    photograph.query_params.update(source="dataset", side="128", model="many", item="3")
    photograph.run()
    assert not photograph.exception
    assert not photograph.error
    assert any("a square of 32 is enlarged 4.0 times" in caption.value for caption in photograph.main.caption)
    assert photograph.number_input(key="item").value == 3
