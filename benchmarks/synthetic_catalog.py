"""A catalog as large as ImageNet, in the real format, for the scripts beside this one: real digits, repeated, and
numbers drawn from distributions like those of the catalog that ships."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from explorer.catalog.build import find_catalog
from explorer.catalog.columns import CODEC_COLUMNS
from explorer.catalog.layout import Identity, part_rows, write_part
from explorer.catalog.profile import write_profile
from explorer.catalog.query import Catalog, open_catalog
from explorer.data.building import write_store
from explorer.data.sources import open_dataset
from explorer.data.store import Sample, Store
from explorer.home import data_home, subfolder, write_atomically
from explorer.measures.dataset.distribution import fit_gumbel
from explorer.models.checkpoints import load_checkpoint

__all__ = ["DATASET", "IMAGENET_ROWS", "MODEL", "write_synthetic_catalog"]

IMAGENET_ROWS = 1_281_167
MODEL = "digits"
DATASET = "synthetic.npy"

_LABELS = 1_000


def write_synthetic_catalog(rows: int) -> Catalog:
    """Write a data set of `rows` images and its catalog into the data folder, as the app will look for them."""
    checkpoint = load_checkpoint(MODEL, "cpu")
    digits = open_dataset("digits", checkpoint.model.image_shape)
    real = find_catalog(checkpoint, digits.fingerprint)
    if real is None:
        raise RuntimeError(f"The catalog of {MODEL} that ships is missing.")
    images = _write_images(digits, rows)
    identity = Identity(
        checkpoint_fingerprint=checkpoint.fingerprint,
        store_fingerprint=images.fingerprint,
        rows=rows,
        part_rows=part_rows(rows),
        psnrs=real.meta.identity.psnrs,
    )
    folder = data_home() / "catalogs" / f"{checkpoint.fingerprint}-{images.fingerprint}"
    for part in range(identity.parts):
        write_part(folder, part, _numbers(real, images, part, identity), identity)
    write_profile(folder, real.profile)
    with write_atomically(folder / "meta.json") as path:
        meta = real.meta.model_copy(update={"identity": identity, "dataset": images.name})
        path.write_text(meta.model_dump_json(), encoding="utf-8")
    return open_catalog(folder)


def _write_images(digits: Store, rows: int) -> Store:
    """A data set of one image, and in place of its store one of `rows` images: the app opens what is there, and we do
    not need a source of ten times as many, of which it would take a tenth for validation."""
    source = subfolder("datasets") / DATASET
    np.save(source, np.array(digits.pixels[:1]))
    folder = open_dataset(str(source), digits.image_shape).folder
    shutil.rmtree(folder)
    pixels = np.array(digits.pixels)

    def samples(done: int) -> Iterator[Sample]:
        return (Sample(pixels[row % len(pixels)], row % _LABELS) for row in range(done, rows))

    return write_store(folder, Path(DATASET).stem, samples, digits.image_shape)


def _numbers(real: Catalog, images: Store, part: int, identity: Identity) -> pa.Table:
    """One part: log p from the Gumbel distribution of the real catalog, the rest normal around a line in log p."""
    rows = identity.part_range(part)
    rng = np.random.default_rng(part)
    log_prob = real.column("log_prob")
    gumbel = fit_gumbel(log_prob)
    drawn = rng.gumbel(gumbel.location, gumbel.scale, len(rows))
    columns = {"index": np.arange(rows.start, rows.stop), "label": images.labels[rows.start : rows.stop]}
    for column in identity.columns[2:]:
        values = real.column(column.name).astype(float)
        slope = np.cov(values, log_prob)[0, 1] / log_prob.var()
        spread = (values - slope * log_prob).std()
        found = values.mean() + slope * (drawn - log_prob.mean()) + rng.normal(0, spread, len(rows))
        columns[column.name] = 8 * (found / 8).round().astype(int) if column.name in CODEC_COLUMNS else found
    return pa.table(columns)
