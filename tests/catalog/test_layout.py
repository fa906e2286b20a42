"""How many rows a part has."""

from __future__ import annotations

import pytest

from explorer.catalog import layout


@pytest.mark.parametrize(("rows", "expected"), [(1, 128), (32_768, 128), (32_769, 256), (1_281_167, 5_120)])
def test_parts_are_few(monkeypatch: pytest.MonkeyPatch, rows: int, expected: int) -> None:
    monkeypatch.setattr(layout, "_SMALLEST_PART", 128)
    found = layout.part_rows(rows)
    assert found == expected
    assert -(-rows // found) <= 256
