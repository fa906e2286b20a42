"""Figures as files: what is saved is what the figure shows."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from explorer.escaping import in_plotly
from explorer.webapp.widgets import figure_export
from tests.browser.test_probe import open_probe, settled
from tests.webapp.test_foreign_text import HOSTILE

pytestmark = pytest.mark.browser

SVG = "{http://www.w3.org/2000/svg}"


def saved(page: Page, figure: Locator, kind: str, folder: Path) -> Path:
    """Save a figure by its menu, with the keyboard."""
    figure.locator("figure-export .open").press("Enter")
    with page.expect_download() as download:
        figure.get_by_role("button", name=kind, exact=True).press("Enter")
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def table(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))


def check_picture(png: Path, svg: Path, words: str) -> None:
    """Both are large and on white, and the drawing says what its axis is."""
    with Image.open(png) as image:
        assert image.width >= 1200
        assert image.convert("RGB").getpixel((2, 2)) == (255, 255, 255)
        assert min(low for low, _ in image.convert("RGB").getextrema()) < 100  # something is drawn
    root = ElementTree.parse(svg).getroot()
    assert root.tag == f"{SVG}svg"
    assert any(words in "".join(text.itertext()) for text in root.iter(f"{SVG}text"))


def test_a_plotly_figure(app: str, page: Page, tmp_path: Path) -> None:
    page.emulate_media(color_scheme="dark")
    page.goto(f"{app}/atlas?model=digits&unit=nats")
    chart = page.get_by_role("figure", name="Scatter of log p over Contrast")
    expect(chart.get_by_role("button", name="Save: Scatter")).to_be_attached()
    settled(page)
    png, svg, numbers = (saved(page, chart, kind, tmp_path) for kind in ("PNG", "SVG", "CSV"))
    assert numbers.name == "atlas-scatter-of-log-p-over-contrast-digits.csv"
    check_picture(png, svg, "log p [nats]")
    rows = table(numbers)
    drawn = chart.locator(".js-plotly-plot").evaluate("({ _fullData: [{ x, y }] }) => [Array.from(x), Array.from(y)]")
    assert [[float(row[name]) for row in rows] for name in ("Contrast", "log p [nats]")] == drawn
    assert [row["text"].split(",")[0] for row in rows] == [f"image {row['image']}" for row in rows]


def test_a_live_chart(app: str, page: Page, tmp_path: Path) -> None:
    open_probe(page, f"{app}/?model=digits&psnr=10")
    chart = page.locator(".st-key-noise_charts .chart").first
    expect(chart.get_by_role("button", name="Save: Local dimensionality")).to_be_attached()
    png, svg, numbers = (saved(page, chart, kind, tmp_path) for kind in ("PNG", "SVG", "CSV"))
    assert numbers.name == "probe-local-dimensionality-against-noise-level-digits.csv"
    check_picture(png, svg, "local dimensionality")
    rows = table(numbers)
    assert {row["series"] for row in rows} >= {"this image", "data set, median", "data set, 10–90 %, lower", "marked"}
    ((psnr, dimensionality),) = [list(row.values())[1:] for row in rows if row["series"] == "marked"]
    assert float(psnr) == 10
    metric = page.get_by_test_id("stMetric").filter(has_text="Local dimensionality").get_by_test_id("stMetricValue")
    assert round(float(dimensionality)) == int(metric.inner_text())
    small = page.locator(".st-key-curve_contrast .chart")
    with Image.open(saved(page, small, "PNG", tmp_path)) as image:
        assert image.width >= 1200  # large, as small as it is on the page


def exported(page: Page, figure: dict[str, Any]) -> list[dict[str, str]]:
    """The table of a Plotly figure, by the script alone."""
    script = (Path(figure_export.__file__).parent / "figure_export.js").read_text(encoding="utf-8")
    text = page.evaluate(
        """async ([script, figure]) => {
          const { csv, plotlyRows } = await import("data:text/javascript;charset=utf-8," + encodeURIComponent(script));
          return csv(plotlyRows(figure));
        }""",
        [script, figure],
    )
    return list(csv.DictReader(io.StringIO(text)))


def figure(*traces: dict[str, Any], x: dict[str, Any] | None = None) -> dict[str, Any]:
    """As Plotly knows it."""
    layout = {
        "xaxis": {"_input": {"title": {"text": "a [dB]"}}, **(x or {})},
        "yaxis": {"_input": {"title": "b &lt;c>"}},
    }
    full = [{"visible": True, "type": "scatter", **trace, "index": place} for place, trace in enumerate(traces)]
    return {"data": list(traces), "_fullData": full, "_fullLayout": layout}


def test_the_table_of_a_heatmap(page: Page) -> None:
    heatmap = {"type": "heatmap", "z": [[1, 2], [3, None]], "colorbar": {"title": {"text": "bits/pixel"}}}
    rows = exported(page, figure(heatmap))
    assert rows[1] == {"a [dB]": "1", "b <c>": "0", "bits/pixel": "2"}
    assert [row["bits/pixel"] for row in rows] == ["1", "2", "3", ""]


@pytest.mark.parametrize("name", [HOSTILE, "<b>%{x}</b>", "a &amp; b", '"x", y; z'])
def test_a_name_is_in_the_table_as_it_is(page: Page, name: str) -> None:
    trace = {"x": [1], "y": [2], "name": in_plotly(name), "customdata": [in_plotly(name)]}
    rows = exported(page, figure(trace, {**trace, "name": "other"}, x={"tickvals": [1], "ticktext": [in_plotly(name)]}))
    assert rows[0] == {"series": name, "a [dB]": name, "b <c>": "2", "note": name}


def test_the_table_of_several_traces(page: Page) -> None:
    helper = {"x": [0], "y": [0], "showlegend": False, "hoverinfo": "skip"}
    band = {**helper, "y": [0.25], "meta": "data, 10 %"}
    hidden = {"x": [9], "y": [9], "visible": "legendonly", "name": "hidden"}
    named = {"x": [1, None], "y": [2.5, None], "name": '=1+1 &amp; "x", <b>y</b>', "error_y": {"array": [0.5, None]}}
    rows = exported(page, figure(helper, band, hidden, named, x={"tickvals": [1], "ticktext": ["one"]}))
    assert [row["series"] for row in rows] == ["data, 10 %", '\'=1+1 & "x", y']  # no formula for a spreadsheet
    assert rows[1] == {"series": rows[1]["series"], "a [dB]": "one", "b <c>": "2.5", "standard error": "0.5"}
    assert all(math.isfinite(float(row["b <c>"])) for row in rows)
