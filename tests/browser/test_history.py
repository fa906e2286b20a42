"""Back and Forward through all pages, as a person goes: each step shows what was seen there."""

from __future__ import annotations

import re
from typing import NamedTuple

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

QUIET = 600  # milliseconds after which the next deed is another one


class View(NamedTuple):
    """What somebody saw."""

    url: str
    title: str
    boxes: list[str]
    words: str


_SEEN = """
() => ({
  boxes: Array.from(document.querySelectorAll(
    "[data-testid=stSelectbox], [data-testid=stNumberInput] input, input[type=range], [kind=segmented_controlActive]"
  )).map((box) => box.value ?? box.innerText),
  words: Array.from(document.querySelectorAll("[data-testid=stMain] .stCaption, [data-testid=stMetricValue]"))
    .map((element) => element.innerText).filter((text) => text.includes("images") || text.includes("dB")).join("\\n"),
})
"""


def settled(page: Page) -> None:
    page.wait_for_timeout(QUIET)
    page.wait_for_function(
        "() => document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'"
    )
    page.wait_for_timeout(QUIET)


def seen(page: Page) -> View:
    settled(page)
    found = page.evaluate(_SEEN)
    return View(page.url, page.locator("h1").first.inner_text(), found["boxes"], found["words"])


def length(page: Page) -> int:
    return int(page.evaluate("history.length"))


def choose(page: Page, label: str, option: str) -> None:
    box = page.get_by_role("combobox", name=re.compile(label))
    box.click()
    page.get_by_role("option", name=option, exact=True).click()


def visit(page: Page, name: str) -> None:
    page.get_by_test_id("stSidebarNavLink").filter(has_text=name).click()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()


def press(page: Page, slider: str, key: str) -> None:
    page.get_by_test_id("stSlider").filter(has_text=slider).locator("input[type=range]").press(key)


def type_item(page: Page, number: int) -> None:
    page.get_by_role("spinbutton", name=re.compile("Image, 0 to")).click()
    page.keyboard.press("ControlOrMeta+a")  # with the focus it is a text box
    page.keyboard.type(f"{number}\n")


def draw_a_box(page: Page) -> None:
    chart = page.get_by_test_id("stPlotlyChart").last
    chart.scroll_into_view_if_needed()
    chart.hover()
    chart.locator("[data-title='Box Select']").click()
    plot = chart.locator(".nsewdrag").bounding_box()
    assert plot is not None
    page.mouse.move(plot["x"] + 3, plot["y"] + 3)
    page.mouse.down()
    page.mouse.move(plot["x"] + 0.6 * plot["width"], plot["y"] + 0.97 * plot["height"], steps=5)
    page.mouse.up()
    expect(page.get_by_text("selected in the scatter")).to_be_visible()


@pytest.mark.usefixtures("tiny_photo")
def test_back_and_forward_through_every_page(app: str, page: Page) -> None:
    page.goto(f"{app}/?model=digits")
    expect(page.get_by_test_id("stMetricValue").first).to_be_visible()
    views = [seen(page)]
    before = length(page)

    def then(title: str) -> None:
        expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()
        views.append(seen(page))
        assert length(page) == before + len(views) - 1, f"entries after {views[-1].url}"
        assert views[-1].url != views[-2].url

    page.get_by_test_id("stButtonGroup").get_by_text("dataset").click()
    then("Probe")
    type_item(page, 7)
    then("Probe")
    press(page, "Contrast", "PageDown")
    press(page, "Blur", "PageUp")
    then("Probe")
    page.get_by_role("button", name="Reset").click()
    then("Probe")
    visit(page, "Photograph")
    expect(page.get_by_text("photo needs")).to_be_visible()
    then("Photograph")
    page.get_by_test_id("stButtonGroup").get_by_text("128 × 128").click()
    expect(page.get_by_text("shrunk 3.3 times")).to_be_visible()
    then("Photograph")
    visit(page, "Atlas")
    then("Atlas")
    page.get_by_test_id("stButtonGroup").get_by_text("Lowest").click()
    then("Atlas")
    choose(page, "^By", "Contrast")
    then("Atlas")
    draw_a_box(page)
    then("Atlas")
    page.locator(".st-key-grid button, .st-key-grid [role=button]").first.click()
    then("Probe")
    choose(page, "Unit of log p", "nats")
    then("Probe")
    visit(page, "Map")
    expect(page.get_by_text("R² =")).to_be_visible()
    then("Map")
    choose(page, "Color", "Contrast")
    then("Map")
    visit(page, "Trust")
    then("Trust")
    choose(page, "Model", "natural32")
    then("Trust")
    visit(page, "Train")
    then("Train")
    visit(page, "Jobs")
    then("Jobs")

    for step in range(len(views) - 2, -1, -1):
        page.go_back()
        assert seen(page) == views[step]
    for step in range(1, len(views)):
        page.go_forward()
        assert seen(page) == views[step]


def test_a_wrong_url_is_named_and_mended(app: str, page: Page) -> None:
    page.goto(f"{app}/?model=doesnotexist&contrast=abc")
    expect(page.get_by_text("model=doesnotexist, which is not among the choices")).to_be_visible()
    expect(page.get_by_text("contrast=abc, which is not a number; 1 is shown instead")).to_be_visible()
    settled(page)
    assert "doesnotexist" not in page.url
