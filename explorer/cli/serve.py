"""Start the app."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["open_app"]


def open_app(
    port: Annotated[int, typer.Option(help="Port on this machine.", min=1, max=65535)] = 8501,
    address: Annotated[
        str, typer.Option(help="Address to listen on; 0.0.0.0 lets others on the network in.")
    ] = "localhost",
    base_path: Annotated[str, typer.Option(help="Path of the app behind a proxy, such as /density.")] = "",
    browser: Annotated[bool, typer.Option(help="Open a browser window.")] = True,
) -> None:
    """Start the app."""
    from explorer.webapp.shell.server import serve

    serve(port, browser, address, base_path)
