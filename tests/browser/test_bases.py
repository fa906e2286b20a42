"""Bases in a browser: an eigenvector is clicked, hovering names what it is on, and the URL says what is shown."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def test_a_basis_is_found_without_a_click_and_looked_at(app: str, page: Page) -> None:
    page.goto(f"{app}/bases?model=digits&source=dataset&item=3")
    expect(page.get_by_text("Eigenvector 1 over the image")).to_be_visible(timeout=120_000)
    page.locator(".st-key-vectors li").nth(4).click()
    expect(page.get_by_text("Eigenvector 5 over the image")).to_be_visible()
    expect(page).to_have_url(re.compile("vector=5"))
    overlay = page.locator(".st-key-overlay .nsewdrag").first
    overlay.scroll_into_view_if_needed()
    overlay.hover()
    expect(page.locator(".st-key-overlay .hovertext").first).to_contain_text(re.compile("contour|flat region"))
    expect(page.get_by_text("Where is the largest ratio of neighbors")).to_be_visible()
    expect(page.locator(".st-key-gaps .main-svg").first).to_be_visible(timeout=120_000)
    assert page.locator("[data-testid=stException]").count() == 0


def test_what_takes_long_can_be_stopped(app: str, page: Page) -> None:
    page.goto(f"{app}/bases?model=natural64")
    main = page.get_by_test_id("stMain")
    main.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Stopped at")).to_be_visible()
    expect(main.get_by_role("button", name=re.compile("Find the basis|Go on"))).to_be_visible()
