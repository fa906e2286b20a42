"""Questions to a catalog, answered by DuckDB over its Parquet parts.

Names of columns are checked against those that the catalog has before they enter a query; all values are parameters. A
catalog may be asked from many threads at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from explorer.catalog.columns import Column
from explorer.catalog.layout import CatalogMeta, part_is_whole, part_path, read_meta
from explorer.catalog.profile import Profile, read_profile
from explorer.errors import ExplorerError

__all__ = ["Catalog", "even_places", "open_catalog"]


def _connect() -> duckdb.DuckDBPyConnection:
    # No extension is ever fetched: Parquet is built in.
    return duckdb.connect(config={"autoinstall_known_extensions": False, "autoload_known_extensions": False})


@dataclass(frozen=True)
class Catalog:
    """A data set scored by a model.

    All tables have every column, in the order of `columns`. `label` restricts a question to the images of one label;
    None asks about all.

    Attributes:
        folder: where the files are.
        meta: what it is of, and log p of reference images.
        profile: local dimensionality and log p of the data set at each noise level.
    """

    folder: Path
    meta: CatalogMeta
    profile: Profile
    _connection: duckdb.DuckDBPyConnection = field(default_factory=_connect, repr=False, compare=False)

    def __len__(self) -> int:
        return self.meta.identity.rows

    @property
    def columns(self) -> tuple[Column, ...]:
        """Name, title and unit of every column."""
        return self.meta.identity.columns

    def column(self, name: str, label: int | None = None) -> np.ndarray:
        """One column in the order of the images, shape ``(N,)``; NaN where the model gave no finite value.

        Raises:
            ExplorerError: there is no such column.
        """
        table = self._select(f"SELECT {self._quoted(name)} FROM {{rows}} ORDER BY index", label)
        return table.column(0).to_numpy()

    def rows(
        self,
        sort: str = "log_prob",
        descending: bool = True,
        limit: int = 100,
        offset: int = 0,
        label: int | None = None,
    ) -> pa.Table:
        """At most `limit` rows sorted by a column, after the first `offset`; those without a value are left out.

        Raises:
            ExplorerError: there is no such column.
        """
        name = self._quoted(sort)
        query = (
            f"SELECT * FROM {{rows}} WHERE {name} IS NOT NULL "
            f"ORDER BY {name} {'DESC' if descending else 'ASC'}, index LIMIT ? OFFSET ?"
        )
        return self._select(query, label, [max(0, limit), max(0, offset)])

    def take(self, indices: Sequence[int] | np.ndarray) -> pa.Table:
        """The rows of the images `indices`, in that order; those that are not there are left out."""
        wanted = [int(index) for index in indices]
        query = (
            "SELECT {rows}.* FROM {rows} JOIN (SELECT unnest(?) AS wanted, generate_subscripts(?, 1) AS place) "
            "ON index = wanted ORDER BY place"
        )
        return self._select(query, None, [wanted, wanted])

    def nearest(self, name: str, value: float, count: int, label: int | None = None) -> pa.Table:
        """The `count` rows whose column is nearest to `value`, sorted by that column, largest first.

        Raises:
            ExplorerError: there is no such column.
        """
        column = self._quoted(name)
        query = (
            f"SELECT * FROM (SELECT * FROM {{rows}} WHERE {column} IS NOT NULL ORDER BY abs({column} - ?), index "
            f"LIMIT ?) ORDER BY {column} DESC, index"
        )
        return self._select(query, label, [float(value), max(0, count)])

    def evenly_spaced(self, name: str, count: int, label: int | None = None) -> pa.Table:
        """`count` different rows whose column steps evenly from its largest to its smallest value.

        The row nearest to each step is taken, or the next one where a row would be taken twice.

        Raises:
            ExplorerError: there is no such column.
        """
        column = self._quoted(name)
        table = self._select(
            f"SELECT index, {column} AS value FROM {{rows}} WHERE {column} IS NOT NULL ORDER BY value, index", label
        )
        indices, values = (table.column(name).to_numpy() for name in ("index", "value"))
        places = even_places(values.astype(float), min(count, len(values)))
        return self.take(indices[places][::-1])

    def random(self, count: int, seed: int = 0, label: int | None = None) -> pa.Table:
        """`count` different rows drawn uniformly: what is typical. The same `seed` draws the same rows."""
        indices = self._select("SELECT index FROM {rows} ORDER BY index", label).column(0).to_numpy()
        order = np.random.default_rng(seed).permutation(len(indices))[: max(0, count)]
        return self.take(indices[order])

    def quantiles(self, name: str, probabilities: Sequence[float], label: int | None = None) -> np.ndarray:
        """Quantiles of a column, interpolated linearly; shape of `probabilities`. NaN when there are no values.

        Raises:
            ExplorerError: there is no such column.
        """
        query = f"SELECT quantile_cont({self._quoted(name)}::DOUBLE, ?) FROM {{rows}}"
        found = self._select(query, label, [[float(p) for p in probabilities]]).column(0)[0].as_py()
        return np.full(len(probabilities), np.nan) if found is None else np.array(found)

    def percentile(self, log_prob: float, label: int | None = None) -> float:
        """Percent of the images that are less probable than `log_prob` (nats); equal ones count half."""
        query = "SELECT count(*) FILTER (log_prob < ?), count(*) FILTER (log_prob = ?), count(log_prob) FROM {rows}"
        table = self._select(query, label, [float(log_prob), float(log_prob)])
        below, equal, count = (column[0].as_py() for column in table.columns)
        return 100.0 * (below + equal / 2) / count if count else float("nan")

    def label_counts(self) -> dict[int, int]:
        """How many images each label has, by label; -1 stands for none."""
        table = self._select("SELECT label, count(*) FROM {rows} GROUP BY label ORDER BY label")
        return dict(zip(table.column(0).to_pylist(), table.column(1).to_pylist(), strict=True))

    def _quoted(self, name: str) -> str:
        known = [column.name for column in self.columns]
        if name not in known:
            raise ExplorerError(f"A catalog has no column {name!r}. It has {', '.join(known)}.")
        return f'"{name}"'

    def _select(self, query: str, label: int | None = None, parameters: Sequence[Any] = ()) -> pa.Table:
        """Run `query` with ``{rows}`` standing for the (filtered) rows of all parts."""
        files = [str(part_path(self.folder, part)) for part in range(self.meta.identity.parts)]
        source = "SELECT * FROM read_parquet(?)" + ("" if label is None else " WHERE label = ?")
        given = [files] if label is None else [files, int(label)]
        try:
            # A cursor is a connection of its own to the same database: threads do not share results.
            relation = self._connection.cursor().sql(
                f"WITH selected AS ({source}) " + query.replace("{rows}", "selected"), params=[*given, *parameters]
            )
            return relation.to_arrow_table()
        except duckdb.Error as error:
            raise ExplorerError(
                f"The catalog in {self.folder} was damaged or removed while it was read. Reload the page to mend it."
            ) from error


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
    """Open a complete catalog. Every part is verified, once for each version of its file.

    Raises:
        ExplorerError: it is not complete, or damaged.
    """
    meta = read_meta(folder)
    profile = read_profile(folder)
    identity = meta.identity
    for part in range(identity.parts):
        if not part_is_whole(folder, part, identity):
            raise ExplorerError(f"A part of the catalog in {folder} is missing or damaged. Build the catalog again.")
    return _opened(folder, meta.model_dump_json(), profile.model_dump_json())


@lru_cache(maxsize=16)
def _opened(folder: Path, meta: str, profile: str) -> Catalog:
    return Catalog(folder, CatalogMeta.model_validate_json(meta), Profile.model_validate_json(profile))
