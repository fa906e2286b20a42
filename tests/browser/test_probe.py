"""Probe as a person uses it, with the real checkpoint."""

import json
import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from explorer.data.builtin import photograph_path
from explorer.webapp.widgets import live_chart as live_chart_module

pytestmark = pytest.mark.browser

expect.set_options(timeout=30_000)  # a busy machine is slow, and that is no failure


def settled(page: Page) -> None:
    """Wait until a change has reached the server and its answer the screen."""
    page.wait_for_timeout(300)
    page.wait_for_function(
        "() => document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'"
    )


def number(page: Page) -> Locator:
    return page.locator("[data-testid=stMetricValue]").first


def log_p(page: Page) -> float:
    return float(number(page).inner_text().split()[0].replace("−", "-").replace(",", ""))


def thumb(page: Page, label: str) -> Locator:
    return page.locator("[data-testid=stSlider]").filter(has_text=label).locator("input[type=range]")


def open_probe(page: Page, address: str) -> None:
    page.goto(address)
    expect(number(page)).to_be_visible()
    settled(page)


def test_numbers_images_and_curves_are_above_the_fold(app: str, page: Page) -> None:
    page.set_viewport_size({"width": 1400, "height": 900})
    open_probe(page, app)
    curve = page.locator(".st-key-curve_contrast svg[role=img]")
    for what in (number(page), page.get_by_alt_text("Original: china"), curve):
        box = what.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] < 900
    assert page.locator(".chart path.line").count() >= 7


def test_upload_a_photograph_and_lower_its_contrast(app: str, page: Page) -> None:
    open_probe(page, f"{app}/?source=upload")
    page.locator("[data-testid=stFileUploader] input[type=file]").set_input_files(photograph_path("china"))
    expect(page.get_by_text("Uploaded: china.jpg")).to_be_visible()
    settled(page)
    before = log_p(page)
    page.locator(".st-key-curve_contrast svg[role=img]").evaluate("chart => { chart.dataset.kept = 'yes' }")
    slider = thumb(page, "Contrast")
    slider.focus()
    for _ in range(4):
        slider.press("PageDown")
        settled(page)
    assert log_p(page) > before + 0.5
    expect(page.locator("[data-testid=stMetricDelta]").first).to_contain_text("dB/dimension")
    assert "contrast=" in page.url
    chart = page.locator(".st-key-curve_contrast svg[data-kept=yes]")
    expect(chart).to_have_count(1)  # it moved; it was not built anew
    page.get_by_role("button", name="Reset").click()
    settled(page)
    assert log_p(page) == before
    # Nothing is lost on the way to another page and back.
    page.locator("[data-testid=stSidebarNavLink]").filter(has_text="Train").click()
    settled(page)
    page.locator("[data-testid=stSidebarNavLink]").filter(has_text="Probe").click()
    settled(page)
    assert log_p(page) == before


def test_the_crop_is_drawn_and_an_address_brings_it_back(app: str, page: Page) -> None:
    open_probe(page, app)
    before = log_p(page)
    box = page.locator(".frame .box")
    start = box.bounding_box()
    assert start is not None
    corner = (start["x"] + start["width"] - 2, start["y"] + start["height"] - 2)
    page.mouse.move(*corner)
    page.mouse.down()
    page.mouse.move(corner[0] - 50, corner[1] - 50, steps=4)
    page.mouse.up()
    settled(page)
    after_drag = page.url
    assert re.search(r"crop=\d+-\d+-\d+", after_drag)
    dragged = log_p(page)
    assert dragged != before
    page.wait_for_timeout(1000)  # a view at which somebody stops is an entry of the history
    box.press("ArrowRight")
    page.wait_for_url(lambda url: url != after_drag)
    settled(page)
    moved, address = log_p(page), page.url
    page.go_back()
    settled(page)
    assert log_p(page) == dragged
    open_probe(page, address)
    assert log_p(page) == moved


def test_choices_outlive_a_change_of_page(app: str, page: Page) -> None:
    open_probe(page, f"{app}/?unit=nats&source=synthetic&synthetic=disk")
    expect(number(page)).to_contain_text("nats")
    wanted = log_p(page)
    page.locator("[data-testid=stSidebarNavLink]").filter(has_text="Train").click()
    settled(page)
    assert "unit=nats" in page.url
    page.locator("[data-testid=stSidebarNavLink]").filter(has_text="Probe").click()
    settled(page)
    assert log_p(page) == wanted


def test_a_curve_says_its_values_under_the_pointer(app: str, page: Page) -> None:
    open_probe(page, app)
    page.locator(".st-key-curve_contrast svg[role=img]").hover(position={"x": 60, "y": 70})
    hover = page.locator(".st-key-curve_contrast .hover")
    expect(hover).to_contain_text("contrast [×]")
    expect(hover).to_contain_text("dB/dimension")


def test_values_out_of_range_are_counted(app: str, page: Page) -> None:
    open_probe(page, f"{app}/?contrast=2")
    note = page.locator(".pixels .note").filter(has_text="Out of range")
    expect(note).to_contain_text("below 0")
    page.get_by_text("Clip to [0, 1]").click()
    settled(page)
    expect(note).to_have_count(0)


def test_download(app: str, page: Page, tmp_path: Path) -> None:
    open_probe(page, f"{app}/?brightness=0.1&unit=bits")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    download.value.save_as(tmp_path / "probe.zip")
    with zipfile.ZipFile(tmp_path / "probe.zip") as archive:
        assert archive.testzip() is None
        numbers = json.loads(archive.read("numbers.json"))
    assert numbers["perturbation"]["brightness"] == 0.1
    assert numbers["url_query"] == {"brightness": "0.1", "unit": "bits"}
    assert round(numbers["log_prob"]["bits"]) == log_p(page)


def test_nothing_is_fetched_from_elsewhere(app: str, page: Page) -> None:
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    open_probe(page, app)
    assert not [url for url in addresses if not url.startswith((app, app.replace("http", "ws"), "data:", "blob:"))]


def test_every_axis_has_two_numbers(page: Page) -> None:
    script = (Path(live_chart_module.__file__).parent / "live_chart.js").read_text(encoding="utf-8")
    found = page.evaluate(
        """async ([script, ranges]) => {
          const { ticks } = await import("data:text/javascript;charset=utf-8," + encodeURIComponent(script));
          return ranges.map((range) => [3, 5].map((count) => ticks(range, count).length));
        }""",
        [script, [[start, start + 1.07**step] for start in (-1234.5, -0.3, 0, 1, 7.7) for step in range(-60, 200)]],
    )
    assert all(2 <= count <= 10 for counts in found for count in counts)
    few, more = zip(*found, strict=True)
    assert max(few) <= 5
    assert sum(more) > sum(few)
