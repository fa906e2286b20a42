"""Catalogs of whole data sets: how fast they are scored, and how fast they answer.

    python -m benchmarks.catalog [--data photos] [--images 512] [--rows 1281167]
    python -m benchmarks.catalog --atlas     # drives the Atlas page in Chromium and times each interaction
    python -m benchmarks.catalog --serve     # serves the same, to look at, until it is interrupted

Scoring is compared with the model alone in one run: the same images in the same batches, a forward pass for log p and a
backward pass for each local dimensionality. Questions are put to a synthetic catalog with as many rows as ImageNet has
images (`benchmarks.synthetic_catalog`). Run it on an idle machine.
"""

from __future__ import annotations

import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer

from benchmarks.result import Cell, Result, WriteOption, measured, report
from benchmarks.synthetic_catalog import IMAGENET_ROWS, write_synthetic_catalog
from explorer.catalog.columns import dimension_psnrs
from explorer.catalog.layout import Identity, part_rows, write_part
from explorer.catalog.query import Catalog, open_catalog
from explorer.catalog.scoring import as_scored, score_rows
from explorer.catalog.selection import Region
from explorer.data.sources import open_dataset
from explorer.measures.dataset.distribution import summary
from explorer.models.checkpoints import load_checkpoint
from explorer.models.devices import inference_batch_size
from explorer.units import noise_variance_from_psnr

_ROUNDS = 5


def scoring_table(model_name: str, data: str, images: int, device: str) -> Result:
    """Rows a second of the model alone and of the catalog, in turn, and their ratio."""
    checkpoint = load_checkpoint(model_name, device)
    model, values = checkpoint.model, checkpoint.values
    store = open_dataset(data, model.image_shape, "all", images)
    pixels, labels = np.array(store.pixels), np.array(store.labels)
    size = inference_batch_size(model.dimensions, model.device)
    identity = Identity(
        checkpoint_fingerprint=checkpoint.fingerprint,
        store_fingerprint=store.fingerprint,
        rows=len(pixels),
        part_rows=part_rows(len(pixels)),
        psnrs=dimension_psnrs(model),
    )
    x = as_scored(model, values, pixels)

    def bare() -> None:
        for batch in torch.split(x, size):
            model.log_prob(batch).cpu()
            for psnr in identity.psnrs:
                model.derivatives(batch, noise_variance_from_psnr(psnr)).time_score.cpu()

    def catalog() -> None:
        with tempfile.TemporaryDirectory() as folder:
            for part in range(identity.parts):
                rows = identity.part_range(part)
                here = slice(rows.start, rows.stop)
                table = score_rows(model, values, pixels[here], labels[here], rows.start, identity)
                write_part(Path(folder), part, table, identity)

    bare()
    times = np.array([[_seconds(bare), _seconds(catalog)] for _ in range(_ROUNDS)])
    shares = times[:, 0] / times[:, 1]
    title = f"Scoring with {model_name}: {len(pixels):,} images of {data} in batches of {size}"
    setup = f"{len(identity.psnrs)} noise levels, {torch.get_num_threads()} threads, {_ROUNDS} rounds"
    rows: list[list[Cell]] = [
        [name, len(pixels) / float(np.median(seconds)), len(pixels) / float(seconds.min())]
        for name, seconds in zip(("model alone, images/s", "catalog, rows/s"), times.T, strict=True)
    ]
    rows.append(["catalog, % of the model alone", 100 * float(np.median(shares)), 100 * float(shares.max())])
    gpu = torch.cuda.get_device_name(model.device) if model.device.type == "cuda" else None
    return measured(f"{title}, {setup}", {"": "", "median": ".1f", "best": ".1f"}, rows, gpu=gpu)


def query_table(rows: int) -> Result:
    """How long each kind of question takes on a synthetic catalog, and how much memory the process holds."""
    folder = write_synthetic_catalog(rows).folder
    copy = shutil.copytree(folder, folder.with_name("copy"))  # files that this process has not seen
    began = time.perf_counter()
    catalog = open_catalog(copy)
    times: list[list[Cell]] = [["open: verify every byte, and load", time.perf_counter() - began, None]]
    for name, ask in _questions(catalog).items():
        seconds = [_seconds(partial(ask, k)) for k in range(_ROUNDS)]
        times.append([name, min(seconds), max(seconds)])
    columns = {"question": "", "best, s": ".2f", "worst, s": ".2f"}
    memory = f"Largest resident memory, torch included: {_megabytes(resource.RUSAGE_SELF):,.0f} MB."
    return measured(f"Questions to a catalog of {rows:,} rows, {_ROUNDS} rounds", columns, times, [memory])


def _questions(catalog: Catalog) -> dict[str, Callable[[int], object]]:
    """Kind of question -> one that differs with a number."""
    names = [column.name for column in catalog.columns if column.name not in ("index", "label")]
    low, median, high = catalog.quantiles("log_prob", (0.02, 0.5, 0.98))
    left, right = catalog.quantiles("contrast", (0.02, 0.98))
    angles = np.linspace(0, 2 * np.pi, 300)
    lasso = Region(
        (left + right) / 2 + (right - left) / 2 * np.cos(angles) * (1 + 0.2 * np.sin(9 * angles)),
        (low + high) / 2 + (high - low) / 2 * np.sin(angles),
    )
    box = Region((left, right), (low, high))
    deep = len(catalog) * 9 // 10
    return {
        "384 highest, any column": lambda k: catalog.rows(names[k], limit=384),
        "384 lowest of one label": lambda k: catalog.rows(names[k], False, 384, label=k),
        f"384 after {deep:,}, any column": lambda k: catalog.rows(names[k], limit=384, offset=deep),
        "384 nearest to a value": lambda k: catalog.nearest("log_prob", median + k, 384),
        "384 evenly spaced, any column": lambda k: catalog.evenly_spaced(names[k], 384),
        "384 at random": lambda k: catalog.random(384, k),
        "384 at random of one label": lambda k: catalog.random(384, k, k),
        "quantiles, any column": lambda k: catalog.quantiles(names[k], (0.1, 0.5, 0.9)),
        "histogram, any column": lambda k: catalog.histogram(names[k]),
        "percentile of a value": lambda k: catalog.percentile(median + k),
        "labels": lambda _: catalog.label_counts(),
        "one whole column": lambda k: catalog.column(names[k]),
        "all inside a box": lambda _: catalog.inside("contrast", "log_prob", [box]),
        "all inside a lasso of 300 vertices": lambda _: catalog.inside("contrast", "log_prob", [lasso]),
        "400 highest among half a million": lambda k: catalog.rows(names[k], among=np.arange(k, k + len(catalog) // 2)),
        "summary of log p, with its Gumbel fit": lambda _: summary(catalog.column("log_prob"), catalog.meta.dimensions),
    }


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _megabytes(who: int) -> float:
    """Peak resident memory of this process, or of the largest child that has ended."""
    size = resource.getrusage(who).ru_maxrss
    return size / 2**20 if sys.platform == "darwin" else size / 2**10


def main(
    model: Annotated[str, typer.Option(help="That scores.")] = "natural64",
    data: Annotated[str, typer.Option(help="That is scored.")] = "photos",
    images: Annotated[int, typer.Option(help="Of them.")] = 512,
    device: str = "auto",
    rows: Annotated[int, typer.Option(help="Of the synthetic catalog.")] = IMAGENET_ROWS,
    atlas: Annotated[bool, typer.Option("--atlas", help="Time the Atlas page on the synthetic catalog.")] = False,
    serve: Annotated[bool, typer.Option("--serve", help="Serve the synthetic catalog.")] = False,
    write: WriteOption = False,
) -> None:
    """Print the tables."""
    if atlas and serve:
        raise typer.BadParameter("choose --atlas or --serve")
    torch.set_flush_denormal(True)
    with tempfile.TemporaryDirectory() as home:
        os.environ["EXPLORER_HOME"] = home
        if atlas or serve:
            from benchmarks.atlas import interactions, serve_atlas

            write_synthetic_catalog(rows)
            if serve:
                serve_atlas(home)
            else:
                times = interactions(home)
                columns = {"interaction": "", "best, s": ".2f", "worst, s": ".2f"}
                memory = f"Largest resident memory of the server: {_megabytes(resource.RUSAGE_CHILDREN):,.0f} MB."
                report("atlas", measured(f"Atlas with {rows:,} images in the browser", columns, times, [memory]), write)
        else:
            report("catalog-scoring", scoring_table(model, data, images, device), write)
            report("catalog-questions", query_table(rows), write)


if __name__ == "__main__":
    typer.run(main)
