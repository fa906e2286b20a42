"""Two models in a real browser: a lasso in their scatter fills the grid, and an image of it opens in Probe."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.points import point_at
from tests.conftest import write_tiny_checkpoint

pytestmark = pytest.mark.browser


@pytest.fixture
def other(home_of_app: Path) -> Iterator[str]:
    """A second model of 8 x 8 gray images, for this test alone."""
    folder = home_of_app / "checkpoints" / "other"
    write_tiny_checkpoint(folder, (1, 8, 8), levels=17)
    yield folder.name
    shutil.rmtree(folder)


def test_disputed_images_of_a_lasso_open_in_probe(page: Page, app: str, other: str) -> None:
    page.goto(f"{app}/atlas?model=digits&data=digits&compare={other}")
    expect(page.get_by_text("RMS difference [dB/dim]")).to_be_visible()
    expect(page.get_by_text("Below each: log p by digits → by other")).to_be_visible()
    plot = page.get_by_test_id("stPlotlyChart").first.locator(".nsewdrag")
    plot.hover()
    area = plot.bounding_box()
    assert area is not None
    left, right = (area["x"] + share * area["width"] for share in (0.01, 0.99))
    top, bottom = (area["y"] + share * area["height"] for share in (0.01, 0.99))
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    page.mouse.move(*corners[0])
    page.mouse.down()
    for corner in corners[1:]:
        page.mouse.move(*corner, steps=5)
    page.mouse.up()
    expect(page.get_by_text("179 selected in the scatter. The 48 images whose difference")).to_be_visible()
    page.get_by_role("button", name="Clear the selection").click()
    expect(page.get_by_text("The 48 images whose difference")).to_be_visible()
    page.get_by_role("button", name=re.compile(r"^image \d+.* by digits, .* by other")).first.click()
    page.wait_for_url("**item=*")
    expect(page.get_by_text("Percentile")).to_be_visible()


def test_a_point_of_two_models_opens_in_probe(page: Page, app: str, other: str) -> None:
    page.goto(f"{app}/atlas?model=digits&data=digits&compare={other}")
    expect(page.get_by_text("Below each: log p by digits → by other")).to_be_visible()
    alone = point_at(page, "comparison_chart")
    assert re.search(r"^image \d+.*\nlog p by digits .* dB/dim\nlog p by other .* dB/dim$", alone.text)
    page.mouse.down()
    page.mouse.up()
    page.wait_for_url(f"**item={alone.index}*")
