"""What models there are, and one more."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from explorer.cli.console import messages, output

__all__ = ["checkpoints", "import_checkpoint"]


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
        table.add_row(info.name, f"{height}x{width} {kind}", info.config.dataset, bits, str(info.path.parent))
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
