"""Render the tables of results into README and docs.

    python -m benchmarks.render            # after a benchmark wrote its results, or a checkpoint changed
    python -m benchmarks.render --check    # changes nothing; exits with 1 where a text is not up to date

A table stands between ``<!-- results: NAME -->`` and ``<!-- /results -->``. It comes from
``benchmarks/results/NAME.json`` (see `benchmarks.result`), or for the names in `COMPUTED` from the checkpoints that
ship.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from benchmarks import shipped
from benchmarks.app import ROOT
from benchmarks.result import load

__all__ = ["COMPUTED", "MARKED", "render", "texts"]

COMPUTED: dict[str, Callable[[], str]] = {
    "checkpoints": shipped.checkpoints,
    "trainings": shipped.trainings,
    "checks": shipped.checks,
}
"""Name -> table in Markdown."""

MARKED = re.compile(r"(<!-- results: (?P<name>[\w-]+) -->\n).*?(<!-- /results -->)", re.DOTALL)
"""A table with its markers."""


def texts() -> list[Path]:
    """The files that have tables."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def render(text: str) -> str:
    """A text with all of its tables made anew.

    Raises:
        FileNotFoundError: a name has no result.
    """
    return MARKED.sub(lambda found: f"{found[1]}\n{_table(found['name'])}\n\n{found[3]}", text)


def _table(name: str) -> str:
    return COMPUTED[name]() if name in COMPUTED else load(name).markdown()


def main(check: Annotated[bool, typer.Option("--check", help="Change nothing.")] = False) -> None:
    """Render every file."""
    stale = 0
    with tempfile.TemporaryDirectory() as home:
        os.environ["EXPLORER_HOME"] = home  # no reports but those that ship
        for path in texts():
            text = path.read_text(encoding="utf-8")
            rendered = render(text)
            if rendered != text:
                stale += 1
                typer.echo(f"{path.relative_to(ROOT)} {'is not up to date' if check else 'rendered'}")
                if not check:
                    path.write_text(rendered, encoding="utf-8")
    sys.exit(1 if check and stale else 0)


if __name__ == "__main__":
    typer.run(main)
