"""How long a person waits for Probe, in a real browser on a real server.

    python benchmarks/latency.py [--model natural32] [--moves 50]

Two times, printed as a table: from the server being up to the first numbers on the page, and from releasing a slider
to the last change of the numbers and of the curves. The slider moves by the keyboard, one step at a time, over the
sliders of the perturbation in turn; every move gives values not seen before, so nothing comes from a cache. Run it with
nothing else on the cores.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BROWSER_ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]
SLIDERS = ("Contrast", "Brightness", "Blur", "Noise")
QUIET_MS = 600

# Notes the time of the last change below a metric and below a chart.
WATCH = """
() => {
  window.changes = { numbers: 0, curves: 0 };
  new MutationObserver((mutations) => {
    for (const { target } of mutations) {
      const element = target.nodeType === 1 ? target : target.parentElement;
      if (!element) continue;
      if (element.closest('[data-testid=stMetric]')) window.changes.numbers = performance.now();
      if (element.closest('[data-testid=stPlotlyChart]')) window.changes.curves = performance.now();
    }
  }).observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
}
"""
SETTLED = """
([pressed, quiet]) => {
  const { numbers, curves } = window.changes;
  const idle = document.querySelector('[data-testid=stApp]').dataset.testScriptState !== 'running';
  return idle && numbers > pressed && curves > pressed && performance.now() - Math.max(numbers, curves) > quiet;
}
"""


@contextmanager
def server(home: str) -> Iterator[str]:
    """The app on a free port; yields its address once it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | {"EXPLORER_HOME": home}, stdout=subprocess.DEVNULL)
    address = f"http://localhost:{port}"
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"{address}/_stcore/health", timeout=1).close()
                break
            except OSError:
                if time.monotonic() > deadline or process.poll() is not None:
                    raise
                time.sleep(0.02)
        yield address
    finally:
        process.terminate()
        process.wait()


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
    return {what: changes[what] - pressed for what in ("numbers", "curves")}


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="natural32")
    parser.add_argument("--moves", type=int, default=50)
    parser.add_argument("--starts", type=int, default=3)
    arguments = parser.parse_args()
    browser_path = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if browser_path is None:
        sys.exit("Chromium or Chrome is needed for this benchmark; install it and run again.")
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as home:
        browser = playwright.chromium.launch(executable_path=browser_path, args=BROWSER_ARGUMENTS)
        starts = []
        for _ in range(arguments.starts):
            with server(home) as address:
                page = browser.new_page(viewport={"width": 1400, "height": 900})
                starts.append(first_numbers(page, address, arguments.model))
                page.close()
        with server(home) as address:
            page = browser.new_page(viewport={"width": 1400, "height": 900})
            first_numbers(page, address, arguments.model)
            page.wait_for_function(
                "() => document.querySelector('[data-testid=stApp]').dataset.testScriptState !== 'running'"
            )
            page.wait_for_timeout(3000)
            page.evaluate(WATCH)
            times = [
                move(
                    page,
                    SLIDERS[i % len(SLIDERS)],
                    "ArrowLeft" if SLIDERS[i % len(SLIDERS)] == "Contrast" else "ArrowRight",
                )
                for i in range(arguments.moves)
            ]
        browser.close()
    print(f"{arguments.model}, {os.cpu_count()} cores, {arguments.moves} moves\n")
    print(f"{'':42}{'p50':>8}{'p95':>8}")
    for what in ("numbers", "curves"):
        values = np.array([t[what] for t in times]) / 1000
        print(f"{f'slider release to updated {what}, s':42}{np.median(values):8.2f}{np.quantile(values, 0.95):8.2f}")
    print(f"{'server up to first numbers, s':42}{np.median(starts):8.2f}{max(starts):8.2f}")


if __name__ == "__main__":
    main()
