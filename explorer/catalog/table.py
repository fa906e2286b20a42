"""The rows of a catalog in memory, as a DuckDB table.

The parts are read once. Then every query runs in memory, 56 bytes per row: 72 MB for the 1,281,167 images of
ImageNet.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from explorer.catalog.layout import Identity, part_path
from explorer.errors import ExplorerError

__all__ = ["Rows", "load_rows"]


class Rows:
    """All rows of a catalog. It may be asked from many threads at once."""

    def __init__(self, database: duckdb.DuckDBPyConnection) -> None:
        self._database = database

    def select(
        self,
        query: str,
        label: int | None = None,
        values: Mapping[str, Any] | None = None,
        tables: Mapping[str, pa.Table] | None = None,
    ) -> pa.Table:
        """Answer a query.

        Args:
            query: in SQL, with ``{rows}`` for the rows that it is about.
            label: that these have; None for all rows.
            values: of the parameters ``$name`` in the query.
            tables: other tables that the query names.
        """
        source = "rows" if label is None else "(FROM rows WHERE label = $label)"
        given = dict(values or {}) | ({} if label is None else {"label": int(label)})
        # A cursor is a connection of its own to the same database: threads share neither results nor names.
        with self._database.cursor() as cursor:
            for name, table in (tables or {}).items():
                cursor.register(name, table)
            return cursor.sql(query.replace("{rows}", source), params=given).to_arrow_table()


def load_rows(folder: Path, identity: Identity) -> Rows:
    """Read all parts of a catalog.

    Raises:
        ExplorerError: a part is missing or damaged.
    """
    # No extension is ever fetched: Parquet is built in.
    database = duckdb.connect(config={"autoinstall_known_extensions": False, "autoload_known_extensions": False})
    files = [str(part_path(folder, part)) for part in range(identity.parts)]
    try:
        database.execute("CREATE TABLE rows AS SELECT * FROM read_parquet(?) ORDER BY index", [files])
    except duckdb.Error as error:
        raise ExplorerError(
            f"The catalog in {folder} was damaged or removed while it was read. Reload the page to rebuild it."
        ) from error
    return Rows(database)
