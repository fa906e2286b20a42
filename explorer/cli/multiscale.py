"""Train a multi-scale density, here."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from explorer.cli.console import DATA_HELP, messages, not_the_folder, progress_bar
from explorer.errors import ExplorerError

__all__ = ["train_multiscale"]


def train_multiscale(
    recipe: Annotated[str, typer.Option(help="What to train: photo or photo-color.")] = "photo",
    data: Annotated[
        str, typer.Option(help=f"{DATA_HELP} The recipe's own when left out.", callback=not_the_folder)
    ] = "",
    name: Annotated[str, typer.Option(help="Of the run and the checkpoint; the recipe's own when left out.")] = "",
    sharp: Annotated[
        str,
        typer.Option(
            help="A second data set, of pictures that were not compressed with loss: they are used at their own size.",
            callback=not_the_folder,
        ),
    ] = "",
    start: Annotated[
        str, typer.Option(help="Checkpoint of this kind to begin as; the new network may be wider and deeper.")
    ] = "",
    run: Annotated[Path | None, typer.Option(help="Resume the run in this folder; other options are ignored.")] = None,
) -> None:
    """Train the density of photographs of any size. Ctrl-C saves the state; `--run FOLDER` goes on from there."""
    import torch

    from explorer.data.sources import absolute_spec
    from explorer.home import subfolder, typed_path
    from explorer.training.multiscale import multiscale_recipe
    from explorer.training.multiscale import train_multiscale as train

    torch.set_flush_denormal(True)  # denormal numbers make arithmetic on the CPU many times slower
    config, run = None, run and typed_path(run)
    if run is None:
        data, sharp = (absolute_spec(part) if part else "" for part in (data, sharp))
        config = multiscale_recipe(recipe, data, name, sharp, start)
        run = subfolder("runs") / config.name
        if run.exists():
            raise ExplorerError(f"A run called {config.name!r} exists already. Resume it with --run {run}.")
    messages.print(f"Run folder: {run}", highlight=False)
    stopping: list[bool] = []
    with progress_bar("Training") as progress, _on_interrupt(stopping):
        finished = train(run, config, lambda: bool(stopping), progress)
    if finished:
        messages.print("Finished.")
    else:
        messages.print(
            f"Stopped and saved. Go on with: python -m explorer train-multiscale --run {run}", highlight=False
        )


@contextmanager
def _on_interrupt(stopping: list[bool]) -> Iterator[None]:
    """The first Ctrl-C asks for a stop, which saves; a second one interrupts."""
    before = signal.getsignal(signal.SIGINT)

    def stop(_signal: int, _frame: object) -> None:
        signal.signal(signal.SIGINT, before)
        stopping.append(True)

    signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
