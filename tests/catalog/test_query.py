"""Questions to a catalog, against the same answers from numpy."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from explorer.catalog.build import build_catalog
from explorer.catalog.layout import part_path, write_part
from explorer.catalog.profile import write_profile
from explorer.catalog.query import Catalog, even_places, open_catalog
from explorer.catalog.selection import Region
from explorer.data.store import Store
from explorer.errors import ExplorerError
from explorer.measures.dataset.distribution import summary
from explorer.models.checkpoints import Checkpoint


@pytest.fixture
def catalog(checkpoint: Checkpoint, store: Store) -> Catalog:
    return build_catalog(checkpoint, store)


def indices(table: pa.Table) -> list[int]:
    return table.column("index").to_pylist()


def test_rows_are_sorted_filtered_and_paged(catalog: Catalog) -> None:
    log_prob, label = catalog.column("log_prob"), catalog.column("label")
    order = np.argsort(-log_prob, kind="stable")
    assert indices(catalog.rows(limit=5)) == order[:5].tolist()
    assert indices(catalog.rows(limit=5, offset=5)) == order[5:10].tolist()
    assert indices(catalog.rows(descending=False, limit=3)) == order[::-1][:3].tolist()
    of_label = [index for index in order if label[index] == 1]
    assert indices(catalog.rows(limit=4, label=1)) == of_label[:4]
    assert catalog.rows(label=99).num_rows == 0
    assert catalog.rows(limit=0).num_rows == 0


def test_column_of_one_label(catalog: Catalog) -> None:
    assert catalog.column("index", label=2).tolist() == list(range(2, 40, 3))


def test_take_keeps_the_order(catalog: Catalog) -> None:
    assert indices(catalog.take([7, 3, 39, 0])) == [7, 3, 39, 0]
    assert indices(catalog.take([5, 1000, -1])) == [5]
    assert indices(catalog.take([])) == []


def test_nearest(catalog: Catalog) -> None:
    contrast = catalog.column("contrast")
    found = catalog.nearest("contrast", float(contrast[20]), 5)
    expected = np.argsort(np.abs(contrast - contrast[20]), kind="stable")[:5]
    assert set(indices(found)) == set(expected.tolist())
    assert (np.diff(found.column("contrast").to_numpy()) <= 0).all()


def test_evenly_spaced_reaches_both_ends(catalog: Catalog) -> None:
    log_prob = catalog.column("log_prob")
    found = indices(catalog.evenly_spaced("log_prob", 7))
    assert len(set(found)) == 7
    assert found[0] == log_prob.argmax()
    assert found[-1] == log_prob.argmin()
    assert len(indices(catalog.evenly_spaced("log_prob", 100))) == 40
    assert indices(catalog.evenly_spaced("log_prob", 0)) == []


@pytest.mark.parametrize("values", [[0, 0, 0, 0, 1], [0, 1, 1, 1, 1], [0, 0, 0, 0, 0], [0, 0.49, 0.5, 0.51, 1]])
@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_even_places_are_different_and_in_range(values: list[float], count: int) -> None:
    places = even_places(np.array(values, dtype=float), count)
    assert len(places) == count
    assert (np.diff(places) > 0).all()
    assert places[0] >= 0
    assert places[-1] < len(values)


def test_random_is_reproducible(catalog: Catalog) -> None:
    assert indices(catalog.random(10, seed=1)) == indices(catalog.random(10, seed=1))
    assert indices(catalog.random(10, seed=1)) != indices(catalog.random(10, seed=2))
    assert sorted(indices(catalog.random(100))) == list(range(40))
    assert set(indices(catalog.random(100, label=0))) == set(range(0, 40, 3))


def test_quantiles(catalog: Catalog) -> None:
    probabilities = [0.1, 0.5, 0.9]
    expected = np.quantile(catalog.column("log_prob"), probabilities)
    assert catalog.quantiles("log_prob", probabilities) == pytest.approx(expected)
    assert np.isnan(catalog.quantiles("log_prob", [0.5], label=99)).all()


def test_percentile(catalog: Catalog) -> None:
    log_prob = np.sort(catalog.column("log_prob"))
    assert catalog.percentile(log_prob[0] - 1) == 0
    assert catalog.percentile(log_prob[-1] + 1) == 100
    assert catalog.percentile(float(log_prob[10])) == pytest.approx(100 * 10.5 / 40)
    assert np.isnan(catalog.percentile(0.0, label=99))


def test_label_counts(catalog: Catalog) -> None:
    assert catalog.label_counts() == {0: 14, 1: 13, 2: 13}


@pytest.mark.parametrize("name", ["nothing", 'log_prob" FROM x; --', "", "Log_Prob"])
def test_unknown_column_is_refused(catalog: Catalog, name: str) -> None:
    for ask in (
        catalog.column,
        catalog.rows,
        lambda n: catalog.nearest(n, 0.0, 1),
        lambda n: catalog.quantiles(n, [0.5]),
        lambda n: catalog.evenly_spaced(n, 1),
        catalog.histogram,
        lambda n: catalog.inside("log_prob", n, []),
    ):
        with pytest.raises(ExplorerError, match="has no column"):
            ask(name)


def test_many_threads_ask_at_once(catalog: Catalog) -> None:
    expected, wrong = indices(catalog.rows(limit=40)), []

    def ask() -> None:
        for _ in range(10):
            if indices(catalog.rows(limit=40)) != expected:
                wrong.append(True)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_catalog_that_is_open_does_not_need_its_files(catalog: Catalog) -> None:
    part_path(catalog.folder, 0).unlink()
    assert len(catalog.column("index")) == 40
    with pytest.raises(ExplorerError, match="missing or damaged"):
        open_catalog(catalog.folder)


def test_catalog_without_values_has_an_empty_histogram_and_no_summary(tmp_path: Path, catalog: Catalog) -> None:
    empty = random_catalog(tmp_path / "random", catalog, seed=0, missing=1.0)
    assert empty.histogram("log_prob").counts.tolist() == [0]
    assert empty.summary() is None
    assert empty.rows().num_rows == 0
    assert empty.inside("contrast", "log_prob", [Region((-1e9, 1e9), (-1e9, 1e9))]).tolist() == []


def test_summary_is_that_of_all_values(catalog: Catalog) -> None:
    for label in (None, 1):
        assert catalog.summary(label) == summary(catalog.column("log_prob", label), 64, 256)


@pytest.mark.parametrize("seed", range(6))
def test_answers_are_those_of_numpy(tmp_path: Path, catalog: Catalog, seed: int) -> None:
    """On tables with ties, missing values and several parts, for all rows and for one label."""
    asked = random_catalog(tmp_path / "random", catalog, seed, missing=0.1 * (seed % 3))
    label = None if seed % 2 else 1
    rng = np.random.default_rng(seed)
    index, x, y = (asked.column(name, label) for name in ("index", "contrast", "log_prob"))
    there = np.flatnonzero(np.isfinite(y))
    limit, offset = (int(n) for n in rng.integers(1, len(there), 2))

    for descending, sign in ((True, -1), (False, 1)):
        order = there[np.lexsort((index[there], sign * y[there]))]
        expected = index[order][offset : offset + limit]
        assert indices(asked.rows("log_prob", descending, limit, offset, label)) == expected.tolist()
        some = rng.choice(len(asked), 30, replace=False)
        among = [i for i in index[order] if i in some]
        assert indices(asked.rows("log_prob", descending, 10, 0, label, some)) == among[:10]

    value = float(y[there[0]]) + 0.2
    nearest = there[np.lexsort((index[there], np.abs(y[there] - value)))][:limit]
    assert sorted(indices(asked.nearest("log_prob", value, limit, label))) == sorted(index[nearest].tolist())
    probabilities = rng.random(5)
    expected = np.quantile(y[there], probabilities)
    assert asked.quantiles("log_prob", probabilities, label) == pytest.approx(expected)
    edges, counts = asked.histogram("contrast", label)
    assert counts.tolist() == np.histogram(x[np.isfinite(x)], edges)[0].tolist()

    left, right, bottom, top = *np.nanquantile(x, (0.2, 0.7)), *np.nanquantile(y, (0.1, 0.8))
    inside = (x >= left) & (x <= right) & (y >= bottom) & (y <= top)
    box = Region((right, left), (bottom, top))
    assert asked.inside("contrast", "log_prob", [box], label).tolist() == index[inside].tolist()
    triangle = Region((left, right, left), (bottom, bottom, top))
    below = (y - bottom) / (top - bottom) < 1 - (x - left) / (right - left)
    within = inside & below & (x > left) & (x < right) & (y > bottom) & (y < top)
    found = asked.inside("contrast", "log_prob", [triangle], label)
    on_its_border = inside & ((x == left) | (y == bottom) | (y == top))
    assert set(index[within]) <= set(found) <= set(index[within | on_its_border])
    far = Region((1e6, 2e6), (bottom, top))
    assert asked.inside("contrast", "log_prob", [far, box, triangle, box], label).tolist() == index[inside].tolist()


def random_catalog(folder: Path, like: Catalog, seed: int, missing: float) -> Catalog:
    """A catalog of 100 random rows in 13 parts, with ties in log p, `missing` a share of the values."""
    rng = np.random.default_rng(seed)
    rows = 100
    identity = like.meta.identity.model_copy(update={"rows": rows})
    columns = {column.name: rng.integers(0, 3, rows) for column in like.columns} | {"index": np.arange(rows)}
    columns["contrast"] = rng.normal(size=rows).astype(np.float32)
    columns["log_prob"] = rng.normal(size=rows).round(1)
    masked = {name: pa.array(values) for name, values in columns.items()}
    for name in ("contrast", "log_prob"):
        masked[name] = pa.array(columns[name], mask=rng.random(rows) < missing)
    table = pa.table(masked)
    for part in range(identity.parts):
        here = identity.part_range(part)
        write_part(folder, part, table.slice(here.start, len(here)), identity)
    write_profile(folder, like.profile)
    (folder / "meta.json").write_text(like.meta.model_copy(update={"identity": identity}).model_dump_json())
    return open_catalog(folder)


def test_folder_with_the_signs_of_a_pattern(checkpoint: Checkpoint, store: Store, tmp_path: Path) -> None:
    for name in ("a[b]*?'{c}", "axb"):
        catalog = build_catalog(checkpoint, store, folder=tmp_path / name)
        assert catalog.column("index").tolist() == list(range(40))
