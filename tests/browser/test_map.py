"""Map in a browser: it is there at once, a point shows its image, a lasso fills the grid, a click opens Probe."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.points import Point, point_at, points

pytestmark = pytest.mark.browser


def opened(app: str, page: Page, query: str) -> list[Point]:
    page.goto(f"{app}/map?{query}")
    expect(page.get_by_text("images that the model treats alike")).to_be_visible()
    return points(page, "map_chart")


def test_a_point_shows_its_image_and_opens_it(app: str, page: Page) -> None:
    opened(app, page, "model=digits&data=digits")
    alone = point_at(page, "map_chart")
    card = page.locator(".card")
    expect(card).to_be_visible()
    expect(card).to_have_text(alone.text.replace("\n", " "))
    assert re.search(r"image \d+, \d+, label \d\nlog p .+ dB/dim", alone.text)
    assert card.locator(".picture").bounding_box()["height"] > 50
    page.mouse.move(5, 5)
    expect(card).to_be_hidden()

    alone = point_at(page, "map_chart")
    page.mouse.down()
    page.mouse.up()
    expect(page.get_by_role("heading", name="Probe")).to_be_visible()
    assert f"item={alone.index}" in page.url
    page.get_by_role("link", name="Map").click()
    expect(page.get_by_role("heading", name="Map")).to_be_visible()
    expect(page.locator(".st-key-map_chart .nsewdrag")).to_be_visible()


def test_a_lasso_fills_the_grid(app: str, page: Page) -> None:
    across = sorted(point.x for point in opened(app, page, "model=digits&data=digits"))
    places = range(len(across) // 4, 3 * len(across) // 4)
    gap = max(places, key=lambda k: across[k + 1] - across[k])  # where a pixel more or less does not matter
    edge, count = (across[gap] + across[gap + 1]) / 2, len(across) - gap - 1
    plot = page.locator(".st-key-map_chart .nsewdrag").bounding_box()
    right, bottom = plot["x"] + plot["width"] - 1, plot["y"] + plot["height"] - 1
    corners = ((edge, plot["y"] + 1), (right, plot["y"] + 1), (right, bottom), (edge, bottom))
    page.mouse.move(*corners[0])
    page.mouse.down()
    for corner in corners[1:]:
        page.mouse.move(*corner, steps=5)
    page.mouse.up()
    expect(page.get_by_text(f"{count} images selected")).to_be_visible()
    shown = page.locator("ul.grid li button")
    expect(shown).to_have_count(count)
    values = [float(shown.nth(k).locator(".caption").inner_text().split()[0].replace("−", "-")) for k in range(5)]
    assert values == sorted(values, reverse=True)
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_text("images selected")).to_have_count(0)


def test_the_color_is_in_the_address(app: str, page: Page) -> None:
    opened(app, page, "model=digits&data=digits&color=Label")
    expect(page.get_by_text("predict its label correctly")).to_be_visible()
    page.get_by_role("combobox", name="Color").click()
    page.get_by_role("option", name="Contrast").click()
    expect(page.get_by_text("predict its Contrast")).to_be_visible()
    expect(page).to_have_url(re.compile("color=Contrast"))
