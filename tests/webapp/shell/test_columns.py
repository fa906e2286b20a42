"""Columns as people read them."""

from __future__ import annotations

import math

import pytest

from explorer.webapp.shell.columns import ColumnView

VIEW = ColumnView("log p", "dB/dimension", "dB/dim", 0.5, 2)


def test_numbers_are_converted_and_written_with_their_unit() -> None:
    assert VIEW.number(-24.691) == "−12.35"
    assert VIEW.text(20_000.0) == "10,000.00 dB/dim"
    assert VIEW.axis == "log p [dB/dimension]"
    assert VIEW.convert([2.0]) == pytest.approx([1.0])


@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_no_value(value: float | None) -> None:
    assert VIEW.number(value) == "none"


def test_column_without_unit() -> None:
    view = ColumnView("Contrast", "", "", 1.0, 3)
    assert view.axis == "Contrast"
    assert view.text(0.25) == "0.250"
