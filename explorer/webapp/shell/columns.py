"""How the columns of a catalog are shown: title, unit, number of decimals."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from explorer.catalog.columns import Column
from explorer.catalog.query import Catalog
from explorer.units import LogProbUnit, convert_log_prob, unit_label

__all__ = ["ColumnView", "column_views"]


class ColumnView(NamedTuple):
    """How one column is shown.

    Attributes:
        title: for people.
        unit: that the numbers are shown in.
        short_unit: the same beside a number.
        factor: from the stored number to the shown one.
        decimals: of a number by itself.
    """

    title: str
    unit: str
    short_unit: str
    factor: float
    decimals: int

    @property
    def axis(self) -> str:
        """Title and unit, for an axis or a list."""
        return f"{self.title} [{self.unit}]" if self.unit else self.title

    def convert(self, values: np.ndarray) -> np.ndarray:
        """Stored numbers, as float64 in the unit that is shown."""
        return np.asarray(values, dtype=np.float64) * self.factor

    def number(self, value: float | None) -> str:
        """A stored number, without its unit."""
        if value is None or not math.isfinite(value):
            return "none"
        return f"{value * self.factor:,.{self.decimals}f}".replace("-", "−")

    def text(self, value: float | None) -> str:
        """A stored number with its unit."""
        return f"{self.number(value)} {self.short_unit}".rstrip()


_LOG_PROB_DECIMALS: dict[LogProbUnit, int] = {"dB/dim": 2, "nats": 0, "bits": 0, "bits/dim": 3}


def column_views(catalog: Catalog, unit: LogProbUnit) -> dict[str, ColumnView]:
    """A view of every column but index and label, by name, log p first and in `unit`."""
    d = catalog.meta.dimensions
    log_prob = ColumnView("log p", unit_label(unit), unit, convert_log_prob(1.0, unit, d), _LOG_PROB_DECIMALS[unit])
    others = {column.name: _view(column) for column in catalog.columns if column.name not in ("index", "label")}
    return {"log_prob": log_prob, **{name: view for name, view in others.items() if name != "log_prob"}}


def _view(column: Column) -> ColumnView:
    if column.unit == "dimensions":
        return ColumnView(column.title, "dimensions", "dim", 1.0, 1)
    if column.unit == "bits":
        return ColumnView(column.title, "bits", "bits", 1.0, 0)
    return ColumnView(column.title, "", "", 1.0, 3)
