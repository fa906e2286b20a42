"""Trust in a browser: a report that ships, checks that run, stop, and stay; the same for an imported color model."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from explorer.models.importing import import_released
from tests.models import released

pytestmark = pytest.mark.browser

PATIENCE = 180_000  # milliseconds


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def test_the_models_that_ship_come_with_their_checks(app: str, page: Page) -> None:
    for model, figures in (("natural32", 9), ("digits", 7)):  # digits are no photographs, and too small to roll
        page.goto(f"{app}/trust?model={model}")
        expect(page.get_by_role("heading", name="Trust")).to_be_visible()
        expect(page.get_by_text("full checks, ")).to_be_visible()
        expect(page.get_by_role("cell", name="Heat equation")).to_be_visible()
        expect(page.locator(".js-plotly-plot")).to_have_count(figures)


def test_checks_run_stop_and_stay(
    app: str, page: Page, home_of_app: Path, tmp_path: Path, new_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    released.write(tmp_path / "released", channels=3)
    monkeypatch.setenv("EXPLORER_HOME", str(home_of_app))
    import_released(tmp_path / "released", new_name, 16)
    page.goto(f"{app}/trust?model={new_name}&data=photos")
    expect(page.get_by_text("was not checked yet")).to_be_visible()

    button(page, "Run the full checks").click()  # a job
    expect(page.get_by_text(re.compile(f"Full checks of {new_name} on photos: [1-9][0-9]* %"))).to_be_visible(
        timeout=PATIENCE
    )
    page.reload()  # it goes on
    page.get_by_test_id("stMain").get_by_role("button", name="Stop", exact=True).click()
    expect(button(page, "Run the full checks")).to_be_enabled(timeout=PATIENCE)
    expect(page.get_by_role("cell", name="Normalization at large noise")).to_have_count(1)  # kept, once it is redrawn
    expect(page.get_by_text("Not measured yet.").first).to_be_visible()

    button(page, "Run the quick checks").click()
    expect(page.get_by_text("quick checks,")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("full checks,")).to_be_visible()  # both are kept
    for heading in ("Full checks", "Quick checks"):
        expect(page.get_by_role("columnheader", name=heading)).to_be_visible()
    page.get_by_text("Figures of the quick checks").click()
    expect(page.locator("details .js-plotly-plot")).to_have_count(6)
    page.reload()
    expect(page.get_by_role("cell", name="Heat equation")).to_be_visible()


def test_verdicts_are_read_on_a_phone(app: str, page: Page) -> None:
    page.set_viewport_size({"width": 420, "height": 900})
    page.goto(f"{app}/trust?model=digits")
    table = page.get_by_test_id("stTable").first
    expect(table).to_be_visible()
    cells = table.locator("tbody tr").first.locator("td")
    boxes = cells.evaluate_all(
        "cells => cells.map(cell => cell.getBoundingClientRect()).map(({x, width}) => [x, width])"
    )
    assert len({x for x, _ in boxes}) == 1  # one below the other
    assert min(width for _, width in boxes) > 300
    assert page.evaluate("document.documentElement.scrollWidth") <= 420


def test_every_page_works_with_an_imported_color_model(
    app: str, page: Page, home_of_app: Path, tmp_path: Path, new_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    released.write(tmp_path / "released", channels=3)
    monkeypatch.setenv("EXPLORER_HOME", str(home_of_app))
    import_released(tmp_path / "released", new_name, 16)
    page.goto(f"{app}/?model={new_name}&data=photos")
    expect(page.get_by_text("16 × 16 color images")).to_be_visible()
    expect(page.get_by_text("bits/dimension").first).to_be_visible()
    expect(page.get_by_text("Local dimensionality").first).to_be_visible()
    page.get_by_role("link", name="Atlas").click()
    expect(page.get_by_text("sorted by the probability")).to_be_visible()
    expect(page.get_by_text("images with the largest log p")).to_be_visible(timeout=PATIENCE)
    expect(page.locator("[data-testid=stException]")).to_have_count(0)
