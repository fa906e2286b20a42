"""How long a person waits for Probe, in a real browser on a real server.

    python -m benchmarks.latency [--model natural64] [--moves 50]

It measures the time from the server being up to the first numbers on the page, and from releasing a slider to the last
change of the numbers and of the curves. The sliders of the perturbation are moved in turn with the keyboard, one step
at a time; every move gives new values, so nothing comes from a cache. Run it on an idle machine.
"""

from __future__ import annotations

import sys
import tempfile
import time

import numpy as np
import typer
from playwright.sync_api import Page

from benchmarks.driving import browser, server, wait_until_idle
from benchmarks.result import WriteOption, measured, report

SLIDERS = ("Contrast", "Brightness", "Blur", "Noise")
QUIET_MS = 600

# Notes the time of the last change below a metric and below a chart. Charts are components with a shadow root.
WATCH = """
() => {
  window.changes = { numbers: 0, curves: 0 };
  const watch = (root, what) =>
    new MutationObserver(() => { window.changes[what] = performance.now(); })
      .observe(root, { subtree: true, childList: true, attributes: true, characterData: true });
  for (const metric of document.querySelectorAll('[data-testid=stMetric]')) watch(metric, 'numbers');
  let charts = 0;
  for (const { shadowRoot } of document.querySelectorAll('*')) {
    if (shadowRoot?.querySelector('.chart svg')) { watch(shadowRoot, 'curves'); charts += 1; }
  }
  return charts;
}
"""
SETTLED = """
([pressed, quiet]) => {
  const { numbers, curves } = window.changes;
  const idle = document.querySelector('[data-testid=stApp]').dataset.testScriptState !== 'running';
  return idle && curves > pressed && performance.now() - Math.max(numbers, curves) > quiet;
}
"""


def first_numbers(page: Page, address: str, model: str) -> float:
    """Seconds from asking for the page to a number that can be read."""
    begun = time.perf_counter()
    page.goto(f"{address}/?model={model}")
    page.wait_for_selector("[data-testid=stMetricValue]", timeout=60_000)
    return time.perf_counter() - begun


def move(page: Page, slider: str, key: str) -> dict[str, float]:
    """Press a key on a slider; milliseconds from its release to the last change of numbers and of curves."""
    handle = page.get_by_role("slider", name=slider).first
    handle.focus()
    pressed = page.evaluate("() => { window.changes = { numbers: 0, curves: 0 }; return performance.now(); }")
    page.keyboard.press(key)
    page.wait_for_function(SETTLED, arg=[pressed, QUIET_MS], timeout=30_000)
    changes = page.evaluate("() => window.changes")
    # A small step may leave every rounded number as it was; the marker on a curve always moves.
    return {what: changes[what] - pressed for what in ("numbers", "curves") if changes[what] > pressed}


def main(model: str = "natural64", moves: int = 50, starts: int = 3, write: WriteOption = False) -> None:
    """Measure and print the table."""
    with browser() as chromium, tempfile.TemporaryDirectory() as home:
        begun = []
        for _ in range(starts):
            with server(home) as address:
                page = chromium.new_page(viewport={"width": 1400, "height": 900})
                begun.append(first_numbers(page, address, model))
                page.close()
        with server(home) as address:
            page = chromium.new_page(viewport={"width": 1400, "height": 900})
            first_numbers(page, address, model)
            wait_until_idle(page, quiet_ms=3000)
            if not page.evaluate(WATCH):
                sys.exit("The page shows no curves; has it changed?")
            sliders = [SLIDERS[i % len(SLIDERS)] for i in range(moves)]
            times = [move(page, name, "ArrowLeft" if name == "Contrast" else "ArrowRight") for name in sliders]
    columns = {f"Probe, {model}": "", "p50, s": ".2f", "p95, s": ".2f"}
    rows = []
    for what in ("numbers", "curves"):
        values = np.array([t[what] for t in times if what in t]) / 1000
        rows.append((f"slider release to updated {what}", float(np.median(values)), float(np.quantile(values, 0.95))))
    rows.append((f"server up to first numbers (median and largest of {starts})", float(np.median(begun)), max(begun)))
    report(f"latency-{model}", measured(f"Waiting times of {moves} moves of a slider", columns, rows), write)


if __name__ == "__main__":
    typer.run(main)
