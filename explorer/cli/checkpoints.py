"""What models there are, one more, one less, one under another name."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from explorer.cli.console import messages, output

__all__ = ["checkpoints", "delete_checkpoint", "import_checkpoint", "rename_checkpoint"]

_Own = Annotated[str, typer.Argument(help="Name of a checkpoint of the data folder.")]
_Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def checkpoints() -> None:
    """List the checkpoints: those that are included, and those trained here."""
    from explorer.models.checkpoints import list_checkpoints

    table = Table("name", "images", "trained on", "bits/dimension", "folder", box=None, header_style="bold")
    for info in list_checkpoints():
        if info.config is None or info.problem:
            table.add_row(info.name, Text(info.problem or "", "red"), "", "", str(info.path.parent))
            continue
        channels, height, width = info.config.model.image_shape
        bits = "" if info.bits_per_dimension is None else f"{info.bits_per_dimension:.3f}"
        kind = "gray" if channels == 1 else "color"
        size = f"any size, {height}x{width}" if info.any_size else f"{height}x{width}"
        table.add_row(info.name, f"{size} {kind}", info.config.dataset, bits, str(info.path.parent))
    output.print(table)


def import_checkpoint(
    folder: Annotated[Path, typer.Argument(help="Folder with args.json and model.pth.tar.")],
    name: Annotated[str, typer.Option(help="Name of the new checkpoint.")],
    size: Annotated[
        int | None, typer.Option(help="Height and width of its images, where the folder does not say.")
    ] = None,
) -> None:
    """Import an energy model that was released with the paper. No code in its files is run."""
    from explorer.home import typed_path
    from explorer.models.importing import import_released

    target = import_released(typed_path(folder), name, size)
    messages.print(
        f"Imported to {target}. Check it with: python -m explorer evaluate {name} --data DATA", highlight=False
    )


def delete_checkpoint(name: _Own, yes: _Yes = False) -> None:
    """Delete a checkpoint of the data folder. Those that ship with the project cannot be deleted."""
    from explorer.jobs import checkpoints as own

    folder = own.find_own(name)
    if not yes:
        typer.confirm(f"Delete the checkpoint {name} ({folder}) for good?", abort=True, err=True)
    own.delete_checkpoint(name)
    messages.print(f"Deleted {folder}.", highlight=False)


def rename_checkpoint(name: _Own, new: Annotated[str, typer.Argument(help="Its new name.")], yes: _Yes = False) -> None:
    """Rename a checkpoint of the data folder. Those that ship with the project cannot be renamed."""
    from explorer.jobs import checkpoints as own
    from explorer.training.plan import check_new_name

    own.find_own(name)
    check_new_name(new)
    if not yes:
        typer.confirm(f"Rename the checkpoint {name} to {new}?", abort=True, err=True)
    messages.print(f"Renamed to {own.rename_checkpoint(name, new)}.", highlight=False)
