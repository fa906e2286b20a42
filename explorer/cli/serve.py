"""Start the app."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["open_app"]


def open_app(
    port: Annotated[int, typer.Option(help="Port on this machine.")] = 8501,
    browser: Annotated[bool, typer.Option(help="Open a browser window.")] = True,
) -> None:
    """Start the app."""
    from explorer.webapp.shell.server import serve

    serve(port, browser)
