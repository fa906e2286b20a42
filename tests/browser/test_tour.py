"""The tour from the first stop to the last, with the keyboard."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, TimeoutError, expect

from tests.browser.test_probe import settled

pytestmark = pytest.mark.browser


def press_until(page: Page, key: str, seen: Locator) -> None:
    """Press a key as somebody does who sees that nothing has happened yet: once more."""
    for _ in range(5):
        settled(page)
        page.keyboard.press(key)
        try:
            seen.wait_for(timeout=10_000)
        except TimeoutError:
            continue
        return
    expect(seen).to_be_visible()


def test_the_keys_lead_from_the_first_stop_to_the_last(app: str, page: Page) -> None:
    page.goto(f"{app}/tour?model=digits")
    for stop in range(1, 10):
        expect(page.get_by_text(f"Stop {stop} of 9:")).to_be_visible()
        expect(page.locator(".st-key-tour_options button").first).to_be_visible()
        press_until(page, "1", page.get_by_text("The model says", exact=True))
        if stop < 9:
            expect(page.get_by_role("button", name=re.compile("^On:"))).to_be_visible()
            press_until(page, "Space", page.get_by_text(f"Stop {stop + 1} of 9:"))
    expect(page.get_by_text("You made 9 of 9 predictions")).to_be_visible()
    expect(page).to_have_url(re.compile("guesses=0{9}"))
    settled(page)
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_text("Stop 8 of 9:")).to_be_visible()
    expect(page).to_have_url(re.compile("stop=8"))
    page.reload()
    expect(page.get_by_text("Stop 8 of 9:")).to_be_visible()
    expect(page.get_by_text("The model says", exact=True)).to_be_visible()
    page.get_by_role("button", name="See its code length in Probe").click()
    expect(page.get_by_role("heading", name="Probe", level=1)).to_be_visible()
    expect(page).to_have_url(re.compile("source=dataset"))
    assert page.locator("[data-testid=stException]").count() == 0


def test_a_projector_shows_no_sidebar(app: str, page: Page) -> None:
    page.goto(f"{app}/tour?model=digits&projector=true")
    expect(page.locator(".st-key-tour_options button").first).to_be_visible()
    expect(page.get_by_test_id("stSidebar")).to_be_hidden()
