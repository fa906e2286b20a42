"""What all commands share: where they print, how far they are, their common options."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol

import typer
from rich import progress as bars
from rich.console import Console

from explorer.data.names import BUILTIN
from explorer.progress import Opening

if TYPE_CHECKING:
    from explorer.data.store import Store
    from explorer.models.checkpoints import Checkpoint
    from explorer.scales import Scale

__all__ = [
    "DATA_HELP",
    "BlackOption",
    "DeviceOption",
    "ModelArgument",
    "WhiteOption",
    "chosen_scale",
    "messages",
    "not_the_folder",
    "open_checkpoint",
    "opening",
    "output",
    "progress_bar",
    "tell_remarks",
]

_MEGABYTE = 1_000_000  # bytes

# Names may look like markup of rich, or like its emoji.
output = Console(markup=False, emoji=False)
messages = Console(stderr=True, markup=False, emoji=False)

DATA_HELP = f"{', '.join(BUILTIN)}, the path of a data set, or hf:OWNER/NAME of the Hugging Face Hub."
DeviceOption = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]
WhiteOption = Annotated[
    float | None, typer.Option(help="Which value is white, in pictures of other than 8 bits: 4095, say.")
]
BlackOption = Annotated[float, typer.Option(help="Which value is black there; with --white.")]
ModelArgument = Annotated[str, typer.Argument(help="Name of a checkpoint, or its folder.")]


def chosen_scale(white: float | None, black: float) -> Scale | None:
    """What `--white` and `--black` say; None where they are left out.

    Raises:
        ExplorerError: there is no white to go with black, or they are the same.
    """
    from explorer.errors import ExplorerError
    from explorer.scales import Scale

    if white is None and black:
        raise ExplorerError("--black needs --white: say which value is white, too.")
    return None if white is None else Scale(black, white)


def open_checkpoint(name: str, device: str) -> Checkpoint:
    """Load a checkpoint, and let this thread flush denormal numbers to zero: they are many times slower on a CPU."""
    import torch

    from explorer.models.checkpoints import load_checkpoint

    torch.set_flush_denormal(True)
    return load_checkpoint(name, device)


def not_the_folder(data: str) -> str:
    """Say that a word names the built-in data set, where there is a folder of that name too."""
    if data in BUILTIN and Path(data).exists():
        messages.print(
            f"{data!r} is the built-in data set. For what is called so in this folder, write ./{data}.", soft_wrap=True
        )
    return data


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


def tell_remarks(images: Store) -> None:
    """Say which images are for training and which for validation, and whatever else was guessed or left out."""
    for remark in images.remarks:
        messages.print(remark, highlight=False, soft_wrap=True)


def opening(move: MoveBar) -> Opening:
    """The arguments of `open_dataset` that show with a bar how far it is: megabytes fetched, then images prepared."""

    def fetching(done: int, total: int | None) -> None:
        move(done // _MEGABYTE, None if total is None else math.ceil(total / _MEGABYTE), "Fetching from the Hub, MB")

    def waiting(who: str, done: int, total: int | None) -> None:
        move(done, total, f"Waiting for {who}, which prepares these images")

    return {
        "progress": lambda done, total: move(done, total, "Preparing the images"),
        "fetching": fetching,
        "waiting": waiting,
    }
