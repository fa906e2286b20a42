"""How settings are written in a URL, and what is said of a wrong one."""

from __future__ import annotations

from typing import Any

import pytest

from explorer.webapp.shell.setting_forms import Form, Unfit, fits, fitted, number, one_of, some_of, switch, whole_number

LETTERS = one_of(["a", "b"], str.upper)
SOME = some_of(["a", "b", "c"], str.upper)
SHARE = number(0.0, 1.0)
ITEM = whole_number(0, 178)


@pytest.mark.parametrize(
    ("form", "value", "text"),
    [
        (LETTERS, "b", "B"),
        (SOME, ["a", "c"], "A,C"),
        (SHARE, 0.1 + 0.2, "0.3"),
        (number(), -1e-7, "-1e-07"),
        (ITEM, 178, "178"),
        (switch(), True, "true"),
    ],
)
def test_a_value_comes_back(form: Form[Any], value: Any, text: str) -> None:
    assert form.write(value) == text
    assert form.read(text) == pytest.approx(value) if isinstance(value, float) else form.read(text) == value
    assert fits(form, value)


@pytest.mark.parametrize(
    ("form", "text", "why", "instead"),
    [
        (LETTERS, "C", "is not among the choices", "default"),
        (LETTERS, "b", "is not among the choices", "default"),  # its word is B
        (SOME, "A,X", "is not among the choices", ["a"]),
        (SHARE, "abc", "is not a number", "default"),
        (SHARE, "nan", "is not a number", "default"),
        (SHARE, "inf", "is not a number", "default"),
        (SHARE, "1.5", "is not between 0 and 1", 1.0),
        (SHARE, "-2", "is not between 0 and 1", 0.0),
        (ITEM, "99999", "is not between 0 and 178", 178),
        (ITEM, "-3", "is not between 0 and 178", 0),
        (ITEM, "5.5", "is not a whole number", "default"),
        (ITEM, "9" * 10_000, "is not between 0 and 178", 178),
        (switch(), "yes", "is neither true nor false", "default"),
    ],
)
def test_what_is_no_value_is_told_and_replaced(form: Form[Any], text: str, why: str, instead: Any) -> None:
    with pytest.raises(Unfit) as unfit:
        form.read(text)
    assert unfit.value.why == why
    assert fitted(form, text, "default") == instead


def test_a_value_that_is_no_longer_there_does_not_fit() -> None:
    assert not fits(LETTERS, "gone")
    assert not fits(ITEM, 179)
