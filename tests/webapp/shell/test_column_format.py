"""Columns as people read them."""

from __future__ import annotations

import math

import pytest

from explorer.webapp.shell.column_format import ColumnFormat

LOG_P = ColumnFormat("log p", "dB/dimension", 0.5, 2)


def test_numbers_are_converted_and_written_with_their_unit() -> None:
    assert LOG_P.number(-24.691) == "−12.35"
    assert LOG_P.text(20_000.0) == "10,000.00 dB/dim"
    assert LOG_P.axis == "log p [dB/dimension]"
    assert LOG_P.narrow("Spread") == "Spread [dB/dim]"
    assert LOG_P.convert([2.0]) == pytest.approx([1.0])


@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_no_value(value: float | None) -> None:
    assert LOG_P.number(value) == "none"


def test_column_without_unit() -> None:
    contrast = ColumnFormat("Contrast", "", 1.0, 3)
    assert contrast.axis == contrast.narrow("Contrast") == "Contrast"
    assert contrast.text(0.25) == "0.250"


def test_a_difference_that_rounds_to_nothing_has_no_sign() -> None:
    assert [LOG_P.signed(value) for value in (-0.004, 0.004, -1.0, 1.0)] == ["0.00", "0.00", "−0.50", "+0.50"]
    assert LOG_P.number(-0.004) == "0.00"
