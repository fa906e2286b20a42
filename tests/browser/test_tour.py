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
        press_until(page, "1", page.get_by_text("The answer is", exact=True))
        if stop < 9:
            expect(page.get_by_role("button", name=re.compile("^On:"))).to_be_visible()
            press_until(page, "Space", page.get_by_text(f"Stop {stop + 1} of 9:"))
    expect(page.get_by_text(re.compile(r"\d of 9 predictions agreed with the model"))).to_be_visible()
    expect(page).to_have_url(re.compile("guesses=0{9}"))
    settled(page)
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_text("Stop 8 of 9:")).to_be_visible()
    expect(page).to_have_url(re.compile("stop=8"))
    page.reload()
    expect(page.get_by_text("Stop 8 of 9:")).to_be_visible()
    expect(page.get_by_text("The answer is", exact=True)).to_be_visible()
    page.get_by_role("button", name="See its code length in Probe").click()
    expect(page.get_by_role("heading", name="Probe", level=1)).to_be_visible()
    expect(page).to_have_url(re.compile("source=dataset"))
    assert page.locator("[data-testid=stException]").count() == 0


def test_a_projector_shows_question_and_answer_at_once(app: str, page: Page) -> None:
    page.set_viewport_size({"width": 1366, "height": 768})
    page.goto(f"{app}/tour?model=digits&stop=4")
    expect(page.locator(".st-key-tour_options button").first).to_be_visible()
    settled(page)
    page.get_by_text("Projector", exact=True).click()
    expect(page.get_by_test_id("stSidebar")).to_be_hidden()
    answer = page.get_by_text("The answer is", exact=True)
    press_until(page, "2", answer)  # the switch has given the keys back
    for shown in (page.get_by_role("heading", level=3), answer, page.locator(".pixels img").last):
        expect(shown).to_be_in_viewport(ratio=1)
    onward = page.get_by_role("button", name="On: A random draw")
    expect(onward).not_to_be_in_viewport(ratio=1)
    settled(page)
    page.keyboard.press("Space")  # first the rest of the answer
    expect(onward).to_be_in_viewport(ratio=1)
    expect(page.get_by_text("Stop 4 of 9:")).to_be_visible()
    press_until(page, "Space", page.get_by_text("Stop 5 of 9:"))
    expect(page.get_by_role("heading", level=3)).to_be_in_viewport(ratio=1)
    expect(page.get_by_role("switch", name="Projector")).to_be_checked()
