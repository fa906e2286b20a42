"""Building a catalog: right numbers, and nothing that happens in between makes them wrong."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from torch import Tensor

from explorer.catalog import build as build_module
from explorer.catalog.build import build_catalog, estimate_seconds, find_catalog, rows_done
from explorer.catalog.columns import CODEC_COLUMNS
from explorer.catalog.layout import part_path, read_meta
from explorer.catalog.query import Catalog
from explorer.data.building import write_store
from explorer.data.sources import open_dataset
from explorer.data.store import Sample, Store
from explorer.errors import ExplorerError
from explorer.measures.image.codecs import lossless_bits
from explorer.measures.image.dimensionality import flipd
from explorer.measures.shared.scoring import model_input
from explorer.models.base import EnergyModel
from explorer.models.checkpoints import Checkpoint

ROOT = Path(__file__).parents[2]


class StopBuildError(Exception):
    """What a page raises to stop a build."""


def all_columns(catalog: Catalog) -> pa.Table:
    return catalog.rows("index", descending=False, limit=len(catalog))


def test_rows_hold_what_the_measures_say(checkpoint: Checkpoint, store: Store) -> None:
    catalog = build_catalog(checkpoint, store)
    assert len(catalog) == 40
    x = model_input(checkpoint.values, torch.from_numpy(np.array(store.pixels)))
    assert catalog.column("log_prob") == pytest.approx(checkpoint.model.log_prob(x).numpy(), rel=1e-5)
    assert catalog.column("label").tolist() == store.labels.tolist()
    shades = store.pixels / 255
    assert catalog.column("contrast") == pytest.approx(shades.std((1, 2, 3)), abs=1e-4)
    assert catalog.column("brightness") == pytest.approx(shades.mean((1, 2, 3)), abs=1e-4)
    for name, codec in CODEC_COLUMNS.items():
        assert catalog.column(name)[3] == lossless_bits(store.pixels[3], quick=True)[codec]
    assert catalog.column("dimensionality_40") == pytest.approx(flipd(checkpoint.model, x, 1e-4).numpy(), rel=1e-4)
    fine, coarse = (catalog.column(f"dimensionality_{psnr}").mean() for psnr in (40, 0))
    assert 64 > fine > coarse > 0


def test_dimensionality_is_that_of_a_gaussian(checkpoint: Checkpoint, store: Store) -> None:
    """The untrained model is its anchor, whose average over its own data is known, read from the time score."""
    catalog = build_catalog(checkpoint, store)
    lambdas, t = checkpoint.model.gaussian.variances.double(), 1e-2
    expected = float((lambdas / (lambdas + t) + t * lambdas / (lambdas + t) ** 2).sum())
    assert catalog.column("dimensionality_20").mean() == pytest.approx(expected, rel=0.02)


def test_reference_images_are_marked(checkpoint: Checkpoint, store: Store) -> None:
    marks = build_catalog(checkpoint, store).meta.marks
    assert marks.constant >= marks.mid_gray > marks.noise
    assert 0 <= marks.constant_value <= 1


def test_profile_covers_the_range_of_the_model(checkpoint: Checkpoint, store: Store) -> None:
    profile = build_catalog(checkpoint, store).profile
    assert profile.psnr[0] == pytest.approx(50)
    assert profile.psnr[-1] == pytest.approx(-10)
    low, median, high = (
        np.array(values)
        for values in (profile.dimensionality.low, profile.dimensionality.median, profile.dimensionality.high)
    )
    assert (low <= median).all()
    assert (median <= high).all()
    assert median[0] > median[-1]
    assert profile.images == 40


def test_second_build_reads_what_the_first_wrote(
    checkpoint: Checkpoint, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = build_catalog(checkpoint, store)
    monkeypatch.setattr(build_module, "score_rows", None)
    monkeypatch.setattr(build_module, "measure_profile", None)
    assert build_catalog(checkpoint, store) is first


def test_stopped_build_resumes(checkpoint: Checkpoint, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(done: int, total: int) -> None:
        if done > 0.5 * total:
            raise StopBuildError

    with pytest.raises(StopBuildError):
        build_catalog(checkpoint, store, progress=stop)
    assert find_catalog(checkpoint, store.fingerprint) is None
    done = rows_done(checkpoint, store)
    assert 0 < done <= 40

    scored = []
    score_rows = build_module.score_rows
    monkeypatch.setattr(build_module, "score_rows", lambda *args: scored.append(args[4]) or score_rows(*args))
    build_catalog(checkpoint, store)
    assert len(scored) == (40 - done) // 8
    assert find_catalog(checkpoint, store.fingerprint) is not None


def test_progress_grows_to_its_total(checkpoint: Checkpoint, store: Store) -> None:
    calls = []
    build_catalog(checkpoint, store, progress=lambda *call: calls.append(call))
    done = [call[0] for call in calls]
    assert done == sorted(done)
    assert {call[1] for call in calls} == {done[-1]}
    calls.clear()
    build_catalog(checkpoint, store, progress=lambda *call: calls.append(call))
    assert calls[-1] == (done[-1], done[-1])


def test_two_builders_at_once_agree(checkpoint: Checkpoint, store: Store) -> None:
    alone = build_catalog(checkpoint, store, folder=build_module.data_home() / "alone")
    results, errors = [], []

    def run() -> None:
        try:
            results.append(build_catalog(checkpoint, store))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    for catalog in results:
        assert catalog.column("index").tolist() == list(range(40))
        assert catalog.column("log_prob") == pytest.approx(alone.column("log_prob"), rel=1e-6)
    assert not list(results[0].folder.glob(".*"))


def test_shards_share_the_work_and_the_last_completes_it(
    checkpoint: Checkpoint, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = build_catalog(checkpoint, store, folder=tmp_path / "whole")
    folder, scored = tmp_path / "shards", []
    score_rows = build_module.score_rows
    monkeypatch.setattr(build_module, "score_rows", lambda *args: scored.append(args[4] // 8) or score_rows(*args))
    assert build_catalog(checkpoint, store, folder=folder, shard=(1, 3)) is None
    assert sorted(scored) == [1, 4]
    assert not (folder / "meta.json").exists()
    assert build_catalog(checkpoint, store, folder=folder, shard=(0, 3)) is None
    last = build_catalog(checkpoint, store, folder=folder, shard=(2, 3))
    assert sorted(scored) == [0, 1, 2, 3, 4]
    assert all_columns(last).equals(all_columns(whole))

    part_path(folder, 4).unlink()
    scored.clear()
    assert build_catalog(checkpoint, store, folder=folder, shard=(0, 3)) is None
    assert build_catalog(checkpoint, store, folder=folder, shard=(1, 3)) is not None
    assert scored == [4]


def test_shards_at_once_leave_one_whole_catalog(checkpoint: Checkpoint, store: Store, tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:  # more shards than parts: three have nothing to do
        built = list(pool.map(lambda k: build_catalog(checkpoint, store, tmp_path / "here", shard=(k, 8)), range(8)))
    found = next(catalog for catalog in built if catalog is not None)
    assert found.column("index").tolist() == list(range(40))
    assert not list(found.folder.glob(".*"))


def test_progress_of_a_shard_is_its_own(checkpoint: Checkpoint, store: Store, tmp_path: Path) -> None:
    totals = {}
    for shard in ((0, 1), (0, 5), (4, 5)):
        calls = []
        build_catalog(checkpoint, store, tmp_path / str(shard), lambda *call, to=calls: to.append(call), shard=shard)
        assert calls[0][0] == 0
        assert calls[-1][0] == calls[-1][1]
        totals[shard] = calls[-1][1]
    levels = 1 + 3
    assert totals[0, 1] - totals[0, 5] == levels * 32
    assert totals[0, 5] == totals[4, 5]


@pytest.mark.parametrize("shard", [(1, 1), (-1, 3), (3, 3), (0, 0)])
def test_shard_that_is_none_is_refused(checkpoint: Checkpoint, store: Store, shard: tuple[int, int]) -> None:
    with pytest.raises(ExplorerError, match="no shard"):
        build_catalog(checkpoint, store, shard=shard)


_BUILD_HALF = """
import sys, time
from explorer.catalog import build, layout
from explorer.data.sources import open_dataset
from explorer.models.checkpoints import load_checkpoint

def progress(done, total):
    if done > 300:  # about half of the images; the profile comes later
        print("half", flush=True)
        time.sleep(600)

layout._SMALLEST_PART = 8
build.build_catalog(load_checkpoint("tiny", "cpu"), open_dataset("digits", (1, 8, 8)), progress=progress)
"""


def test_killed_build_resumes_without_loss_or_double_rows(
    tiny_checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    digits = open_dataset("digits", (1, 8, 8))
    builder = subprocess.Popen([sys.executable, "-c", _BUILD_HALF], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert builder.stdout.readline() == "half\n"
    finally:
        builder.kill()
        builder.communicate()
    done = rows_done(tiny_checkpoint, digits)
    assert 0 < done < len(digits)
    assert find_catalog(tiny_checkpoint, digits.fingerprint) is None

    scored = []
    score_rows = build_module.score_rows
    monkeypatch.setattr(build_module, "score_rows", lambda *args: scored.append(len(args[2])) or score_rows(*args))
    resumed = build_catalog(tiny_checkpoint, digits)
    assert sum(scored) == len(digits) - done
    assert resumed.column("index").tolist() == list(range(len(digits)))
    afresh = build_catalog(tiny_checkpoint, digits, folder=resumed.folder.with_name("afresh"))
    for column in resumed.columns:
        assert resumed.column(column.name) == pytest.approx(afresh.column(column.name), rel=1e-5, abs=1e-3)


@pytest.mark.parametrize("damage", ["truncated", "empty", "flipped", "other catalog", "missing"])
def test_damaged_part_is_rebuilt_and_no_other(
    checkpoint: Checkpoint, store: Store, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog = build_catalog(checkpoint, store)
    before = all_columns(catalog)
    path = part_path(catalog.folder, 2)
    content = bytearray(path.read_bytes())
    if damage == "flipped":
        content[40] ^= 0xFF
        path.write_bytes(content)
    elif damage == "other catalog":
        shutil.copy(part_path(catalog.folder, 1), path)
    elif damage == "missing":
        path.unlink()
    else:
        path.write_bytes(content[: len(content) // 2] if damage == "truncated" else b"")
    assert find_catalog(checkpoint, store.fingerprint) is None

    scored = []
    score_rows = build_module.score_rows
    monkeypatch.setattr(build_module, "score_rows", lambda *args: scored.append(args[4]) or score_rows(*args))
    assert all_columns(build_catalog(checkpoint, store)).equals(before)
    assert scored == [16]


@pytest.mark.parametrize("name", ["meta.json", "profile.json"])
@pytest.mark.parametrize("content", [b"", b"{", b'{"format_version": 99}', b"\xff\xfe"])
def test_damaged_description_is_rewritten(checkpoint: Checkpoint, store: Store, name: str, content: bytes) -> None:
    catalog = build_catalog(checkpoint, store)
    (catalog.folder / name).write_bytes(content)
    assert find_catalog(checkpoint, store.fingerprint) is None
    assert build_catalog(checkpoint, store) == catalog


def test_catalog_of_another_model_in_the_same_folder_is_replaced(
    checkpoint: Checkpoint, store: Store, tmp_path: Path
) -> None:
    build_catalog(checkpoint, store, folder=tmp_path / "here")
    other = replace(checkpoint, fingerprint="f" * 16)
    catalog = build_catalog(other, store, folder=tmp_path / "here")
    assert catalog.meta.identity.checkpoint_fingerprint == "f" * 16
    assert b"f" * 16 in pq.read_schema(part_path(catalog.folder, 0)).metadata[b"explorer_catalog"]


def test_shipped_catalog_is_found_first(checkpoint: Checkpoint, store: Store) -> None:
    shipped = checkpoint.path / "catalogs" / "digits"
    try:
        own = build_catalog(checkpoint, store)
        build_catalog(checkpoint, store, folder=shipped)
        assert find_catalog(checkpoint, store.fingerprint).folder == shipped
        assert find_catalog(checkpoint, "0" * 16) is None
        part_path(shipped, 0).write_bytes(b"damaged")
        assert find_catalog(checkpoint, store.fingerprint).folder == own.folder
    finally:
        shutil.rmtree(shipped)


def test_images_of_another_size_are_refused(checkpoint: Checkpoint, tmp_path: Path) -> None:
    small = write_store(tmp_path / "small", "small", lambda _: [Sample(np.zeros((1, 4, 4), np.uint8))], (1, 4, 4))
    with pytest.raises(ExplorerError, match=r"\(1, 4, 4\).*takes \(1, 8, 8\)"):
        build_catalog(checkpoint, small)


def test_folder_that_cannot_be_written_is_a_sentence(checkpoint: Checkpoint, store: Store, home: Path) -> None:
    home.parent.mkdir(exist_ok=True)
    home.write_text("a file where the folder should be")
    with pytest.raises(ExplorerError, match="cannot be written"):
        build_catalog(checkpoint, store)


def test_full_disk_is_a_sentence_and_leaves_no_litter(
    checkpoint: Checkpoint, store: Store, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_table: pa.Table, path: Path, **_options: Any) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("explorer.catalog.layout.pq.write_table", full)
    with pytest.raises(ExplorerError, match="No space left on device"):
        build_catalog(checkpoint, store)
    assert not [name for _, _, names in os.walk(home) for name in names]


def test_value_that_is_not_finite_is_left_out(checkpoint: Checkpoint, store: Store) -> None:
    class Broken(EnergyModel):
        image_shape, t0 = checkpoint.model.image_shape, 1e-5

        def energy(self, y: Tensor, t: Tensor) -> Tensor:
            return checkpoint.model.energy(y, t)

        def log_prob(self, x: Tensor, t: Tensor | float | None = None) -> Tensor:
            found = checkpoint.model.log_prob(x, t)
            return torch.where(torch.arange(len(found)) == 0, torch.nan, found)

    catalog = build_catalog(replace(checkpoint, model=Broken()), store)
    assert np.isnan(catalog.column("log_prob")[::8]).all()
    assert catalog.rows(limit=100).num_rows == 35
    assert np.isfinite(catalog.quantiles("log_prob", [0.0, 1.0])).all()


def test_estimate_is_a_time(checkpoint: Checkpoint, store: Store) -> None:
    assert 0 < estimate_seconds(checkpoint, store) < 60


def test_meta_says_units_and_origin(checkpoint: Checkpoint, store: Store) -> None:
    meta = read_meta(build_catalog(checkpoint, store).folder)
    assert (meta.checkpoint, meta.dataset, meta.dimensions, meta.levels) == ("tiny", "tiny images", 64, 256)
    assert meta.units["log_prob"] == "nats"
