"""What the browser says of a dropped file is not to be trusted."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from explorer.webapp.widgets.drop_zone import Dropped, read_dropped


def test_a_file_comes_with_its_bytes() -> None:
    content = base64.b64encode(b"\0\xff").decode()
    assert read_dropped({"name": "a.png", "content": content, "size": 2, "others": 1}) == Dropped(
        "a.png", b"\0\xff", 2, None, 1
    )
    assert read_dropped({"name": "a.png", "size": 9, "sides": [9000, 8000]}).sides == (9000, 8000)


@pytest.mark.parametrize(
    "file",
    [
        {},
        {"name": ["a"], "content": 5, "size": "many", "sides": [1], "others": -3},
        {"name": None, "content": "no base64!", "size": float("nan"), "sides": ["a", None], "others": 1e300},
        {"content": "YQ", "size": {}, "sides": {"0": 1, "1": 2}, "others": [[]]},
    ],
)
def test_anything_else_is_a_file_that_could_not_be_read(file: dict[str, Any]) -> None:
    found = read_dropped(file)
    assert (found.data, found.size, found.others) == (None, 0, 0)
    assert found.sides in (None, (0, 0))
    assert len(read_dropped({"name": "x" * 10**6}).name) == 200
