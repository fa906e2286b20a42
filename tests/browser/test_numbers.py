"""Numbers as people type and paste them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from explorer.webapp.widgets import number_fields
from tests.browser.test_probe import settled

pytestmark = pytest.mark.browser

SCRIPT = Path(number_fields.__file__).with_name("number_fields.js")
READ = """async ([script, typed, whole]) => {
  const { read } = await import("data:text/javascript;charset=utf-8," + encodeURIComponent(script));
  return typed.map((text) => read(text, whole));
}"""

NUMBERS = {
    "-6.06": -6.06,
    "−6.06": -6.06,
    "–6.06": -6.06,
    "－6.06": -6.06,
    "- 3": -3,
    "+3": 3,
    "-3,5": -3.5,
    "−3,5": -3.5,
    "0,125": 0.125,
    "1234,5": 1234.5,
    ".5": 0.5,
    "1e-3": 1e-3,
    "1E−3": 1e-3,
    "1,5e-3": 1.5e-3,
    "2×10^-3": 2e-3,
    "2 x 10^−3": 2e-3,
    "2·10⁻³": 2e-3,
    "10^3": 1e3,
    "1\u2009000": 1000,
    "1\u202f234,5": 1234.5,
    "12\u00a0345": 12345,
    "1’000": 1000,
    "1,000,000": 1e6,
    "1.000.000": 1e6,
    "1,234.5": 1234.5,
    "1.234,5": 1234.5,
}
REFUSED = ["1,000", "-12,500", "6.06 dB", "abc", "--5", "5-3", "1 2", "12,34,56", "∞", "1e999"]
WHOLE = {"1,000": 1000, "12,345": 12345, "1e3": 1000, "5.": 5, "−2": -2}
NOT_WHOLE = ["2,5", "2.5", "1e-3", "1.000"]


def test_what_is_read_and_what_is_refused(page: Page) -> None:
    script = SCRIPT.read_text(encoding="utf-8")

    def read(texts: list[str], whole: bool) -> list[dict[str, str]]:
        return page.evaluate(READ, [script, texts, whole])

    for numbers, whole in ((NUMBERS, False), (WHOLE, True)):
        for (text, number), found in zip(numbers.items(), read(list(numbers), whole), strict=True):
            assert float(found.get("value", "nan")) == pytest.approx(number), json.dumps([text, found])
    for texts, whole in ((REFUSED, False), (NOT_WHOLE, True)):
        for text, found in zip(texts, read(texts, whole), strict=True):
            assert f"“{text}”" in found["problem"]


def test_a_field_takes_what_is_pasted_and_typed(app: str, page: Page) -> None:
    page.goto(f"{app}/atlas?model=digits&order=Around+a+value")
    field = page.get_by_label("Value [dB/dimension]")
    expect(field).to_be_visible(timeout=60_000)
    settled(page)

    def enter(text: str, *, paste: bool) -> None:
        field.click()
        field.press("ControlOrMeta+a")
        if paste:
            page.keyboard.insert_text(text)
        else:
            page.keyboard.type(text)
        page.keyboard.press("Enter")
        settled(page)

    enter("−6.06", paste=True)
    expect(field).to_have_value("-6.06")
    expect(page.get_by_text("nearest to −6.06")).to_be_visible()
    enter("-3,5", paste=False)
    expect(page.get_by_text("nearest to −3.50")).to_be_visible()
    enter("1,000", paste=True)
    expect(page.get_by_role("alert").filter(has_text="can be 1000 or 1.0")).to_be_visible()
    expect(page.get_by_text("nearest to −3.50")).to_be_visible()
    enter("7", paste=False)
    page.get_by_role("heading", level=1).click()  # leaves the field
    expect(page.get_by_text("nearest to 7.00")).to_be_visible()
    assert "at=7" in page.url
