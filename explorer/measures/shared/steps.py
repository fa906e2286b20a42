"""Work in steps: a generator yields the share that is done, and returns the result."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

__all__ = ["finish"]

Result = TypeVar("Result")


def finish(steps: Generator[float, None, Result]) -> Result:
    """Take all steps at once; what they return."""
    while True:
        try:
            next(steps)
        except StopIteration as done:
            result: Result = done.value
            return result
