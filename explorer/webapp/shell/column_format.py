"""How the columns of a catalog are shown: title, unit, number of decimals."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from explorer.catalog.columns import Column
from explorer.catalog.query import Catalog
from explorer.units import LogProbUnit, convert_log_prob, format_number, short_unit, unit_label, with_unit

__all__ = ["ColumnFormat", "column_formats"]


class ColumnFormat(NamedTuple):
    """How one column is shown.

    Attributes:
        title: for people.
        unit: that the numbers are shown in.
        factor: from the stored number to the shown one.
        decimals: of a number by itself.
    """

    title: str
    unit: str
    factor: float
    decimals: int

    @property
    def axis(self) -> str:
        """Title and unit, for an axis or a list."""
        return with_unit(self.title, self.unit)

    def convert(self, values: np.ndarray) -> np.ndarray:
        """Stored numbers, as float64 in the unit that is shown."""
        return np.asarray(values, dtype=np.float64) * self.factor

    def number(self, value: float | None) -> str:
        """A stored number, without its unit."""
        return self._written(value, "")

    def signed(self, value: float) -> str:
        """A difference of stored numbers, with its sign and without its unit."""
        return self._written(value, "+")

    def narrow(self, title: str) -> str:
        """A title of key numbers, with the unit."""
        return with_unit(title, short_unit(self.unit))

    def text(self, value: float | None) -> str:
        """A stored number with its unit, below a thumbnail."""
        return f"{self.number(value)} {short_unit(self.unit)}".rstrip()

    def _written(self, value: float | None, sign: str) -> str:
        if value is None or not math.isfinite(value):
            return "none"
        return format_number(value * self.factor, f"{sign},.{self.decimals}f")


_LOG_PROB_DECIMALS: dict[LogProbUnit, int] = {"dB/dim": 2, "nats": 0, "bits": 0, "bits/dim": 3}


def column_formats(catalog: Catalog, unit: LogProbUnit) -> dict[str, ColumnFormat]:
    """The format of every column but index and label, by name, log p first and in `unit`."""
    d = catalog.meta.dimensions
    log_prob = ColumnFormat("log p", unit_label(unit), convert_log_prob(1.0, unit, d), _LOG_PROB_DECIMALS[unit])
    others = (column for column in catalog.columns if column.name not in ("index", "label", "log_prob"))
    return {"log_prob": log_prob, **{column.name: _format(column) for column in others}}


def _format(column: Column) -> ColumnFormat:
    if column.unit == "dimensions":
        return ColumnFormat(column.title, "dimensions", 1.0, 1)
    if column.unit == "bits":
        return ColumnFormat(column.title, "bits", 1.0, 0)
    return ColumnFormat(column.title, "", 1.0, 3)
