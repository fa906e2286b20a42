"""Where the bits of an image of the data set are, in Atlas, without a browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from explorer.data.sources import open_dataset
from explorer.models.checkpoints import Checkpoint, load_checkpoint
from explorer.webapp.shell.surprise_work import surprise_of_pixels
from tests.conftest import write_tiny_checkpoint

ROOT = Path(__file__).parents[3]
_TURNS = 20


@pytest.fixture
def page(tiny_checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch, quick_catalog: None) -> AppTest:
    """Atlas with the model `tiny` and the digits, before its first run, with a place that is always looked at."""
    monkeypatch.setattr("explorer.models.checkpoints.SHIPPED_CHECKPOINTS", ROOT / "none")
    monkeypatch.setattr("explorer.webapp.shell.bits_panel.on_screen", lambda _key: True)
    app = AppTest.from_file(str(ROOT / "pages" / "atlas.py"), default_timeout=60)
    app.query_params.update(model=tiny_checkpoint.name, data="digits")
    return app


def tables(app: AppTest, count: int) -> list[str]:
    """Where they are drawn, in as many runs as their work has turns."""
    for _ in range(_TURNS):
        app.run()
        found = [each.proto.body for each in app.get("html") if "Denoising error" in each.proto.body]
        if len(found) == count:
            return found
    raise AssertionError("no map")


def total(checkpoint: Checkpoint, index: int) -> float:
    work = surprise_of_pixels(checkpoint, open_dataset("digits", (1, 8, 8)).pixels[index])
    while work.result is None:
        work.take_turn()
    return work.result.total


def test_an_image_of_the_url_has_its_map(page: AppTest, tiny_checkpoint: Checkpoint) -> None:
    page.query_params["bits"] = "3"
    (table,) = tables(page, 1)
    assert f"<td>{total(tiny_checkpoint, 3):,.0f}</td>" in table
    assert any("it must read images of the same size" in caption.value for caption in page.caption)
    assert not page.exception


def test_two_models_and_their_difference(page: AppTest, tiny_checkpoint: Checkpoint, home: Path) -> None:
    write_tiny_checkpoint(home / "checkpoints" / "fine", (1, 8, 8), levels=256)
    page.query_params.update(bits="3", compare="fine")
    found = tables(page, 2)
    sums = [total(tiny_checkpoint, 3), total(load_checkpoint("fine", "cpu"), 3)]
    for table, bits in zip(found, sums, strict=True):
        assert f"<td>{bits:,.0f}</td>" in table
    sentence = next(each.value for each in page.markdown if " bits less than " in each.value)
    assert sentence.startswith("tiny needs" if sums[0] < sums[1] else "fine needs")
    said = re.search(r"needs ([\d,]+) bits", sentence)
    assert said is not None
    assert float(said[1].replace(",", "")) == pytest.approx(abs(sums[0] - sums[1]), abs=0.51)
    assert not page.exception


def test_an_image_that_there_is_not_is_named(page: AppTest) -> None:
    page.query_params["bits"] = "99999"
    page.run()
    assert not page.exception
