"""What other libraries say, as a part of our sentences."""

from __future__ import annotations

import pytest

from explorer.errors import in_brief


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
