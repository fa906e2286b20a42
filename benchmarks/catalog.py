"""Catalogs of whole data sets: how fast they are scored, and how fast they answer.

    python -m benchmarks.catalog [--data photos] [--images 512] [--rows 1281167]
    python -m benchmarks.catalog --atlas     drives the Atlas page in Chromium and times each interaction
    python -m benchmarks.catalog --serve     serves the same, to look at, until it is interrupted

Scoring stands beside the model alone in one run: the same images in the same batches, a forward pass for log p and a
backward pass for each local dimensionality. Queries are asked of a synthetic catalog with as many rows as ImageNet has
images (`benchmarks.synthetic_catalog`). Run it with nothing else on the cores.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

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


def scoring_table(model_name: str, data: str, images: int, device: str) -> None:
    """Print rows a second of the model alone and of the catalog, in turn, and their ratio."""
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
        for batch in x.split(size):
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
    print(
        f"{model_name}, {len(pixels)} images of {data}, batches of {size}, {len(identity.psnrs)} noise levels, "
        f"{model.device.type}, {torch.get_num_threads()} threads, {_ROUNDS} rounds\n"
    )
    print(f"{'':30}{'median':>10}{'best':>10}")
    for name, seconds in zip(("model alone, images/s", "catalog, rows/s"), times.T, strict=True):
        print(f"{name:30}{len(pixels) / np.median(seconds):10.1f}{len(pixels) / seconds.min():10.1f}")
    print(f"{'share of the model alone':30}{np.median(shares):10.1%}{shares.max():10.1%}\n")


def query_table(rows: int) -> None:
    """Print how long each kind of question takes on a synthetic catalog, and how much memory the process holds."""
    began = time.perf_counter()
    folder = write_synthetic_catalog(rows).folder
    print(f"{rows:,} rows, {os.cpu_count()} cores; written in {time.perf_counter() - began:.0f} s\n")
    copy = shutil.copytree(folder, folder.with_name("copy"))  # files that this process has not seen
    began = time.perf_counter()
    catalog = open_catalog(copy)
    print(f"{'':44}{'best, s':>10}{'worst, s':>10}")
    print(f"{'open: verify every byte, and load':44}{time.perf_counter() - began:10.3f}")
    for name, ask in _questions(catalog).items():
        seconds = [_seconds(lambda ask=ask, k=k: ask(k)) for k in range(_ROUNDS)]
        print(f"{name:44}{min(seconds):10.3f}{max(seconds):10.3f}")
    print(f"\nlargest resident memory, with torch: {_megabytes(resource.RUSAGE_SELF):,.0f} MB\n")


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


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="natural64", help="that scores")
    parser.add_argument("--data", default="photos", help="that is scored")
    parser.add_argument("--images", type=int, default=512, help="of them")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--rows", type=int, default=IMAGENET_ROWS, help="of the synthetic catalog")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--atlas", action="store_true", help="time the Atlas page on the synthetic catalog")
    mode.add_argument("--serve", action="store_true", help="serve the synthetic catalog")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ["EXPLORER_HOME"] = home
        if arguments.atlas or arguments.serve:
            from benchmarks import atlas

            write_synthetic_catalog(arguments.rows)
            if arguments.serve:
                atlas.serve(home)
            else:
                atlas.interaction_table(home, arguments.rows)
                print(f"\nlargest resident memory of the server: {_megabytes(resource.RUSAGE_CHILDREN):,.0f} MB")
        else:
            scoring_table(arguments.model, arguments.data, arguments.images, arguments.device)
            query_table(arguments.rows)


if __name__ == "__main__":
    main()
