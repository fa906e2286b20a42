"""Numbers of single images, as a table."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer
from rich.text import Text

from explorer.cli.console import (
    BlackOption,
    DeviceOption,
    WhiteOption,
    chosen_scale,
    messages,
    open_checkpoint,
    progress_bar,
)
from explorer.errors import ExplorerError
from explorer.home import typed_path, write_atomically

__all__ = ["score"]

_NAMED = 3


def score(
    images: Annotated[Path, typer.Argument(help="An image, or a folder of images.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="A .csv or .parquet file; - prints CSV.")] = Path("-"),
    model: Annotated[str, typer.Option("--model", "-m", help="Name of a checkpoint, or its folder.")] = "natural64",
    white: WhiteOption = None,
    black: BlackOption = 0.0,
    device: DeviceOption = "auto",
) -> None:
    """log p and local dimensionality of images, one row each."""
    from explorer.data.names import is_hub_spec
    from explorer.measures.image.files import score_files

    images, output = typed_path(images), typed_path(output)
    if str(output) != "-" and output.suffix.lower() not in {".csv", ".parquet"}:
        raise ExplorerError(f"{output} must end in .csv or .parquet (or be - for CSV on the screen).")
    if is_hub_spec(str(images)):
        raise ExplorerError(f"score takes image files. Use: python -m explorer catalog {model} --data {images}")
    scale = chosen_scale(white, black)
    checkpoint = open_checkpoint(model, device)
    with progress_bar("Scoring") as progress:
        scored = score_files(checkpoint, images, progress, scale)
    rows, problems = scored.rows, scored.problems
    for problem in problems[:_NAMED]:
        messages.print(Text.assemble(("Skipped: ", "yellow"), problem), soft_wrap=True)
    if len(problems) > _NAMED:
        messages.print(Text.assemble(("Skipped: ", "yellow"), f"{len(problems) - _NAMED:,} more."))
    if scored.needs_scale:
        messages.print("--white and --black choose them, for all images of other than 8 bits.", highlight=False)
    for note in scored.notes:
        messages.print(Text.assemble(("Note: ", "yellow"), note), soft_wrap=True)
    if not rows:
        raise ExplorerError(f"No image in {images} could be read.")
    if output.suffix.lower() == ".parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        with write_atomically(output) as path:
            pq.write_table(pa.Table.from_pylist(rows), path)
    elif str(output) == "-":
        _write_csv(rows, sys.stdout)
    else:
        with (
            write_atomically(output) as path,
            open(path, "w", newline="", encoding="utf-8", errors="surrogateescape") as file,
        ):
            _write_csv(rows, file)
    total = len(rows) + len(problems)
    of_all = f" of {total:,}" if problems else ""
    into = "" if str(output) == "-" else f" into {output}"
    what = "image" if total == 1 else "images"
    messages.print(f"{len(rows):,}{of_all} {what} scored{into}.", highlight=False)


def _write_csv(rows: list[dict[str, Any]], file: TextIO) -> None:
    writer = csv.DictWriter(file, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
