"""Maps on disk: built once, verified, stopped and damaged; samples and images that a model cannot see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from explorer.catalog import map as map_module
from explorer.catalog.build import build_catalog, catalog_folder
from explorer.catalog.layout import read_meta
from explorer.catalog.map import Map, MapIdentity, build_map, find_map, map_identity, read_map
from explorer.catalog.selection import Region
from explorer.data.store import Store
from explorer.errors import ExplorerError
from explorer.home import SHIPPED_CHECKPOINTS
from explorer.measures.dataset.neighbors import neighbor_r2
from explorer.models.checkpoints import Checkpoint


def file_of(checkpoint: Checkpoint, store: Store) -> Path:
    return catalog_folder(checkpoint, store.fingerprint) / "map.parquet"


def forbid(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("A map was made again.")

    monkeypatch.setattr(map_module, "_positions", refuse)


@pytest.fixture
def built(checkpoint: Checkpoint, store: Store) -> Map:
    return build_map(checkpoint, store)


def test_images_that_are_alike_are_near(checkpoint: Checkpoint, store: Store, built: Map) -> None:
    assert built.x.shape == built.y.shape == (40,)
    assert built.x.dtype == np.float32
    points = np.stack(built, 1)
    catalog = build_catalog(checkpoint, store)
    assert neighbor_r2(points, catalog.column("contrast"), 4) > 0.5
    assert neighbor_r2(points, np.random.default_rng(0).normal(size=40), 4) < 0.2


def test_it_is_built_once(checkpoint: Checkpoint, store: Store, built: Map, monkeypatch: pytest.MonkeyPatch) -> None:
    before = file_of(checkpoint, store).stat()
    forbid(monkeypatch)
    again = build_map(checkpoint, store)
    assert np.array_equal(again.x, built.x)
    assert np.array_equal(find_map(checkpoint, store).y, built.y)
    assert file_of(checkpoint, store).stat().st_mtime_ns == before.st_mtime_ns


def test_the_same_map_comes_out_twice(checkpoint: Checkpoint, store: Store, built: Map, tmp_path: Path) -> None:
    again = build_map(checkpoint, store, tmp_path)
    assert np.array_equal(again.x, built.x)
    assert np.array_equal(again.y, built.y)


def test_one_that_ships_is_found_first(
    checkpoint: Checkpoint, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipping = replace(checkpoint, path=tmp_path)
    assert find_map(shipping, store) is None
    shipped = build_map(checkpoint, store, tmp_path / "catalogs" / "tiny")
    forbid(monkeypatch)
    assert np.array_equal(build_map(shipping, store).x, shipped.x)
    assert not file_of(checkpoint, store).exists()


def test_progress_counts_every_image_twice(checkpoint: Checkpoint, store: Store) -> None:
    calls: list[tuple[int, int]] = []
    build_map(checkpoint, store, progress=lambda done, total: calls.append((done, total)))
    assert {total for _, total in calls} == {80}
    done = [count for count, _ in calls]
    assert done == sorted(done)
    assert done[0] == 0
    assert 40 in done
    assert done[-1] == 80


@pytest.mark.parametrize("at", [0, 40, 80])
def test_a_build_that_is_stopped_leaves_nothing(checkpoint: Checkpoint, store: Store, at: int) -> None:
    class Stop(Exception):
        pass

    def stop(done: int, _total: int) -> None:
        if done >= at:
            raise Stop

    with pytest.raises(Stop):
        build_map(checkpoint, store, progress=stop)
    folder = file_of(checkpoint, store).parent
    assert not folder.exists() or not list(folder.iterdir())
    assert len(build_map(checkpoint, store).x) == 40


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-10])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[200] ^= 255
    path.write_bytes(content)


def other_index(path: Path) -> None:
    table = pq.read_table(path)
    pq.write_table(table.set_column(0, table.schema.field(0), [list(range(1, 41))]), path)


def no_identity(path: Path) -> None:
    pq.write_table(pq.read_table(path).replace_schema_metadata(None), path)


@pytest.mark.parametrize("damage", [cut, flip, other_index, no_identity, Path.unlink])
def test_damage_is_noticed_and_mended(
    checkpoint: Checkpoint, store: Store, built: Map, damage: Callable[[Path], None]
) -> None:
    path = file_of(checkpoint, store)
    damage(path)
    with pytest.raises(ExplorerError, match="uild it"):
        read_map(path.parent, map_identity(checkpoint, store))
    assert find_map(checkpoint, store) is None
    assert np.array_equal(build_map(checkpoint, store).x, built.x)


def test_a_map_of_another_model_is_not_taken(checkpoint: Checkpoint, store: Store, built: Map) -> None:
    identity = map_identity(checkpoint, store)
    folder = file_of(checkpoint, store).parent
    for other in ({"checkpoint_fingerprint": "f" * 16}, {"features": "score powers"}, {"rows": 39}, {"neighbors": 30}):
        with pytest.raises(ExplorerError, match="belongs to other images or another model"):
            read_map(folder, identity.model_copy(update=other))


def test_most_are_placed_among_a_sample(
    checkpoint: Checkpoint, store: Store, built: Map, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(map_module, "_FITTED", 30)
    monkeypatch.setattr(map_module, "_FOR_AXES", 20)
    monkeypatch.setattr(map_module, "_PLACED_TOGETHER", 4)
    done: list[int] = []
    sampled = build_map(checkpoint, store, tmp_path, lambda count, _: done.append(count))
    assert np.isfinite(sampled.x).all()
    contrast = build_catalog(checkpoint, store).column("contrast")
    assert neighbor_r2(np.stack(sampled, 1), contrast, 4) > 0.5
    assert done == sorted(done)
    assert done[-1] == 80


def test_an_image_that_the_model_cannot_see_has_no_place(
    checkpoint: Checkpoint, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    contrast = store.pixels.std((1, 2, 3))
    limit = float(np.sort(contrast)[29:31].mean())  # ten images are above

    def blind(_model: object) -> Callable[[torch.Tensor], torch.Tensor]:
        def measure(x: torch.Tensor) -> torch.Tensor:
            found = x.flatten(1).clone()
            found[x.std((1, 2, 3), correction=0) > limit / 256] = torch.nan
            return found

        return measure

    monkeypatch.setattr(map_module, "features", blind)
    found = build_map(checkpoint, store)
    assert np.flatnonzero(np.isnan(found.x)).tolist() == np.flatnonzero(contrast > limit).tolist()
    monkeypatch.setattr(map_module, "features", lambda _: lambda x: torch.full((len(x), 5), torch.inf))
    with pytest.raises(ExplorerError, match="not finite"):
        build_map(checkpoint, store, file_of(checkpoint, store).parent / "other")


def test_a_store_of_another_size_is_refused(checkpoint: Checkpoint, store: Store) -> None:
    with pytest.raises(ExplorerError, match="at the size of the model"):
        build_map(checkpoint, replace(store, pixels=store.pixels[:, :, :4, :4]))


def test_a_folder_that_cannot_be_written_is_a_sentence(checkpoint: Checkpoint, store: Store, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ExplorerError, match="cannot be written"):
        build_map(checkpoint, store, tmp_path / "file")


def test_regions_select_what_they_enclose() -> None:
    positions = Map(np.array([0, 1, 2, np.nan, 5], np.float32), np.array([0, 1, 2, np.nan, 5], np.float32))
    box, triangle = Region([0, 1], [1, 0]), Region([1.5, 6, 6], [1.4, 1.4, 7])
    assert positions.inside([box]).tolist() == [0, 1]
    assert positions.inside([triangle]).tolist() == [2, 4]
    assert positions.inside([box, triangle]).tolist() == [0, 1, 2, 4]
    assert positions.inside([]).tolist() == []


SHIPPED = sorted(path.parent for path in SHIPPED_CHECKPOINTS.glob("*/catalogs/*/meta.json"))


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: str(folder.relative_to(SHIPPED_CHECKPOINTS)))
def test_every_catalog_that_ships_has_its_map(folder: Path) -> None:
    of = read_meta(folder).identity
    identity = MapIdentity(
        checkpoint_fingerprint=of.checkpoint_fingerprint,
        store_fingerprint=of.store_fingerprint,
        rows=of.rows,
        features="layer powers",
    )
    assert np.isfinite(read_map(folder, identity)).all()
    assert (folder / "map.parquet").stat().st_size < 50_000
