"""Build a catalog, or find one that is there.

Catalogs are kept by content: those of the app in ``catalogs/MODEL-IMAGES`` of the data folder, named by the
fingerprints of both; those that ship in ``CHECKPOINT/catalogs/DATASET``. See `explorer.catalog.layout` for the files.

**Many machines.** Shard ``k`` of ``n`` builds the parts ``k, k + n, k + 2n, ...`` and no others. In a job array, each
task opens the same images, calls

    build_catalog(checkpoint, store, shard=(task_number, number_of_tasks))

and writes into the same folder, without locks: no two shards write the same part. Whichever finds all parts there
writes the rest (profile and description); when several do at once they write the same. A shard that was lost is run
again, alone; so is any one shard where none found all parts, as can happen on a network drive that shows new files
late. What is there and whole is not computed again.
"""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import overload

from explorer.catalog.columns import dimension_psnrs
from explorer.catalog.layout import CatalogMeta, Identity, part_is_whole, part_rows, read_meta, write_part
from explorer.catalog.profile import (
    measure_profile,
    profile_grid,
    profile_subset,
    read_profile,
    write_profile,
)
from explorer.catalog.query import Catalog, open_catalog
from explorer.catalog.scoring import as_scored, reference_images, reference_marks, score_rows
from explorer.data.store import Store
from explorer.errors import ExplorerError
from explorer.home import data_home, write_atomically
from explorer.models.checkpoints import Checkpoint
from explorer.progress import Progress

__all__ = ["build_catalog", "catalog_folder", "catalog_identity", "estimate_seconds", "find_catalog", "rows_done"]

_TIMED_IMAGES = 64


@overload
def build_catalog(
    checkpoint: Checkpoint,
    store: Store,
    folder: Path | None = None,
    progress: Progress | None = None,
    batch_size: int | None = None,
) -> Catalog: ...


@overload
def build_catalog(
    checkpoint: Checkpoint,
    store: Store,
    folder: Path | None = None,
    progress: Progress | None = None,
    batch_size: int | None = None,
    *,
    shard: tuple[int, int],
) -> Catalog | None: ...


def build_catalog(
    checkpoint: Checkpoint,
    store: Store,
    folder: Path | None = None,
    progress: Progress | None = None,
    batch_size: int | None = None,
    shard: tuple[int, int] = (0, 1),
) -> Catalog | None:
    """Score the images of a store, and return the catalog when all are scored.

    Parts that are there and whole are kept, all others are written; so a build that was stopped, killed or damaged
    resumes from what is left of it. Parts are taken in random order, so that two builders of a catalog share the work.

    Args:
        checkpoint: the model.
        store: the images, at the model's size.
        folder: where to write; None for the data folder.
        progress: called with (work done, work in all) of this shard, counted in noise levels of an image. What it
            raises stops the build.
        batch_size: images that go through the model at once; None chooses by memory.
        shard: ``(k, n)``, build only every n-th part from part k on, ``0 <= k < n``.

    Returns:
        The catalog; None while parts of other shards are missing, which cannot be with the one shard ``(0, 1)``.

    Raises:
        ExplorerError: no images, images of another size, a shard that is not one of its number, a full disk, or a
            folder that cannot be written.
    """
    identity = catalog_identity(checkpoint, store)
    folder = folder or catalog_folder(checkpoint, store.fingerprint)
    own = _parts_of(shard, identity)
    grid = profile_grid(checkpoint.model, checkpoint.model.t_max)
    subset = profile_subset(len(store))
    cost = len(identity.psnrs) + 1
    references = sum(len(images) for images in reference_images(checkpoint.model, checkpoint.values))
    total = cost * sum(len(identity.part_range(part)) for part in own) + len(grid) * len(subset) + references
    report = progress or (lambda _done, _total: None)
    done = 0

    def after(before: int, per_step: int) -> Progress:
        return lambda steps, _all: report(before + per_step * steps, total)

    report(done, total)
    for part in random.sample(own, len(own)):
        images = len(identity.part_range(part))
        if part_is_whole(folder, part, identity):
            report(done + cost * images, total)
        else:
            _write_part(folder, part, checkpoint, store, identity, batch_size, after(done, cost))
        done += cost * images
    if not all(part_is_whole(folder, part, identity) for part in range(identity.parts)):
        report(total, total)
        return None

    if not _profile_is_whole(folder, grid):
        x = as_scored(checkpoint.model, checkpoint.values, store.pixels[subset])
        write_profile(folder, measure_profile(checkpoint.model, x, grid, after(done, len(subset))))
    _write_meta(folder, checkpoint, store, identity, after(total - references, 1))
    report(total, total)
    return open_catalog(folder)


def find_catalog(checkpoint: Checkpoint, store_fingerprint: str) -> Catalog | None:
    """The complete catalog of a model and a store, if there is one: those that ship with the checkpoint come first."""
    shipped = checkpoint.path / "catalogs"
    folders = sorted(path for path in shipped.iterdir() if path.is_dir()) if shipped.is_dir() else []
    for folder in (*folders, catalog_folder(checkpoint, store_fingerprint)):
        try:
            identity = read_meta(folder).identity
            if identity.checkpoint_fingerprint == checkpoint.fingerprint and (
                identity.store_fingerprint == store_fingerprint
            ):
                return open_catalog(folder)
        except ExplorerError:
            continue  # Not complete, or damaged: a build completes it.
    return None


def rows_done(checkpoint: Checkpoint, store: Store) -> int:
    """How many images of a catalog that is not complete were scored already."""
    identity = catalog_identity(checkpoint, store)
    folder = catalog_folder(checkpoint, store.fingerprint)
    return sum(
        len(identity.part_range(part)) for part in range(identity.parts) if part_is_whole(folder, part, identity)
    )


def estimate_seconds(checkpoint: Checkpoint, store: Store) -> float:
    """How long a build will take from here, from the time that a few images take now.

    Raises:
        ExplorerError: no images, or images of another size.
    """
    identity = catalog_identity(checkpoint, store)
    count = min(_TIMED_IMAGES, len(store))
    for timed in (1, count):  # The first image pays for what is loaded on first use.
        began = time.perf_counter()
        score_rows(checkpoint.model, checkpoint.values, store.pixels[:timed], store.labels[:timed], 0, identity)
        seconds = (time.perf_counter() - began) / timed
    references = sum(len(images) for images in reference_images(checkpoint.model, checkpoint.values))
    others = len(profile_grid(checkpoint.model)) * len(profile_subset(len(store))) + references
    return seconds * (len(store) - rows_done(checkpoint, store) + others / (len(identity.psnrs) + 1))


def catalog_identity(checkpoint: Checkpoint, store: Store) -> Identity:
    """What the catalog of a model and a store is of.

    Raises:
        ExplorerError: no images, or images of another size than the model's.
    """
    model = checkpoint.model
    if tuple(store.image_shape) != tuple(model.image_shape):
        raise ExplorerError(
            f"The images of {store.name} have the shape {tuple(store.image_shape)} (channels, height, width), but "
            f"{checkpoint.name} takes {tuple(model.image_shape)}. Open the data set at the size of the model."
        )
    if not len(store):
        raise ExplorerError(f"The data set {store.name} has no images.")
    return Identity(
        checkpoint_fingerprint=checkpoint.fingerprint,
        store_fingerprint=store.fingerprint,
        rows=len(store),
        part_rows=part_rows(len(store)),
        psnrs=dimension_psnrs(model, checkpoint.model.t_max),
    )


def _parts_of(shard: tuple[int, int], identity: Identity) -> range:
    number, count = shard
    if not 0 <= number < count:
        raise ExplorerError(f"There is no shard {number} of {count}. Shards are numbered from 0 to {count - 1}.")
    return range(number, identity.parts, count)


def _write_part(
    folder: Path,
    part: int,
    checkpoint: Checkpoint,
    store: Store,
    identity: Identity,
    batch_size: int | None,
    progress: Progress,
) -> None:
    rows = identity.part_range(part)
    pixels, labels = store.pixels[rows.start : rows.stop], store.labels[rows.start : rows.stop]
    model, values = checkpoint.model, checkpoint.values
    table = score_rows(model, values, pixels, labels, rows.start, identity, batch_size, progress)
    write_part(folder, part, table, identity)


def catalog_folder(checkpoint: Checkpoint, store_fingerprint: str) -> Path:
    """Where in the data folder the catalog of a model and a store is written."""
    return data_home() / "catalogs" / f"{checkpoint.fingerprint}-{store_fingerprint}"


def _profile_is_whole(folder: Path, grid: tuple[float, ...]) -> bool:
    try:
        return read_profile(folder).psnr == grid
    except ExplorerError:
        return False


def _write_meta(folder: Path, checkpoint: Checkpoint, store: Store, identity: Identity, progress: Progress) -> None:
    try:
        if read_meta(folder).identity == identity:
            return
    except ExplorerError:
        pass  # Missing or damaged: it is written anew.
    meta = CatalogMeta(
        identity=identity,
        checkpoint=checkpoint.name,
        dataset=store.name,
        image_shape=checkpoint.model.image_shape,
        t0=checkpoint.model.t0,
        levels=checkpoint.values.levels,
        units={column.name: column.unit for column in identity.columns},
        marks=reference_marks(checkpoint.model, checkpoint.values, progress),
    )
    with write_atomically(folder / "meta.json") as path:
        path.write_text(meta.model_dump_json(indent=1), encoding="utf-8")
