"""The real app and a real browser, for the scripts beside this one."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.app import start_app

__all__ = ["ARGUMENTS", "browser", "browser_path", "running_app", "server", "wait_until_idle"]

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]
"""Of the browser."""


def browser_path() -> str:
    """Where the system's Chromium or Chrome is; ends the script with a sentence when there is none."""
    path = next((path for name in _BROWSERS if (path := shutil.which(name))), None)
    if path is None:
        sys.exit("Chromium or Chrome is needed for this script; install it and run again.")
    return path


@contextmanager
def browser() -> Iterator[Browser]:
    """The system's Chromium or Chrome, started."""
    path = browser_path()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield started
        started.close()


@contextmanager
def server(home: str) -> Iterator[str]:
    """The app on a free port with its data folder in `home`; yields its address once it answers."""
    with running_app(home) as (address, _):
        yield address


@contextmanager
def running_app(home: str, log: Path | None = None) -> Iterator[tuple[str, int]]:
    """As `server`, yielding the number of its process too. All that it prints goes to `log`, where one is given."""
    environment = os.environ | {"EXPLORER_HOME": home}
    with open(log, "wb") if log else contextlib.nullcontext(subprocess.DEVNULL) as output:
        process, address = start_app(environment, output)
    try:
        yield address, process.pid
    finally:
        process.terminate()
        process.wait()


def wait_until_idle(page: Page, quiet_ms: int = 1500) -> None:
    """Return when the page's script has ended and the page has had time to draw."""
    page.wait_for_function(
        "() => document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'", timeout=120_000
    )
    page.wait_for_timeout(quiet_ms)
