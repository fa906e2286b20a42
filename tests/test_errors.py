"""What other libraries say, as a part of our sentences."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, ValidationError, model_validator

from explorer.errors import in_brief


class Point(BaseModel):
    x: float
    y: tuple[float, ...] = ()

    @model_validator(mode="after")
    def _positive(self) -> Point:
        if self.x < 0:
            raise ValueError("x is negative")
        return self


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ValueError("wrong"), "wrong"),
        (ValueError("\nfirst\nsecond"), "first"),
        (EOFError(), "EOFError"),
        (ValueError("x" * 10_000), "x" * 200 + "…"),
    ],
)
def test_the_first_line_and_not_too_long(error: Exception, words: str) -> None:
    assert in_brief(error) == words


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "x: Field required"),
        ({"x": 1, "y": [1, "two"]}, "y.1: Input should be a valid number, unable to parse string as a number"),
        ({"x": -1}, "Value error, x is negative"),
    ],
)
def test_the_first_that_pydantic_finds_wrong(values: dict, words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Point.model_validate(values)
    assert in_brief(caught.value) == words
