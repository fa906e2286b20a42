"""Questions to a catalog, answered by DuckDB over its rows in memory.

Names of columns are checked against those that the catalog has before they enter a query; all values are parameters. A
catalog may be asked from many threads at once. A query for rows finds their indices first, from one or two columns,
and fetches those rows alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa

from explorer.catalog.columns import Column
from explorer.catalog.histogram import Histogram, equal_bins
from explorer.catalog.layout import CatalogMeta, part_is_whole, read_meta
from explorer.catalog.profile import Profile, read_profile
from explorer.catalog.selection import Region, points_in_polygon
from explorer.catalog.table import Rows, load_rows
from explorer.errors import ExplorerError
from explorer.measures.dataset.distribution import Summary, summary

__all__ = ["Catalog", "even_places", "open_catalog"]

_OPEN_AT_ONCE = 4  # catalogs, each with all of its rows in memory


@dataclass(frozen=True)
class Catalog:
    """A data set scored by a model.

    All tables have every column, in the order of `columns`. `label` restricts a question to the images of one label;
    None asks about all. Questions that name a column raise an `ExplorerError` when there is no such column.

    Attributes:
        folder: where the files are.
        meta: what it is of, and log p of reference images.
        profile: local dimensionality and log p of the data set at each noise level.
    """

    folder: Path
    meta: CatalogMeta
    profile: Profile
    _rows: Rows = field(repr=False, compare=False)
    _summaries: dict[int | None, Summary] = field(default_factory=dict, repr=False, compare=False)
    _histograms: dict[tuple[str, int | None], Histogram] = field(default_factory=dict, repr=False, compare=False)

    def __len__(self) -> int:
        return self.meta.identity.rows

    @property
    def columns(self) -> tuple[Column, ...]:
        """Name, title and unit of every column."""
        return self.meta.identity.columns

    def column(self, name: str, label: int | None = None) -> np.ndarray:
        """One column in the order of the images, shape ``(N,)``; NaN where the model gave no finite value."""
        found = self._rows.select(f"SELECT {self._quoted(name)} FROM {{rows}} ORDER BY index", label)
        values: np.ndarray = found.column(0).to_numpy()
        return values

    def rows(
        self,
        sort: str = "log_prob",
        descending: bool = True,
        limit: int = 100,
        offset: int = 0,
        label: int | None = None,
        among: np.ndarray | None = None,
    ) -> pa.Table:
        """At most `limit` rows sorted by a column, after the first `offset`; those without a value are left out.

        Args:
            sort: name of the column; of equal values, the row of the smaller index comes first.
            descending: largest values first.
            limit, offset: how many rows, after how many.
            label: see the class.
            among: only the rows of the images with these indices; None for all.
        """
        name = self._quoted(sort)
        chosen = "" if among is None else "AND index IN (FROM among)"
        query = (
            f"SELECT index FROM {{rows}} WHERE {name} IS NOT NULL {chosen} "
            f"ORDER BY {name} {'DESC' if descending else 'ASC'}, index LIMIT $limit OFFSET $offset"
        )
        page = {"limit": max(0, limit), "offset": max(0, offset)}
        tables = {} if among is None else {"among": pa.table({"index": np.asarray(among, dtype=np.int64)})}
        return self.take(self._rows.select(query, label, page, tables).column(0).to_numpy())

    def take(self, indices: Sequence[int] | np.ndarray) -> pa.Table:
        """The rows of the images `indices`, in that order; those that are not there are left out."""
        wanted = pa.table({"wanted": np.asarray(indices, dtype=np.int64), "place": np.arange(len(indices))})
        query = "SELECT rows.* FROM rows JOIN wanted ON index = wanted ORDER BY place"
        return self._rows.select(query, tables={"wanted": wanted})

    def nearest(self, name: str, value: float, count: int, label: int | None = None) -> pa.Table:
        """The `count` rows whose column is nearest to `value`, sorted by that column, largest first."""
        column = self._quoted(name)
        query = (
            f"SELECT index FROM (SELECT index, {column} FROM {{rows}} WHERE {column} IS NOT NULL "
            f"ORDER BY abs({column} - $value), index LIMIT $count) ORDER BY {column} DESC, index"
        )
        found = self._rows.select(query, label, {"value": float(value), "count": max(0, count)})
        return self.take(found.column(0).to_numpy())

    def evenly_spaced(self, name: str, count: int, label: int | None = None) -> pa.Table:
        """`count` different rows whose column steps evenly from its largest to its smallest value.

        The row nearest to each step is taken, or the next one where a row would be taken twice.
        """
        column = self._quoted(name)
        table = self._rows.select(
            f"SELECT index, {column} AS value FROM {{rows}} WHERE {column} IS NOT NULL ORDER BY value, index", label
        )
        indices, values = (table.column(name).to_numpy() for name in ("index", "value"))
        places = even_places(values.astype(float), min(count, len(values)))
        return self.take(indices[places][::-1])

    def random(self, count: int, seed: int = 0, label: int | None = None) -> pa.Table:
        """`count` different rows drawn uniformly: what is typical. The same `seed` draws the same rows."""
        indices = self.column("index", label)
        chosen = min(max(0, count), len(indices))
        return self.take(np.random.default_rng(seed).choice(indices, chosen, replace=False))

    def inside(self, x: str, y: str, regions: Sequence[Region], label: int | None = None) -> np.ndarray:
        """Indices, increasing, of all images whose columns `x` and `y` lie in any of `regions`, borders of boxes
        included."""
        names = f"{self._quoted(x)}::DOUBLE AS x, {self._quoted(y)}::DOUBLE AS y"
        query = (
            f"SELECT * FROM (SELECT index, {names} FROM {{rows}}) "
            "WHERE x BETWEEN $left AND $right AND y BETWEEN $bottom AND $top"
        )
        chosen = np.zeros(len(self), dtype=bool)
        for region in regions:
            box = {"left": min(region.x), "right": max(region.x), "bottom": min(region.y), "top": max(region.y)}
            table = self._rows.select(query, label, box)
            index, across, up = (column.to_numpy() for column in table.columns)
            chosen[index if region.is_box else index[points_in_polygon(across, up, region)]] = True
        return np.flatnonzero(chosen)

    def histogram(self, name: str, label: int | None = None) -> Histogram:
        """Counts of a column in equal bins; see `explorer.catalog.histogram`. Without any value, one empty bin. It is
        remembered."""
        if (name, label) not in self._histograms:
            self._histograms[name, label] = self._count(name, label)
        return self._histograms[name, label]

    def _count(self, name: str, label: int | None) -> Histogram:
        column = f"{self._quoted(name)}::DOUBLE"
        count = self._rows.select(f"SELECT count({column}) FROM {{rows}}", label).column(0)[0].as_py()
        if not count:
            return Histogram(np.array([0.0, 1.0]), np.zeros(1, dtype=int))
        edges = equal_bins(count, *self.quantiles(name, (0.0, 0.25, 0.75, 1.0), label).tolist())
        counts = np.zeros(len(edges) - 1, dtype=int)
        query = (
            f"SELECT least(floor(({column} - $low) / $width), $last)::INTEGER AS bin, count(*) FROM {{rows}} "
            f"WHERE {column} IS NOT NULL GROUP BY bin"
        )
        bins = {"low": float(edges[0]), "width": float(edges[1] - edges[0]), "last": len(counts) - 1}
        place, inside = (found.to_numpy() for found in self._rows.select(query, label, bins).columns)
        counts[place] = inside
        return Histogram(edges, counts)

    def quantiles(self, name: str, probabilities: Sequence[float], label: int | None = None) -> np.ndarray:
        """Quantiles of a column, interpolated linearly; shape of `probabilities`. NaN when there are no values."""
        query = f"SELECT quantile_cont({self._quoted(name)}::DOUBLE, $probabilities) FROM {{rows}}"
        given = {"probabilities": [float(p) for p in probabilities]}
        found = self._rows.select(query, label, given).column(0)[0].as_py()
        return np.full(len(probabilities), np.nan) if found is None else np.array(found)

    def percentile(self, log_prob: float, label: int | None = None) -> float:
        """Percent of the images that are less probable than `log_prob` (nats); equal ones count half."""
        query = "SELECT count(*) FILTER (log_prob < $it), count(*) FILTER (log_prob = $it), count(log_prob) FROM {rows}"
        table = self._rows.select(query, label, {"it": float(log_prob)})
        below, equal, count = (column[0].as_py() for column in table.columns)
        return 100.0 * (below + equal / 2) / count if count else float("nan")

    def summary(self, label: int | None = None) -> Summary | None:
        """How log p is distributed, over all values, thinned in no way; None when none is finite. It is remembered."""
        if label not in self._summaries:
            log_prob = self.column("log_prob", label)
            if not np.isfinite(log_prob).any():
                return None
            self._summaries[label] = summary(log_prob, self.meta.dimensions, self.meta.levels)
        return self._summaries[label]

    def label_counts(self) -> dict[int, int]:
        """How many images each label has, by label; -1 stands for none."""
        table = self._rows.select("SELECT label, count(*) FROM {rows} GROUP BY label ORDER BY label")
        return dict(zip(table.column(0).to_pylist(), table.column(1).to_pylist(), strict=True))

    def _quoted(self, name: str) -> str:
        known = [column.name for column in self.columns]
        if name not in known:
            raise ExplorerError(f"A catalog has no column {name!r}. It has {', '.join(known)}.")
        return f'"{name}"'


def even_places(values: np.ndarray, count: int) -> np.ndarray:
    """`count` different, increasing places in sorted `values` whose values are nearest to an even spacing."""
    if count < 1:
        return np.empty(0, dtype=int)
    targets = np.linspace(values[0], values[-1], count)
    above = np.searchsorted(values, targets).clip(0, len(values) - 1)
    below = (above - 1).clip(0)
    nearest = np.where(targets - values[below] <= values[above] - targets, below, above)
    steps = np.arange(count)
    distinct = np.maximum.accumulate(nearest - steps) + steps
    return np.minimum(distinct, len(values) - count + steps)


def open_catalog(folder: Path) -> Catalog:
    """Open a complete catalog. Every part is verified, once for each version of its file, and read once.

    Raises:
        ExplorerError: it is not complete, or damaged.
    """
    meta = read_meta(folder)
    profile = read_profile(folder)
    identity = meta.identity
    for part in range(identity.parts):
        if not part_is_whole(folder, part, identity):
            raise ExplorerError(f"A part of the catalog in {folder} is missing or damaged. Build the catalog again.")
    return _opened(folder, meta, profile)


@lru_cache(maxsize=_OPEN_AT_ONCE)
def _opened(folder: Path, meta: CatalogMeta, profile: Profile) -> Catalog:
    return Catalog(folder, meta, profile, load_rows(folder, meta.identity))
