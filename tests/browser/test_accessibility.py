"""WCAG 2.2, level AA, on every page in both themes, as far as axe-core can tell; and what fits on a phone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_probe import number, open_probe, settled, thumb

pytestmark = pytest.mark.browser

RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    "rules": {rule: {"enabled": False} for rule in ("list", "listitem")},  # Streamlit's navigation has a div in a list
    "resultTypes": ["violations"],
}
PAGES = {
    "tour": "/tour?model=digits&guesses=1",
    "probe": "/",
    "large": "/large?density=tiny-photo&side=128&blur=1",
    "comparison": "/?model=digits&tray=photo.cat~synthetic.disk&pin=photo.china~jpeg_10&denoise=20",
    "atlas": "/atlas?model=digits",
    "map": "/map?model=digits",
    "sample": "/sample?model=digits&steps=15",
    "bases": "/bases?model=digits",
    "wells": "/wells?model=digits",
    "trust": "/trust?model=digits",
    "train": "/train",
    "jobs": "/jobs",
}


@pytest.fixture(params=["light", "dark"])
def themed(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1400, "height": 1000}, color_scheme=request.param)
    page = context.new_page()
    page.set_default_timeout(60_000)
    yield page
    context.close()


def axe_violations(page: Page) -> list[tuple[str, str, str]]:
    """Rule, element and what is wrong with it."""
    return [
        (violation["id"], node["html"], node["failureSummary"])
        for violation in Axe().run(page, options=RULES).response["violations"]
        for node in violation["nodes"]
    ]


@pytest.mark.usefixtures("tiny_photo")
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(app: str, themed: Page, name: str) -> None:
    themed.goto(f"{app}{PAGES[name]}")
    expect(themed.get_by_role("heading", level=1)).to_be_visible(timeout=60_000)
    settled(themed)
    if name == "comparison":  # with the maps of both images, which are computed where they can be seen
        themed.set_viewport_size({"width": 1400, "height": 3000})
        expect(themed.locator(".st-key-pinned_bits_difference .js-plotly-plot")).to_be_visible(timeout=60_000)
    for _ in range(3):  # what a run replaces fades away, and has little contrast meanwhile
        violations = axe_violations(themed)
        if not violations:
            break
        themed.wait_for_timeout(2_000)
    assert not violations


def test_log_p_stays_in_view_on_a_phone(app: str, page: Page) -> None:
    page.set_viewport_size({"width": 420, "height": 800})
    open_probe(page, app)
    for label in ("Contrast", "Noise ["):
        slider = page.locator("[data-testid=stSlider]").filter(has_text=label)
        slider.evaluate("part => part.scrollIntoView({ block: 'center' })")
        for part in (slider, number(page)):
            expect(part).to_be_in_viewport(ratio=1)
        before = number(page).inner_text()
        thumb(page, label).press("PageUp")
        settled(page)
        assert number(page).inner_text() != before
    assert page.evaluate("document.documentElement.scrollWidth") <= 420
