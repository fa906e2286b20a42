"""The server as `python -m explorer` starts it."""

import os
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from explorer.errors import ExplorerError
from explorer.webapp.shell import server


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port: int = free.getsockname()[1]
        return port


def test_the_app_opens_a_browser_once_it_answers(home: Path, tmp_path: Path) -> None:
    opened = tmp_path / "opened"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {opened}.part && mv {opened}.part {opened}\n')
    browser.chmod(browser.stat().st_mode | stat.S_IXUSR)
    port = free_port()
    environment = os.environ | {"BROWSER": str(browser), "EXPLORER_HOME": str(home)}
    started = subprocess.Popen([sys.executable, "-m", "explorer", "app", "--port", str(port)], env=environment)
    try:
        end = time.monotonic() + 60
        while not opened.exists() and time.monotonic() < end:
            time.sleep(0.1)
        assert opened.read_text() == f"http://localhost:{port}"
    finally:
        started.terminate()
        started.wait()


@pytest.fixture
def options(monkeypatch: pytest.MonkeyPatch, home: Path) -> list[str]:
    """What Streamlit is started with; it is not."""
    passed: list[str] = []
    monkeypatch.setattr(server, "_SLOW_IMPORTS", ())
    monkeypatch.setattr(server.cli, "main", lambda arguments, **_: passed.extend(arguments))
    return passed


@pytest.mark.parametrize("path", ["density", "/density", "/density/"])
def test_an_address_and_a_base_path(options: list[str], path: str) -> None:
    server.serve(free_port(), False, "127.0.0.1", path)
    assert options[options.index("--server.address") + 1] == "127.0.0.1"
    assert options[options.index("--server.baseUrlPath") + 1] == "density"


@pytest.mark.parametrize("address", ["203.0.113.7", "no-such-host.invalid", "300.1.1.1", "x" * 100])
def test_an_address_of_another_machine_is_refused(options: list[str], address: str) -> None:
    with pytest.raises(ExplorerError, match="cannot listen"):
        server.serve(free_port(), False, address)
    assert not options


def test_a_taken_port_is_told(options: list[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("localhost", 0))
        taken.listen()
        with pytest.raises(ExplorerError, match="Choose another --port"):
            server.serve(taken.getsockname()[1], False)


@pytest.mark.parametrize("path", ["../x", "a b", "a//b", "x?y", "ä"])
def test_a_path_that_is_none_is_refused(options: list[str], path: str) -> None:
    with pytest.raises(ExplorerError, match="cannot be a path"):
        server.serve(free_port(), False, base_path=path)


@pytest.mark.parametrize(
    ("address", "path", "visited"),
    [
        ("localhost", "", "http://localhost:80"),
        ("0.0.0.0", "density", "http://localhost:80/density"),
        ("::1", "", "http://[::1]:80"),
        ("192.0.2.1", "a/b", "http://192.0.2.1:80/a/b"),
    ],
)
def test_where_a_browser_goes(address: str, path: str, visited: str) -> None:
    assert server._visited(address, 80, path) == visited
