"""Points of a chart that has a card, where they are on the screen."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from playwright.sync_api import Page, expect

_POINTS = """
(chart) => {
  const graph = document.querySelector(`.st-key-${chart} .js-plotly-plot`);
  const { xaxis, yaxis } = graph._fullLayout;
  const { left, top } = graph.getBoundingClientRect();
  const trace = graph._fullData.at(-1);
  return Array.from(trace.x, (x, i) => [
    left + xaxis._offset + xaxis.l2p(x), top + yaxis._offset + yaxis.l2p(trace.y[i]), trace.customdata[i][0],
    trace.text[i],
  ]);
}
"""


class Point(NamedTuple):
    """Where it is in the window, in pixels, the index of its image, and what its card says."""

    x: float
    y: float
    index: int
    text: str


def points(page: Page, chart: str) -> list[Point]:
    """Those of the last trace of the chart in the container with this key, once the chart rests."""
    expect(page.locator(f".st-key-{chart} .nsewdrag")).to_be_visible()
    expect(page.locator("[data-testid=stApp]")).to_have_attribute("data-test-script-state", "notRunning")
    page.locator(f".st-key-{chart}").scroll_into_view_if_needed()
    before, now = None, page.evaluate(_POINTS, chart)
    while before != now:  # the chart takes its final width
        page.wait_for_timeout(700)
        before, now = now, page.evaluate(_POINTS, chart)
    return [Point(*point) for point in now]


def loneliest(some: list[Point]) -> Point:
    """The one that is farthest from any other."""
    return max(some, key=lambda p: min((p.x - q.x) ** 2 + (p.y - q.y) ** 2 for q in some if q is not p))


def point_at(page: Page, chart: str) -> Point:
    """Move the pointer onto the loneliest point of a chart, as a hand does; its card then says what it is.

    On its way the pointer passes other points, whose cards may show a moment longer. Once more where the chart has
    moved meanwhile: it takes its width from what is around it.
    """
    words = page.locator(".card .words")
    for _ in range(3):
        alone = loneliest(points(page, chart))
        page.mouse.move(alone.x - 30, alone.y - 30)
        page.mouse.move(alone.x, alone.y, steps=4)
        try:
            expect(words.filter(visible=True)).to_have_text(alone.text, timeout=4000)
        except AssertionError:
            page.mouse.move(5, 5)
        else:
            return alone
    pytest.fail(f"The card says {words.text_content()!r} at the point {alone.text!r}.")
