"""Wells: images are stored and taken out by a click, and the model's part can be stopped."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def test_images_are_stored_and_taken_out_by_a_click(app: str, page: Page) -> None:
    page.goto(f"{app}/wells?model=digits")
    chosen, offered = (page.locator(f".st-key-{name} li") for name in ("chosen", "offered"))
    expect(chosen).to_have_count(2, timeout=120_000)
    expect(page.get_by_text("Store a third image")).to_be_visible(timeout=120_000)
    offered.nth(5).get_by_role("button").click()
    expect(chosen).to_have_count(3)
    expect(page).to_have_url(re.compile(r"memories=\d+\.\d+\.\d+"))
    expect(page.locator(".st-key-plane_exact")).to_be_visible(timeout=120_000)
    chosen.nth(0).get_by_role("button").click()
    expect(chosen).to_have_count(2)
    assert page.locator("[data-testid=stException]").count() == 0


def test_digits_are_tested_for_memory_with_what_is_built_in(app: str, page: Page) -> None:
    page.goto(f"{app}/wells?model=digits")
    test = page.locator(".st-key-button_memory, [class*='st-key-button-memory']").get_by_role("button")
    test.click(timeout=120_000)
    expect(page.get_by_text(re.compile("minus that of fresh ones is"))).to_be_visible(timeout=180_000)
    expect(page.locator(".st-key-recall")).to_be_visible(timeout=180_000)
    assert page.locator("[data-testid=stException]").count() == 0
