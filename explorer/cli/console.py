"""What all commands share: where they print, how far they are, their common options."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Protocol, TypedDict

import typer
from rich import progress as bars
from rich.console import Console

from explorer.progress import Progress

if TYPE_CHECKING:
    from explorer.models.checkpoints import Checkpoint

__all__ = [
    "DATA_HELP",
    "DeviceOption",
    "ModelArgument",
    "messages",
    "open_checkpoint",
    "opening",
    "output",
    "progress_bar",
]

_MEGABYTE = 1_000_000  # bytes

# Names may look like markup of rich, or like its emoji.
output = Console(markup=False, emoji=False)
messages = Console(stderr=True, markup=False, emoji=False)

DATA_HELP = "digits, photos, leaves, the path of a data set, or hf:OWNER/NAME of the Hugging Face Hub."
DeviceOption = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]
ModelArgument = Annotated[str, typer.Argument(help="Name of a checkpoint, or its folder.")]


def open_checkpoint(name: str, device: str) -> Checkpoint:
    """Load a checkpoint, and let this thread flush denormal numbers to zero: they are many times slower on a CPU."""
    import torch

    from explorer.models.checkpoints import load_checkpoint

    torch.set_flush_denormal(True)
    return load_checkpoint(name, device)


class MoveBar(Protocol):
    """Moves a bar; `what` is the task, when it changes."""

    def __call__(self, done: int, total: int | None, what: str | None = None) -> None: ...


@contextmanager
def progress_bar(what: str) -> Iterator[MoveBar]:
    """A bar on the screen; yields what moves it."""
    columns = (
        bars.TextColumn("{task.description}", markup=False),
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        bars.TimeRemainingColumn(),
    )
    with bars.Progress(*columns, console=messages, transient=True) as bar:
        task = bar.add_task(what, total=None)

        def move(done: int, total: int | None, what: str | None = None) -> None:
            bar.update(task, completed=done, total=total, description=what)

        yield move


class Opening(TypedDict):
    """Arguments of `open_dataset` that say how far it is."""

    progress: Progress
    fetching: Progress


def opening(move: MoveBar) -> Opening:
    """The arguments of `open_dataset` that show with a bar how far it is: megabytes fetched, then images prepared."""

    def fetching(done: int, total: int | None) -> None:
        move(done // _MEGABYTE, None if total is None else math.ceil(total / _MEGABYTE), "Fetching from the Hub, MB")

    return {"progress": lambda done, total: move(done, total, "Preparing the images"), "fetching": fetching}
