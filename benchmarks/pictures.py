"""Pictures of every page: light and dark, wide and narrow.

    python -m benchmarks.pictures FOLDER

Those of README and docs are the wide light ones, made with ``--docs``.
"""

from __future__ import annotations

import itertools
import os
import tempfile
from pathlib import Path
from typing import Annotated, Literal

import typer

from benchmarks.driving import browser, server, wait_until_idle

_PAGES = {"probe": "/?contrast=0.6", "atlas": "/atlas", "map": "/map", "trust": "/trust", "train": "/train"}
_HEIGHTS = {1400: 1500, 800: 2700}
_DOCS_HEIGHTS = {"probe": 1340, "atlas": 1240, "map": 900, "trust": 1240, "train": 1240}


def main(
    folder: Path,
    docs: Annotated[bool, typer.Option("--docs", help="Only the wide light ones, without suffix.")] = False,
) -> None:
    """Take the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    schemes: tuple[Literal["light", "dark"], ...] = ("light",) if docs else ("light", "dark")
    widths = (1400,) if docs else tuple(_HEIGHTS)
    with tempfile.TemporaryDirectory() as empty:
        home = os.environ.get("EXPLORER_HOME", empty)
        with browser() as chromium, server(home) as address:
            for scheme, width, name in itertools.product(schemes, widths, _PAGES):
                height = _DOCS_HEIGHTS[name] if docs else _HEIGHTS[width]
                context = chromium.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
                page = context.new_page()
                page.goto(address + _PAGES[name])
                wait_until_idle(page, quiet_ms=3000)
                suffix = "" if docs else f"-{width}-{scheme}"
                page.screenshot(path=folder / f"{name}{suffix}.png")
                context.close()


if __name__ == "__main__":
    typer.run(main)
