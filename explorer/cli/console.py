"""What all commands share: where they print, how far they are, their common options."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

__all__ = ["DeviceOption", "ModelArgument", "messages", "output", "progress_bar"]

output = Console()
messages = Console(stderr=True, markup=False)

DeviceOption = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]
ModelArgument = Annotated[str, typer.Argument(help="Name of a checkpoint, or its folder.")]


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[int, int | None], None]]:
    """A bar on the screen; yields what moves it, ``(done, total)``."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=messages, transient=True) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
