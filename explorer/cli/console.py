"""What all commands share: where they print, how far they are, their common options."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Protocol

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

__all__ = ["DeviceOption", "ModelArgument", "messages", "output", "progress_bar"]

output = Console()
messages = Console(stderr=True, markup=False)

DeviceOption = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]
ModelArgument = Annotated[str, typer.Argument(help="Name of a checkpoint, or its folder.")]


class MoveBar(Protocol):
    """Moves a bar; `what` is what is being done, when that changes."""

    def __call__(self, done: int, total: int | None, what: str | None = None) -> None: ...


@contextmanager
def progress_bar(what: str) -> Iterator[MoveBar]:
    """A bar on the screen; yields what moves it."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=messages, transient=True) as progress:
        task = progress.add_task(what, total=None)

        def move(done: int, total: int | None, what: str | None = None) -> None:
            progress.update(task, completed=done, total=total, description=what)

        yield move
