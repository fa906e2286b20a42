"""The map of a data set: each image is a point, and images that the model treats alike are near each other.

Features of every image (`explorer.measures.image.features`), their principal components, and UMAP
(`explorer.measures.dataset.embedding`). One file, ``map.parquet``, in the folder of the catalog: columns `index`, `x`
and `y`; what the map is of is in its metadata, its pages have checksums, and it is written at once or not at all.

Features are computed in batches and projected on principal axes, which come from some of the images. UMAP is fitted to
at most 100,000 images, drawn at random, and places the others among them. So memory does not grow with the number of
images, but for their two coordinates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict

from explorer.catalog.build import catalog_folder, catalog_identity
from explorer.catalog.scoring import as_scored
from explorer.catalog.selection import Region, places_inside
from explorer.data.store import Store
from explorer.errors import ExplorerError
from explorer.home import FileVersion, file_version, write_atomically
from explorer.measures.dataset import embedding
from explorer.measures.image.features import FeatureKind, feature_kind, features
from explorer.models.checkpoints import Checkpoint
from explorer.models.devices import inference_batch_size
from explorer.progress import Progress

__all__ = ["Map", "MapIdentity", "build_map", "find_map", "map_identity", "read_map"]

_FILE = "map.parquet"
_IDENTITY_KEY = b"explorer_map"
_FITTED = 100_000
_FOR_AXES = 2_048
_PLACED_TOGETHER = 10_000


class MapIdentity(BaseModel):
    """What a map is of. Two maps with the same identity were made in the same way from the same numbers.

    Attributes:
        format_version: of the file and of the way in which maps are made.
        checkpoint_fingerprint, store_fingerprint: of the model and of the images.
        rows: number of images.
        features: kind of the features.
        components, neighbors, min_dist, seed: see `explorer.measures.dataset.embedding`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format_version: Literal[1] = 1
    checkpoint_fingerprint: str
    store_fingerprint: str
    rows: int
    features: FeatureKind
    components: int = embedding.COMPONENTS
    neighbors: int = embedding.NEIGHBORS
    min_dist: float = embedding.MIN_DIST
    seed: int = embedding.SEED

    @property
    def schema(self) -> pa.Schema:
        """Arrow schema of the file, with this identity in its metadata."""
        fields = [("index", pa.int64()), ("x", pa.float32()), ("y", pa.float32())]
        return pa.schema(fields, metadata={_IDENTITY_KEY: self.model_dump_json().encode()})


class Map(NamedTuple):
    """Where each image is, in the order of the images. The plane has no unit.

    Attributes:
        x, y: float32 ``(N,)``; NaN for an image in which the model sees nothing finite.
    """

    x: np.ndarray
    y: np.ndarray

    def inside(self, regions: Sequence[Region]) -> np.ndarray:
        """Indices, increasing, of the images in any of `regions`, borders of boxes included."""
        return places_inside(self.x, self.y, regions)


def map_identity(checkpoint: Checkpoint, store: Store) -> MapIdentity:
    """What the map of a model and a store is of.

    Raises:
        ExplorerError: no images, or images of another size than the model's.
    """
    of = catalog_identity(checkpoint, store)
    return MapIdentity(
        checkpoint_fingerprint=of.checkpoint_fingerprint,
        store_fingerprint=of.store_fingerprint,
        rows=of.rows,
        features=feature_kind(checkpoint.model),
    )


def build_map(
    checkpoint: Checkpoint,
    store: Store,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> Map:
    """Make the map of a store, or read it where it is there and whole. A build that was stopped begins anew.

    Args:
        checkpoint: the model.
        store: the images, at the model's size.
        folder: where to look and to write; None finds it (`find_map`), and writes into the data folder.
        progress: called with (work done, work in all): every image counts once when the model has looked at it and
            once when it has its place. The first image to be placed takes long: UMAP compiles itself, once a process.
            What `progress` raises stops the build, but UMAP cannot be interrupted: then it is raised when that is done.

    Raises:
        ExplorerError: no images, images of another size, no finite features, a full disk, or a folder that cannot be
            written.
    """
    identity = map_identity(checkpoint, store)
    found = find_map(checkpoint, store) if folder is None else _map_in(folder, identity)
    if found is not None:
        return found
    folder = folder or catalog_folder(checkpoint, store.fingerprint)
    positions = _positions(checkpoint, store, progress or (lambda _done, _total: None))
    columns = {"index": np.arange(len(store)), "x": positions[:, 0], "y": positions[:, 1]}
    with write_atomically(folder / _FILE) as path:
        pq.write_table(pa.table(columns, identity.schema), path, compression="zstd", write_page_checksum=True)
    return read_map(folder, identity)


def find_map(checkpoint: Checkpoint, store: Store) -> Map | None:
    """The map of a model and a store, if there is one: those that ship with the checkpoint come first.

    Raises:
        ExplorerError: no images, or images of another size than the model's.
    """
    identity = map_identity(checkpoint, store)
    shipped = sorted(path.parent for path in (checkpoint.path / "catalogs").glob(f"*/{_FILE}"))
    folders = (*shipped, catalog_folder(checkpoint, store.fingerprint))
    return next((found for folder in folders if (found := _map_in(folder, identity)) is not None), None)


def read_map(folder: Path, identity: MapIdentity) -> Map:
    """Read and verify a map, once for each version of its file.

    Raises:
        ExplorerError: it is missing, damaged, or of other images, another model or other settings.
    """
    path = folder / _FILE
    try:
        return _read(file_version(path), identity)
    except FileNotFoundError as error:
        raise ExplorerError(f"There is no map in {folder}. Build it first.") from error
    except (OSError, pa.ArrowException) as error:
        raise ExplorerError(f"The map {path} is damaged. Build it again.") from error


@lru_cache(maxsize=4)
def _read(version: FileVersion, identity: MapIdentity) -> Map:
    path = version.path
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        if not file.schema_arrow.equals(identity.schema, check_metadata=True):
            raise ExplorerError(f"The map {path} belongs to other images or another model. Build it again.")
        index, x, y = (column.to_numpy() for column in file.read().columns)
    if not np.array_equal(index, np.arange(identity.rows)):
        raise ExplorerError(f"The map {path} is damaged: its images are not those of its description. Build it again.")
    return Map(x, y)


def _map_in(folder: Path, identity: MapIdentity) -> Map | None:
    try:
        return read_map(folder, identity)
    except ExplorerError:
        return None  # Missing, or not what is wanted: it is built.


def _positions(checkpoint: Checkpoint, store: Store, progress: Progress) -> np.ndarray:
    count = len(store)
    done = 0

    def advance(images: float) -> None:
        nonlocal done
        done += round(images)
        progress(done, 2 * count)

    model = checkpoint.model
    measure = features(model)

    def looked_at(rows: np.ndarray) -> Iterator[np.ndarray]:
        for some in _pieces(rows, inference_batch_size(model.dimensions, model.device)):
            yield measure(as_scored(model, checkpoint.values, store.pixels[some])).numpy()
            advance(len(some))

    def placing(images: int) -> Callable[[float], None]:
        begun = done
        return lambda share: advance(begun + share * images - done)

    advance(0)
    order = np.random.default_rng(embedding.SEED).permutation(count)
    fitted, others = order[:_FITTED], order[_FITTED:]
    first = np.concatenate(list(looked_at(fitted[:_FOR_AXES])))
    seen = np.isfinite(first).all(1)
    if not seen.any():
        raise ExplorerError(
            f"What {checkpoint.name} sees in the images of {store.name} is not finite. Choose another model."
        )
    projection = embedding.fit_projection(first[seen])
    points = np.concatenate([projection(some) for some in (first, *looked_at(fitted[_FOR_AXES:]))])
    seen = np.isfinite(points).all(1)
    positions = np.full((count, 2), np.nan, dtype=np.float32)
    plane = embedding.Plane(points[seen], placing(len(fitted)))
    positions[fitted[seen]] = plane.positions
    for rows in _pieces(others, _PLACED_TOGETHER):
        points = np.concatenate([projection(some) for some in looked_at(rows)])
        seen = np.isfinite(points).all(1)
        positions[rows[seen]] = plane.place(points[seen], placing(len(rows)))
    advance(2 * count - done)
    return positions


def _pieces(rows: np.ndarray, size: int) -> Iterator[np.ndarray]:
    return (rows[start : start + size] for start in range(0, len(rows), size))
