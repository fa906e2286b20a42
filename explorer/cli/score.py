"""Numbers of single images, as a table."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Annotated, Any, Literal, TextIO

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
_MOST_SIDE = 8192


def score(
    images: Annotated[Path, typer.Argument(help="An image, or a folder of images.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="A .csv or .parquet file; - prints CSV.")] = Path("-"),
    model: Annotated[str, typer.Option("--model", "-m", help="Name of a checkpoint, or its folder.")] = "natural64",
    size: Annotated[
        str,
        typer.Option(
            help="For a model of images of any size: pixels a side of the squares that are scored, or whole for each "
            "image at its own size. The largest middle square at the model's own size when left out."
        ),
    ] = "",
    white: WhiteOption = None,
    black: BlackOption = 0.0,
    device: DeviceOption = "auto",
) -> None:
    """log p and local dimensionality of images, one row each; of a model of images of any size, bits by scale."""
    from explorer.data.names import is_hub_spec
    from explorer.measures.image.files import score_files

    images, output = typed_path(images), typed_path(output)
    if str(output) != "-" and output.suffix.lower() not in {".csv", ".parquet"}:
        raise ExplorerError(f"{output} must end in .csv or .parquet (or be - for CSV on the screen).")
    if is_hub_spec(str(images)):
        raise ExplorerError(f"score takes image files. Use: python -m explorer catalog {model} --data {images}")
    scale, side = chosen_scale(white, black), _size(size)
    checkpoint = open_checkpoint(model, device)
    with progress_bar("Scoring") as progress:
        scored = score_files(checkpoint, images, progress, scale, side)
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


def _size(text: str) -> int | Literal["whole"] | None:
    """What was asked for.

    Raises:
        ExplorerError: it is no size.
    """
    if text in ("", "whole"):
        return "whole" if text else None
    if not text.isdecimal() or not 0 < int(text) <= _MOST_SIDE:
        raise ExplorerError(f"--size is a number of pixels, at most {_MOST_SIDE:,}, or whole; not {text!r}.")
    return int(text)


def _write_csv(rows: list[dict[str, Any]], file: TextIO) -> None:
    writer = csv.DictWriter(file, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
