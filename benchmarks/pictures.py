"""Pictures of every page: light and dark, wide and narrow.

    python -m benchmarks.pictures FOLDER

Those of the README are the wide light ones, made with ``--readme``.
"""

from __future__ import annotations

import argparse
import itertools
import os
import tempfile
from pathlib import Path

from benchmarks.driving import browser, server, wait_until_idle

_PAGES = {"probe": "/?contrast=0.6", "atlas": "/atlas", "map": "/map", "trust": "/trust", "train": "/train"}
_HEIGHTS = {1400: 1500, 800: 2700}
_README_HEIGHTS = {"probe": 1340, "atlas": 1240, "map": 900, "trust": 1240, "train": 1240}


def main() -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--readme", action="store_true", help="only the wide light ones, without suffix")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    schemes = ("light",) if arguments.readme else ("light", "dark")
    widths = (1400,) if arguments.readme else tuple(_HEIGHTS)
    with tempfile.TemporaryDirectory() as empty:
        home = os.environ.get("EXPLORER_HOME", empty)
        with browser() as chromium, server(home) as address:
            for scheme, width, name in itertools.product(schemes, widths, _PAGES):
                height = _README_HEIGHTS[name] if arguments.readme else _HEIGHTS[width]
                context = chromium.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
                page = context.new_page()
                page.goto(address + _PAGES[name])
                wait_until_idle(page, quiet_ms=3000)
                suffix = "" if arguments.readme else f"-{width}-{scheme}"
                page.screenshot(path=arguments.folder / f"{name}{suffix}.png")
                context.close()


if __name__ == "__main__":
    main()
