"""The app, as a process of its own."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import IO

__all__ = ["ROOT", "start_app"]

ROOT = Path(__file__).resolve().parent.parent
"""Of the repository."""

_LOOK_EVERY = 0.02  # seconds


def start_app(
    environment: Mapping[str, str], output: IO[bytes] | int = subprocess.DEVNULL, patience: float = 60.0
) -> tuple[subprocess.Popen[bytes], str]:
    """Start the app on a free port; returns its process and its address, once it answers.

    Args:
        environment: of the process, with its data folder.
        output: where it prints.
        patience: seconds until it has to answer.

    Raises:
        OSError: it ends, or does not answer.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "explorer", "app", "--port", str(port), "--no-browser"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
    )
    address = f"http://localhost:{port}"
    deadline = time.monotonic() + patience
    while True:
        try:
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=1).close()
            return process, address
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                process.wait()
                raise
            time.sleep(_LOOK_EVERY)
