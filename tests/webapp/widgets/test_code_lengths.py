"""The formula above the code lengths is the one that gives the numbers."""

from __future__ import annotations

import pytest

from explorer.webapp.widgets.code_lengths import code_length_formula


@pytest.mark.parametrize(
    ("levels", "formula"), [(256, "8 d − log₂ p"), (17, "d log₂ 17 − log₂ p"), (2, "1 d − log₂ p")]
)
def test_the_formula_names_the_bits_of_the_levels(levels: int, formula: str) -> None:
    assert code_length_formula(levels) == formula
