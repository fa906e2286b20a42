"""Start the app's server."""

from __future__ import annotations

import importlib
import os

from streamlit.web import cli

from explorer.home import SHIPPED_CHECKPOINTS

__all__ = ["serve"]

# What the pages need and takes seconds to import. Nothing of webapp: its components register with a running server.
_SLOW_IMPORTS = (
    "explorer.catalog.build",
    "explorer.data.sources",
    "explorer.figures.atlas",
    "explorer.figures.probe",
    "explorer.figures.training",
    "explorer.figures.trust",
    "explorer.measures.probe",
    "explorer.measures.reports",
    "explorer.models.checkpoints",
)


def serve(port: int, browser: bool) -> None:
    """Import what the pages need, so that the first visitor does not wait for it, then serve until interrupted.

    Args:
        port: on this machine.
        browser: whether to open a browser window.
    """
    script = SHIPPED_CHECKPOINTS.parent / "app.py"
    os.chdir(script.parent)  # where Streamlit looks for .streamlit/config.toml
    for name in _SLOW_IMPORTS:
        importlib.import_module(name)
    options = ["--server.port", str(port), "--server.headless", "false" if browser else "true"]
    cli.main(["run", str(script), *options], prog_name="streamlit")
