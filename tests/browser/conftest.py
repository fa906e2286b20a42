"""The real app on a free port, and Chromium to look at it."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

import explorer
from tests.conftest import write_tiny_multiscale
from tests.jobs.waiting import end_all_jobs

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_ARGUMENTS = (
    "--no-sandbox",  # continuous integration runs as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",  # a camera
    "--use-fake-ui-for-media-stream",  # that needs no permission
)
_START_SECONDS = 120
_PATIENCE = 60_000  # milliseconds: a busy machine draws slowly


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test of the browser that fails runs once more, as Playwright's own runner does in continuous integration.

    A hand that is a moment too early on a busy machine is no fault of the app. The summary counts such reruns.
    """
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(scope="session")
def home_of_app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of the app that the tests drive."""
    return tmp_path_factory.mktemp("app") / "home"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    executable = next((path for name in _BROWSERS if (path := shutil.which(name))), None)
    if executable is None:
        sentence = f"No browser: install one of {', '.join(_BROWSERS)}."
        pytest.fail(sentence) if os.environ.get("CI") == "true" else pytest.skip(sentence)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=executable, args=list(_ARGUMENTS))
        yield started
        started.close()


@pytest.fixture(scope="session")
def app(home_of_app: Path, browser: Browser) -> Iterator[str]:
    """The address of the running app."""
    with _server(home_of_app) as address:
        # The first visit imports everything; tests should not wait for that.
        first = browser.new_page()
        first.goto(address, timeout=_START_SECONDS * 1000)
        first.get_by_role("combobox", name="Model").wait_for(timeout=_START_SECONDS * 1000)
        first.close()
        yield address
    _end_jobs(home_of_app)


@pytest.fixture(scope="session")
def tiny_photo(home_of_app: Path) -> str:
    """The name of a small density of photographs of any size, among the models of the app."""
    write_tiny_multiscale(home_of_app / "checkpoints" / "tiny-photo")
    return "tiny-photo"


@pytest.fixture
def fresh_app(home_of_app: Path) -> Iterator[str]:
    """The address of an app that nobody has visited yet."""
    with _server(home_of_app) as address:
        yield address


@pytest.fixture
def own_app(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The address of an app that nobody has visited yet, and its empty data folder."""
    home = tmp_path / "home"
    with _server(home) as address:
        yield address, home
    _end_jobs(home)


@pytest.fixture
def app_behind_a_path(home_of_app: Path) -> Iterator[str]:
    """The address of an app that the command line started behind a path, as a proxy wants it."""
    with _server(home_of_app, "density") as address:
        yield address


@contextlib.contextmanager
def _server(home: Path, path: str = "") -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    address = f"http://localhost:{port}/{path}".rstrip("/")
    command = ["streamlit", "run", "app.py", "--server.port", str(port)]
    if path:
        command = ["explorer", "app", "--no-browser", "--port", str(port), "--base-path", path]
    environment = {**os.environ, "EXPLORER_HOME": str(home), "EXPLORER_DATASETS": ""}
    log = home.parent / f"server-{port}.log"
    with open(log, "wb") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=Path(explorer.__file__).parent.parent,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_until_healthy(address, server, log)
        yield address
    finally:
        server.terminate()
        server.wait()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A new tab, with no memory of others."""
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    tab = context.new_page()
    tab.set_default_timeout(_PATIENCE)
    expect.set_options(timeout=_PATIENCE)
    yield tab
    context.close()


@pytest.fixture
def new_name(tmp_path: Path) -> str:
    """A name for a model or a run that nothing has yet, also when a test is run once more."""
    return tmp_path.name.replace("_", "-")


def _wait_until_healthy(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end:
        if server.poll() is not None:
            pytest.fail(f"The app ended at once:\n{log.read_text()}")
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/_stcore/health", timeout=5):
            return
        time.sleep(0.1)
    pytest.fail(f"The app did not start:\n{log.read_text()}")


def _end_jobs(home: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXPLORER_HOME", str(home))
        end_all_jobs()
