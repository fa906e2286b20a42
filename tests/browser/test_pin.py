"""Pin an image, look at another one, change it with a click, and take everything back."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.browser

QUIET = 600  # milliseconds after which the next deed is another entry of the history


def rests(page: Page) -> None:
    page.wait_for_timeout(QUIET)
    page.wait_for_function(
        "() => document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'"
    )
    page.wait_for_timeout(QUIET)


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def has_query(page: Page, query: str) -> None:
    """Whatever the last images are."""
    page.wait_for_url(lambda url: re.sub(r"(^|&)tray=[^&]*", "", urlsplit(url).query).removeprefix("&") == query)
    rests(page)


def test_pin_compare_change_and_undo(app: str, page: Page) -> None:
    page.goto(app)
    expect(page.get_by_alt_text("Original: china")).to_be_visible()
    expect(button(page, "Undo")).to_be_disabled()
    rests(page)

    button(page, "Pin").click()
    has_query(page, "pin=photo.china")
    page.get_by_role("combobox", name="Photograph").click()
    page.get_by_role("option", name="flower", exact=True).click()
    expect(page.get_by_alt_text("Pinned: china")).to_be_visible()
    expect(page.get_by_alt_text("Now: flower")).to_be_visible()
    expect(page.get_by_text(re.compile(r"is 10\S+ times as probable as"))).to_be_visible()
    expect(page.locator(".legend").get_by_text("pinned image")).to_have_count(2)
    expect(page.locator(".st-key-curve_contrast path.line")).to_have_count(2)
    has_query(page, "photo=flower&pin=photo.china")

    button(page, "Half contrast").click()
    expect(page.locator(".st-key-comparison").get_by_text("contrast 0.5")).to_be_visible()
    has_query(page, "photo=flower&pin=photo.china&contrast=0.5")

    # A text that is being typed has an undo of its own.
    page.get_by_role("spinbutton", name="Seed of the noise").press("ControlOrMeta+z")
    has_query(page, "photo=flower&pin=photo.china&contrast=0.5")

    button(page, "Undo").click()
    has_query(page, "photo=flower&pin=photo.china")
    page.get_by_role("heading", name="Probe", level=1).click()  # the focus leaves the field
    page.keyboard.press("ControlOrMeta+z")
    expect(page.get_by_alt_text("Now: china")).to_be_visible()
    has_query(page, "pin=photo.china")
    page.go_forward()  # Undo is Back: what it took back is ahead
    expect(page.get_by_alt_text("Now: flower")).to_be_visible()
    rests(page)
    for _ in range(2):
        button(page, "Undo").click()
    has_query(page, "")
    expect(page.get_by_alt_text("Pinned: china")).to_have_count(0)
    expect(button(page, "Undo")).to_be_disabled()


def test_undo_does_not_leave_the_page(app: str, page: Page) -> None:
    page.goto(f"{app}/train")
    expect(page.get_by_role("heading", name="Train", level=1)).to_be_visible()
    rests(page)
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Probe").click()
    expect(page.get_by_alt_text("Original: china")).to_be_visible()
    rests(page)
    expect(button(page, "Undo")).to_be_disabled()
    page.keyboard.press("ControlOrMeta+z")
    rests(page)
    expect(page.get_by_alt_text("Original: china")).to_be_visible()
