"""Comparisons of real catalogs, and of numbers whose order is known."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch

from explorer.catalog.build import build_catalog, find_catalog
from explorer.catalog.compare import Comparison, compare, compare_checkpoints
from explorer.catalog.layout import write_part
from explorer.catalog.profile import write_profile
from explorer.catalog.query import Catalog, open_catalog
from explorer.catalog.selection import Region
from explorer.data.building import write_store
from explorer.data.store import Sample, Store
from explorer.errors import ExplorerError
from explorer.measures.dataset.agreement import agreement
from explorer.models.checkpoints import Checkpoint
from explorer.models.dual import DualEnergy


@pytest.fixture(scope="module")
def other(checkpoint: Checkpoint) -> Checkpoint:
    """A Gaussian of the same shape, fitted to images that are not smooth."""
    model = DualEnergy(checkpoint.config.model)
    model.fit_statistics(torch.rand(50, 1, 8, 8, generator=torch.Generator().manual_seed(1)))
    model.requires_grad_(False).eval()
    return dataclasses.replace(checkpoint, name="other", model=model, fingerprint="fedcba9876543210")


@pytest.fixture
def catalog(checkpoint: Checkpoint, store: Store) -> Catalog:
    return build_catalog(checkpoint, store)


def rescored(folder: Path, like: Catalog, log_prob: np.ndarray, **changes: object) -> Catalog:
    """A catalog like another one, with other values of log p, NaN for none, and another description."""
    identity = like.meta.identity
    table = like.take(range(len(like)))
    values = pa.array(log_prob, mask=np.isnan(log_prob))
    table = table.set_column(table.column_names.index("log_prob"), "log_prob", values)
    for part in range(identity.parts):
        here = identity.part_range(part)
        write_part(folder, part, table.slice(here.start, len(here)), identity)
    write_profile(folder, like.profile)
    (folder / "meta.json").write_text(like.meta.model_copy(update=changes).model_dump_json())
    return open_catalog(folder)


def comparison(first: np.ndarray, second: np.ndarray) -> Comparison:
    return Comparison("A", "B", 64, np.arange(len(first)), first.astype(float), second.astype(float), 0, "")


@pytest.mark.parametrize("label", [None, 1])
def test_numbers_are_those_of_two_models(checkpoint: Checkpoint, other: Checkpoint, store: Store, label: int) -> None:
    first, second = build_catalog(checkpoint, store), build_catalog(other, store)
    a, b = (catalog.column("log_prob", label) for catalog in (first, second))
    found = compare(first, second, label)
    assert (found.first, found.second, found.left_out, found.caveat) == ("tiny", "other", 0, "")
    assert found.index.tolist() == (list(range(40)) if label is None else list(range(1, 40, 3)))
    assert found.difference.tolist() == (b - a).tolist()
    assert found.agreement == agreement(a, b)
    assert found.agreement.mean < 0, "a Gaussian of noise finds smooth images less probable"


def test_a_model_agrees_with_itself(catalog: Catalog) -> None:
    found = compare(catalog, catalog)
    assert found.agreement[:4] == pytest.approx((0, 0, 0, 1))
    assert found.histogram().counts.tolist() == [40]


def test_values_that_are_not_finite_are_left_out_and_counted(tmp_path: Path, catalog: Catalog) -> None:
    a, b = np.random.default_rng(0).normal(size=(2, 40))
    a[3], b[3], b[7] = np.nan, np.nan, np.nan
    found = compare(rescored(tmp_path / "a", catalog, a), rescored(tmp_path / "b", catalog, b))
    there = np.setdiff1d(np.arange(40), (3, 7))
    assert found.left_out == 2
    assert len(found) == 38
    assert found.index.tolist() == there.tolist()
    assert found.difference.tolist() == (b - a)[there].tolist()
    nothing = rescored(tmp_path / "nothing", catalog, np.full(40, np.nan))
    with pytest.raises(ExplorerError, match="no image to which both"):
        compare(catalog, nothing)


def test_the_most_disputed() -> None:
    delta = np.array([0.0, 5.0, -4.0, 1.0, 5.0, 3.0])  # of mean 5/3
    found = comparison(np.zeros(6), delta)
    assert found.most_disputed(3, "second").tolist() == [1, 4, 5]
    assert found.most_disputed(2, "first").tolist() == [2, 0]
    assert found.most_disputed(4).tolist() == [2, 1, 4, 0]
    assert found.most_disputed(2, "second", among=np.array([0, 2, 3])).tolist() == [3, 0]
    assert sorted(found.most_disputed(100)) == list(range(6))
    assert found.most_disputed(0).tolist() == []
    assert found.most_disputed(5, among=np.empty(0, dtype=int)).tolist() == []


def test_a_constant_between_the_models_disputes_nothing_more() -> None:
    a, b = np.random.default_rng(0).normal(size=(2, 50))
    for side in ("both", "first", "second"):
        expected = comparison(a, b).most_disputed(10, side)
        assert comparison(a, b + 100).most_disputed(10, side).tolist() == expected.tolist()


def test_the_report_names_images_by_their_index(tmp_path: Path, catalog: Catalog) -> None:
    a, b = np.zeros(40), np.linspace(1, 2, 40)
    a[0] = np.nan
    found = compare(rescored(tmp_path / "a", catalog, a), rescored(tmp_path / "b", catalog, b), names=("A", "B"))
    report = found.report(2)
    assert report["Images"].startswith("39, and 1 left out")
    assert report["Most in favor of A"] == "1 2"
    assert report["Most in favor of B"] == "39 38"
    assert report["RMS difference"] == f"{10 / np.log(10) / 64 * np.sqrt(np.mean(b[1:] ** 2)):.4f}"
    assert "Note" not in report


def test_inside_a_region_of_both_log_probs() -> None:
    found = comparison(np.array([0, 1, 2, 3]), np.array([0, 5, 5, 9]))
    assert found.inside([Region((1, 2), (4, 6)), Region((3, 3), (9, 9))]).tolist() == [1, 2, 3]


@pytest.mark.parametrize("shift", [0.0, 0.7, 50.0, -50.0])
def test_no_bin_of_the_histogram_is_on_both_sides_of_zero(shift: float) -> None:
    a, b = np.random.default_rng(0).normal(size=(2, 500))
    found = comparison(a, b + shift)
    edges, counts = found.histogram()
    assert counts.sum() == 500
    assert np.diff(edges) == pytest.approx(edges[1] - edges[0])
    assert not ((edges[:-1] < 0) & (edges[1:] > 0)).any()
    assert counts[edges[:-1] >= 0].sum() == (found.difference >= 0).sum()


def test_other_images_are_refused(checkpoint: Checkpoint, other: Checkpoint, store: Store, tmp_path: Path) -> None:
    few = write_store(tmp_path / "few", "few images", lambda done: [Sample(store.pixels[0], 0, "0")][done:], (1, 8, 8))
    with pytest.raises(ExplorerError, match=r"other images \(tiny images\) than other \(few images\)"):
        compare(build_catalog(checkpoint, store), build_catalog(other, few))


def test_another_shape_is_refused(catalog: Catalog, other: Checkpoint, store: Store, tmp_path: Path) -> None:
    larger = rescored(tmp_path / "larger", catalog, np.zeros(40), checkpoint="large", image_shape=(1, 16, 16))
    with pytest.raises(ExplorerError, match="two models of the same shape"):
        compare(catalog, larger)


def test_two_checkpoints_of_other_shapes_are_refused_before_anything_is_scored(
    checkpoint: Checkpoint, store: Store
) -> None:
    config = checkpoint.config.model.model_copy(update={"image_shape": (1, 16, 16)})
    large = dataclasses.replace(checkpoint, name="large", model=DualEnergy(config), fingerprint="0000")
    with pytest.raises(ExplorerError, match="two models of the same shape"):
        compare_checkpoints(checkpoint, large, store)
    assert find_catalog(checkpoint, store.fingerprint) is None


def test_other_conventions_are_told(tmp_path: Path, catalog: Catalog) -> None:
    values = np.zeros(40)
    blurred = rescored(tmp_path / "t0", catalog, values, checkpoint="blurred", t0=1e-4)
    assert "50.0 dB and blurred at 40.0 dB" in compare(catalog, blurred).caveat
    assert "Note" in compare(catalog, blurred).report(1)
    coarse = rescored(tmp_path / "levels", catalog, values, checkpoint="coarse", levels=17)
    assert "one of 256 and coarse for one of 17" in compare(catalog, coarse).caveat


def test_two_checkpoints_are_scored_where_they_were_not(
    checkpoint: Checkpoint, other: Checkpoint, store: Store
) -> None:
    seen: list[tuple[int, int]] = []
    found = compare_checkpoints(checkpoint, other, store, lambda done, total: seen.append((done, total)))
    assert seen[-1][0] == seen[-1][1] > 0
    stored = [find_catalog(model, store.fingerprint) for model in (checkpoint, other)]
    assert found.agreement == compare(*stored).agreement
    seen.clear()
    compare_checkpoints(checkpoint, other, store, lambda done, total: seen.append((done, total)))
    assert not seen
