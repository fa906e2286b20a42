"""How long a person waits for Atlas with a data set as large as ImageNet: used by `benchmarks.catalog`.

Each interaction is timed in a real browser, from the click to the last change of the page before it rests.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from playwright.sync_api import Page

from benchmarks.driving import browser, server, wait_until_idle
from benchmarks.result import Cell
from benchmarks.synthetic_catalog import DATASET, MODEL

__all__ = ["interactions", "serve_atlas"]

_QUIET_MS = 700
_ROUNDS = 3

# Notes the time of the last change of the page. The grid of images is a component with a shadow root.
_WATCH = """
() => {
  window.lastChange = performance.now();
  const watcher = new MutationObserver(() => { window.lastChange = performance.now(); });
  const what = { subtree: true, childList: true, attributes: true, characterData: true };
  watcher.observe(document.querySelector('[data-testid=stMain]'), what);
  for (const { shadowRoot } of document.querySelectorAll('*')) if (shadowRoot) watcher.observe(shadowRoot, what);
}
"""
_SETTLED = """
([pressed, quiet]) => {
  const resting = document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning';
  return resting && window.lastChange > pressed && performance.now() - window.lastChange > quiet;
}
"""


def serve_atlas(home: str) -> None:
    """Serve the app with the data folder `home` until interrupted."""
    with server(home) as address:
        print(f"{_atlas(address)}\nCtrl-C ends it.")
        with suppress(KeyboardInterrupt):
            signal.pause()


def interactions(home: str) -> list[list[Cell]]:
    """Each interaction, with its best and worst seconds of a few."""
    with browser() as chromium, server(home) as address:
        page = chromium.new_page(viewport={"width": 1400, "height": 1300})
        began = time.perf_counter()
        page.goto(_atlas(address))
        page.wait_for_selector("[data-testid=stMetricValue]", timeout=120_000)
        times: list[list[Cell]] = [["server up to first numbers", time.perf_counter() - began, None]]
        wait_until_idle(page, 5_000)
        for name, act in _INTERACTIONS.items():
            seconds = [_wait(page, partial(act, page, k)) for k in range(_ROUNDS)]
            times.append([name, min(seconds), max(seconds)])
        page.close()
    return times


def _atlas(address: str) -> str:
    return f"{address}/atlas?model={MODEL}&data={DATASET}"


def _wait(page: Page, act: Callable[[], None]) -> float:
    """Seconds from an action, whose last step is timed alone, to the last change of the page."""
    page.evaluate(_WATCH)
    act()
    pressed: float = page.evaluate("() => window.pressed")
    page.wait_for_function(_SETTLED, arg=[pressed, _QUIET_MS], timeout=60_000)
    changed: float = page.evaluate("() => window.lastChange")
    return (changed - pressed) / 1000


def _press(page: Page) -> None:
    page.evaluate("() => { window.pressed = performance.now(); }")


def _order(page: Page, k: int) -> None:
    button = page.get_by_test_id("stButtonGroup").get_by_role("radio").nth((1, 2, 3)[k])
    _press(page)
    button.click()


def _choose(page: Page, label: str, option: int) -> None:
    page.get_by_role("combobox", name=label).first.click()
    wanted = page.get_by_role("option").nth(option)
    wanted.wait_for()
    _press(page)
    wanted.click()


def _drag(page: Page, tool: str, corners: list[tuple[float, float]]) -> None:
    """Draw with a tool of the scatter, through corners in shares of its plot."""
    chart = page.get_by_test_id("stPlotlyChart").last
    chart.scroll_into_view_if_needed()
    chart.hover()
    chart.locator(f"[data-title='{tool}']").click()
    box = chart.locator(".nsewdrag").bounding_box()
    assert box is not None, "the plot is not to be seen"
    points = [(box["x"] + across * box["width"], box["y"] + up * box["height"]) for across, up in corners]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point, steps=8)
    _press(page)
    page.mouse.up()


def _box(page: Page, k: int) -> None:
    _drag(page, "Box Select", [(0.2 + k / 20, 0.2), (0.8, 0.8)])


def _lasso(page: Page, k: int) -> None:
    _drag(page, "Lasso Select", [(0.3 + k / 20, 0.3), (0.8, 0.3), (0.7, 0.8), (0.4, 0.7)])


def _clear(page: Page, k: int) -> None:
    if k:
        _wait(page, lambda: _box(page, k))
        page.evaluate(_WATCH)
    button = page.get_by_role("button", name="Clear the selection")
    _press(page)
    button.click()


def _bar(page: Page, k: int) -> None:
    chart = page.get_by_test_id("stPlotlyChart").first
    chart.scroll_into_view_if_needed()
    bar = chart.locator(".bars .point path").nth(25 + 3 * k).bounding_box()
    assert bar is not None, "the bar is not to be seen"
    page.mouse.move(bar["x"] + bar["width"] / 2, bar["y"] + bar["height"] - 2)
    page.wait_for_timeout(300)
    _press(page)
    page.mouse.down()
    page.mouse.up()


_INTERACTIONS: dict[str, Callable[[Page, int], None]] = {
    "another order": _order,
    "another column to sort by": lambda page, k: _choose(page, "By", k + 1),
    "more images": lambda page, k: _choose(page, "Number", (2, 3, 1)[k]),
    "another horizontal axis": lambda page, k: _choose(page, "Horizontal", k + 1),
    "a box": _box,
    "a lasso": _lasso,
    "clear the selection": _clear,
    "a bar of the histogram": _bar,
    "another unit": lambda page, k: _choose(page, "Unit of log p", k + 1),
    "a label": lambda page, k: _choose(page, "Label", k + 1),
}
