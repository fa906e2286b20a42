"""Atlas in a real browser: what is drawn around points is what fills the grid."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.points import point_at

pytestmark = pytest.mark.browser

IMAGES = 179  # of the built-in digits, for validation


@pytest.fixture
def atlas(page: Page, app: str) -> Page:
    page.goto(f"{app}/atlas?model=digits&data=digits")
    expect(page.get_by_text("The 48 images with the largest log p, in order.")).to_be_visible()
    expect(page.get_by_test_id("stPlotlyChart")).to_have_count(2)
    return page


def draw(page: Page, tool: str, corners: list[tuple[float, float]]) -> None:
    """Drag a tool of the scatter through corners, in shares of its plot."""
    chart = page.get_by_test_id("stPlotlyChart").last
    chart.hover()
    chart.locator(f"[data-title='{tool}']").click()
    plot = chart.locator(".nsewdrag").bounding_box()
    assert plot is not None
    points = [(plot["x"] + across * plot["width"], plot["y"] + up * plot["height"]) for across, up in corners]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point, steps=5)
    page.mouse.up()


def test_a_box_around_all_selects_all_and_is_cleared(atlas: Page) -> None:
    draw(atlas, "Box Select", [(0.01, 0.01), (0.99, 0.99)])
    expect(atlas.get_by_text(f"{IMAGES} images selected in the scatter, largest log p first.")).to_be_visible()
    atlas.get_by_role("button", name="Clear the selection").click()
    expect(atlas.get_by_text("The 48 images with the largest log p, in order.")).to_be_visible()


def test_a_lasso_selects_some(atlas: Page) -> None:
    draw(atlas, "Lasso Select", [(0.01, 0.01), (0.99, 0.01), (0.01, 0.99)])
    said = atlas.get_by_text("images selected in the scatter, largest log p first.")
    expect(said).to_be_visible()
    assert 0 < int(said.inner_text().split()[0]) < IMAGES


def test_a_box_without_points_says_so(atlas: Page) -> None:
    draw(atlas, "Box Select", [(0.85, 0.8), (0.97, 0.95)])
    expect(atlas.get_by_text("No image lies inside the selection.")).to_be_visible()


def test_a_point_of_the_scatter_shows_its_image_and_opens_it(atlas: Page) -> None:
    alone = point_at(atlas, "scatter_chart")
    assert re.search(r"image \d+, \d+, label \d\nContrast 0\.\d{3}\nlog p .+ dB/dim", alone.text)
    card = atlas.locator(".card")
    expect(card).to_have_text(alone.text.replace("\n", " "))
    expect(card).to_be_visible()
    atlas.mouse.down()
    atlas.mouse.up()
    expect(atlas.get_by_role("heading", name="Probe")).to_be_visible()
    assert f"item={alone.index}" in atlas.url


@pytest.mark.parametrize("selects", [False, True])
def test_a_bar_shows_images_from_there_in_place_of_a_selection(atlas: Page, selects: bool) -> None:
    if selects:
        draw(atlas, "Box Select", [(0.01, 0.01), (0.99, 0.99)])
        expect(atlas.get_by_text(f"{IMAGES} images selected in the scatter, largest log p first.")).to_be_visible()
    chart = atlas.get_by_test_id("stPlotlyChart").first
    chart.scroll_into_view_if_needed()
    bars = [bar for bar in (path.bounding_box() for path in chart.locator(".bars .point path").all()) if bar]
    tallest = max(bars, key=lambda bar: bar["height"])
    atlas.mouse.move(tallest["x"] + tallest["width"] / 2, tallest["y"] + tallest["height"] - 2)
    expect(atlas.locator(".hovertext").first).to_be_visible()
    atlas.mouse.down()
    atlas.mouse.up()
    expect(atlas.get_by_text("The 48 images whose log p is nearest to")).to_be_visible()
