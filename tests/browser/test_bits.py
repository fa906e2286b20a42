"""Where the bits are, as a person looks at it: it is computed once it is on the screen, and the pointer reads it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def expect_bits_under_the_pointer(page: Page) -> None:
    plot = page.locator(".st-key-bits_map .nsewdrag")
    expect(plot).to_be_visible()
    label = page.locator(".st-key-bits_map .hoverlayer")
    for x in (60, 80, 100):  # the first movement may come before the chart listens
        plot.hover(position={"x": x, "y": 60})
        if re.search(r"row \d+, column \d+: −?-?\d+\.\d+ bits a pixel", label.text_content() or ""):
            return
        page.wait_for_timeout(500)
    expect(label).to_contain_text("bits a pixel")


def test_the_map_comes_when_it_is_looked_at_and_says_the_bits_of_a_pixel(app: str, page: Page) -> None:
    page.goto(f"{app}/?model=digits&scale=17")
    expect(page.get_by_text("Where the bits are")).to_be_attached()
    expect(page.locator("[data-testid=stMetricValue]").first).to_be_visible()
    expect(page.locator(".st-key-bits_map")).to_have_count(0)
    page.get_by_text("The image", exact=True).scroll_into_view_if_needed()
    page.locator(".st-key-bits").scroll_into_view_if_needed()
    expect(page.get_by_text("Bits of each pixel from noise at 17 dB")).to_be_visible()
    expect(page.get_by_text("Denoising error: sum of the map")).to_be_visible()
    expect_bits_under_the_pointer(page)
    assert "scale=17" in page.url


def test_a_click_in_atlas_shows_the_bits_until_it_is_closed(app: str, page: Page) -> None:
    page.goto(f"{app}/atlas?model=digits&data=digits&click_bits=true")
    page.locator("ul.grid button").first.click()
    page.wait_for_url("**bits=*")
    expect(page.get_by_role("dialog").get_by_text("Where the bits are")).to_be_visible()
    expect_bits_under_the_pointer(page)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.wait_for_url(lambda url: "&bits=" not in url)
