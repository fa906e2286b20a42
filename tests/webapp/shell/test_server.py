"""The server as `python -m explorer` starts it."""

import os
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path


def test_the_app_opens_a_browser_once_it_answers(home: Path, tmp_path: Path) -> None:
    opened = tmp_path / "opened"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {opened}.part && mv {opened}.part {opened}\n')
    browser.chmod(browser.stat().st_mode | stat.S_IXUSR)
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"BROWSER": str(browser), "EXPLORER_HOME": str(home)}
    server = subprocess.Popen([sys.executable, "-m", "explorer", "app", "--port", str(port)], env=environment)
    try:
        end = time.monotonic() + 60
        while not opened.exists() and time.monotonic() < end:
            time.sleep(0.1)
        assert opened.read_text() == f"http://localhost:{port}"
    finally:
        server.terminate()
        server.wait()
