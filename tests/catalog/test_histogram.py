"""Bins by the rule of Freedman and Diaconis, against numpy's."""

from __future__ import annotations

import numpy as np
import pytest

from explorer.catalog.histogram import equal_bins


def bins_of(values: np.ndarray) -> np.ndarray:
    return equal_bins(len(values), *np.quantile(values, (0.0, 0.25, 0.75, 1.0)).tolist())


@pytest.mark.parametrize("count", [2, 30, 1_000])
def test_few_values_have_the_bins_of_numpy(count: int) -> None:
    values = np.random.default_rng(count).normal(size=count)
    assert bins_of(values) == pytest.approx(np.histogram_bin_edges(values, "fd"))


@pytest.mark.parametrize(
    "values", [np.append(np.random.default_rng(0).normal(size=1_000), 1e6), np.append(np.zeros(99), 1.0)]
)
def test_bins_are_80_at_most(values: np.ndarray) -> None:
    edges = bins_of(values)
    assert len(edges) == 81
    assert (edges[0], edges[-1]) == (values.min(), values.max())


@pytest.mark.parametrize("values", [np.array([3.0]), np.full(5, -2.0)])
def test_equal_values_are_in_the_middle_of_one_bin(values: np.ndarray) -> None:
    assert bins_of(values).tolist() == [values[0] - 0.5, values[0] + 0.5]
