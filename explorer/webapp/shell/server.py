"""Start the app's server."""

from __future__ import annotations

import contextlib
import importlib
import os
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
    "explorer.figures.training",
    "explorer.figures.checks",
    "explorer.measures.image.probe",
    "explorer.measures.consistency.storage",
    "explorer.models.checkpoints",
)

_START_SECONDS = 60.0


def serve(port: int, browser: bool) -> None:
    """Import what the pages need, so that the first visitor does not wait for it, then serve until interrupted.

    Jobs that ran on this machine when it was switched off are restarted; what killed processes left is cleared away.

    Args:
        port: on this machine.
        browser: whether to open a browser window.
    """
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
        threading.Thread(target=_open_browser, args=(f"http://localhost:{port}",), daemon=True).start()
    # Always headless: a server that opens the browser itself greets the first visitor with a notice of its own.
    options = ["--server.port", str(port), "--server.headless", "true"]
    cli.main(["run", str(APP_SCRIPT), *options], prog_name="streamlit")


def _open_browser(address: str) -> None:
    """Show the app as soon as it answers."""
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/_stcore/health", timeout=1):
            webbrowser.open(address)
            return
        time.sleep(0.1)
