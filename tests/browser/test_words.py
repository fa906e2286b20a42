"""Explanations of terms, and the line for first-time visitors, in a browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_probe import open_probe, settled

pytestmark = pytest.mark.browser

NEW_HERE = "New here?"


@pytest.mark.parametrize("address", ["/?model=digits", "/atlas?model=digits", "/trust?model=digits"])
def test_formulas_are_readable_by_keyboard(app: str, page: Page, address: str) -> None:
    page.goto(f"{app}{address}")
    buttons = page.get_by_test_id("stMain").get_by_role("button", name="Help")
    expect(buttons.nth(3)).to_be_visible()
    settled(page)
    page.keyboard.press("Tab")  # Streamlit opens what has the focus for those who use the keyboard
    tooltip = page.get_by_role("tooltip")
    formulas = 0
    for button in buttons.all():
        button.focus()
        expect(tooltip).to_have_count(1)
        expect(tooltip).to_contain_text(re.compile(r"\w{3}"))
        terms = tooltip.locator("strong").count()
        expect(tooltip.locator(".katex-display")).to_have_count(terms)
        expect(tooltip.locator(".katex-error")).to_have_count(0)
        formulas += terms
        page.keyboard.press("Escape")
        expect(tooltip).to_have_count(0)
    assert formulas >= 4


def test_an_explanation_opens_at_a_touch(app: str, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 420, "height": 900}, has_touch=True, is_mobile=True)
    page = context.new_page()
    open_probe(page, f"{app}/?model=digits")
    page.get_by_role("button", name="Help for Local dimensionality").tap()
    expect(page.get_by_role("tooltip")).to_contain_text("number of directions")
    context.close()


def test_who_is_new_is_pointed_to_the_tour_once(app: str, page: Page) -> None:
    open_probe(page, app)
    expect(page.get_by_text(NEW_HERE)).to_be_visible()
    page.get_by_role("link", name="Start the Tour").click()
    expect(page.get_by_role("heading", name="Tour", level=1)).to_be_visible()
    settled(page)
    page.wait_for_function("() => document.cookie.includes('explorer-knows-tour')")
    open_probe(page, app)  # another session of the same browser
    expect(page.get_by_text(NEW_HERE)).to_have_count(0)


def test_the_line_for_who_is_new_can_be_closed(app: str, page: Page) -> None:
    open_probe(page, f"{app}/?model=digits")
    expect(page.get_by_text(NEW_HERE)).to_have_count(0)  # a link with a state
    open_probe(page, app)
    page.get_by_role("button", name="Close", exact=True).click()
    expect(page.get_by_text(NEW_HERE)).to_have_count(0)
    page.wait_for_function("() => document.cookie.includes('explorer-knows-tour')")
