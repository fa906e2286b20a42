"""Start the app's server."""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import socket
import threading
import time
import urllib.request
import webbrowser
from pathlib import Path

from streamlit.web import cli

from explorer.errors import ExplorerError
from explorer.home import APP_SCRIPT, clear_leftovers, data_home
from explorer.jobs.manage import recover

__all__ = ["serve"]

# What the pages need and takes seconds to import. Nothing of webapp: its components register with a running server.
_SLOW_IMPORTS = (
    "explorer.catalog.build",
    "explorer.data.sources",
    "explorer.figures.atlas",
    "explorer.figures.probe",
    "explorer.figures.scales",
    "explorer.figures.training",
    "explorer.figures.checks",
    "explorer.measures.image.curvature",
    "explorer.measures.image.probe",
    "explorer.measures.consistency.storage",
    "explorer.models.checkpoints",
)

_START_SECONDS = 60.0


def serve(port: int, browser: bool, address: str = "localhost", base_path: str = "") -> None:
    """Import what the pages need, so that the first visitor does not wait for it, then serve until interrupted.

    Jobs that ran on this machine when it was switched off are restarted; what killed processes left is cleared away.

    Args:
        port: on this machine.
        browser: whether to open a browser window.
        address: to listen on, of this machine; ``0.0.0.0`` for all of its addresses.
        base_path: path in the addresses of all pages, for a proxy; empty for none.

    Raises:
        ExplorerError: this machine has no such address, another program listens there, or the path is none.
    """
    path = _checked_path(base_path)
    _check_address(address, port)
    for name in _SLOW_IMPORTS:
        importlib.import_module(name)
    with contextlib.suppress(ExplorerError):  # the Jobs page shows how each of them stands
        recover()
    clear_leftovers()
    try:
        Path.home()
    except RuntimeError:  # streamlit ends without one
        os.environ["HOME"] = str(data_home())
    if browser:
        threading.Thread(target=_open_browser, args=(_visited(address, port, path),), daemon=True).start()
    # Always headless: a server that opens the browser itself greets the first visitor with a notice of its own.
    options = ["--server.port", str(port), "--server.headless", "true"]
    options += ["--server.address", address, "--server.baseUrlPath", path]
    cli.main(["run", str(APP_SCRIPT), *options], prog_name="streamlit")


def _checked_path(base_path: str) -> str:
    path = base_path.strip("/")
    if not re.fullmatch(r"[A-Za-z0-9._~/-]*", path) or ".." in path or "//" in path:
        raise ExplorerError(f"{base_path!r} cannot be a path: write it as /density, of letters, digits and '-._~/'.")
    return path


def _check_address(address: str, port: int) -> None:
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
    except (OSError, UnicodeError) as error:
        raise ExplorerError(
            f"The app cannot listen on {address}, port {port}: {getattr(error, 'strerror', None) or error}. Choose "
            "another --port, or an --address of this machine."
        ) from error


def _visited(address: str, port: int, path: str) -> str:
    """Where a browser on this machine finds the app."""
    host = "localhost" if address in ("", "0.0.0.0", "::") else f"[{address}]" if ":" in address else address
    return f"http://{host}:{port}/{path}".rstrip("/")


def _open_browser(address: str) -> None:
    """Show the app as soon as it answers."""
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/_stcore/health", timeout=1):
            webbrowser.open(address)
            return
        time.sleep(0.1)
