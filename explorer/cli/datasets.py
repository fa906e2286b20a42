"""Whole data sets: prepared, scored, and scored by two models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.table import Table
from rich.text import Text

from explorer.cli.console import (
    DATA_HELP,
    BlackOption,
    DeviceOption,
    ModelArgument,
    WhiteOption,
    chosen_scale,
    messages,
    not_the_folder,
    open_checkpoint,
    opening,
    output,
    progress_bar,
    tell_remarks,
)

__all__ = ["catalog", "compare", "store"]

DataOption = Annotated[str, typer.Option(help=DATA_HELP, callback=not_the_folder)]


def store(
    data: Annotated[str, typer.Argument(help=DATA_HELP, callback=not_the_folder)],
    size: Annotated[int, typer.Option(help="Height and width in pixels.", min=1)],
    color: Annotated[bool, typer.Option("--color", help="Three channels.")] = False,
    split: Annotated[
        Literal["train", "validation", "all"], typer.Option(help="Which part of the data.")
    ] = "validation",
    views: Annotated[int, typer.Option(help="Views of each training picture; more than one are random crops.")] = 1,
    min_shrink: Annotated[
        float, typer.Option(help="Shrink pictures by at least this factor, where they are large enough.")
    ] = 1.0,
    white: WhiteOption = None,
    black: BlackOption = 0.0,
    verify: Annotated[
        bool, typer.Option("--verify", help="Read it and the files of the data set again, and compare.")
    ] = False,
) -> None:
    """Prepare the images of a data set at a model's size. What is there already is kept.

    --white and --black are remembered: all commands and pages read the data set so from then on.
    """
    from explorer.data.chosen_scales import choose_scale
    from explorer.data.sources import absolute_spec, open_dataset, verify_dataset
    from explorer.data.views import Views

    scale = chosen_scale(white, black)
    if scale is not None:
        choose_scale(absolute_spec(data), scale)
    with progress_bar("Preparing the images") as progress:
        # Views of a picture look alike: a model is validated on one of each.
        cut = Views(views if split == "train" else 1, min_shrink)
        open_it = verify_dataset if verify else open_dataset
        images = open_it(data, (3 if color else 1, size, size), split, views=cut, **opening(progress))
    verified = ", verified" if verify else ""
    of_each = f", {images.views} of each picture" if images.views > 1 else ""
    messages.print(f"{len(images):,} images{of_each}{verified}: {images.folder}", highlight=False, soft_wrap=True)
    tell_remarks(images)
    messages.print(images.grid.summary, highlight=False, soft_wrap=True)
    if images.grid.strongest:
        messages.print(
            "Where the pictures are larger, --views 8 --min-shrink 2.5 makes a training set without it.",
            highlight=False,
        )


def catalog(
    model: ModelArgument,
    data: DataOption = "photos",
    split: Annotated[
        Literal["train", "validation", "all"] | None,
        typer.Option(help="Which part of the data; when left out, all that the model was not trained on."),
    ] = None,
    output: Annotated[Path | None, typer.Option(help="Folder to write to; the data folder by default.")] = None,
    with_map: Annotated[bool, typer.Option("--map", help="Also lay it out on a map.")] = False,
    device: DeviceOption = "auto",
) -> None:
    """Score the images of a data set, or of a part of it, for Atlas. A build that was stopped resumes there."""
    from explorer.catalog.build import build_catalog
    from explorer.data.sources import open_dataset
    from explorer.data.unseen import part_in_words, unseen_split
    from explorer.home import typed_path

    output = output and typed_path(output)
    checkpoint = open_checkpoint(model, device)
    with progress_bar("Opening the data") as progress:
        split = split or unseen_split(data, checkpoint.config.dataset)
        images = open_dataset(data, checkpoint.model.image_shape, split, **opening(progress))
    tell_remarks(images)
    with progress_bar("Scoring") as progress:
        built = build_catalog(checkpoint, images, output, progress)
    if with_map:
        from explorer.catalog.map import build_map

        with progress_bar("Laying out the map") as progress:
            build_map(checkpoint, images, output, progress)
    messages.print(f"{part_in_words(images, split)}. Scored into {built.folder}.", highlight=False, soft_wrap=True)


def compare(
    first: Annotated[str, typer.Argument(help="Name of a checkpoint A, or its folder.")],
    second: Annotated[str, typer.Argument(help="Name of a checkpoint B, or its folder.")],
    data: DataOption = "photos",
    count: Annotated[int, typer.Option(help="How many of the most disputed images to name.", min=1)] = 10,
    device: DeviceOption = "auto",
) -> None:
    """How much two models agree on log p, and on which images they do not. Images without scores are scored first."""
    from explorer.catalog.compare import compare_checkpoints
    from explorer.data.sources import open_dataset
    from explorer.data.unseen import part_in_words, unseen_split

    models = open_checkpoint(first, device), open_checkpoint(second, device)
    with progress_bar("Opening the data") as progress:
        split = unseen_split(data, *(model.config.dataset for model in models))
        images = open_dataset(data, models[0].model.image_shape, split, **opening(progress))
    tell_remarks(images)
    messages.print(f"{part_in_words(images, split)}.", highlight=False)
    with progress_bar("Scoring") as progress:
        found = compare_checkpoints(*models, images, progress)
    table = Table(box=None, show_header=False)
    for name, value in found.report(count).items():
        table.add_row(Text(name, "bold"), value)
    output.print(table)
