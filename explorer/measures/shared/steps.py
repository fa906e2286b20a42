"""Work in steps: a generator yields the share that is done, and returns the result."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TypeVar

__all__ = ["finish"]

Result = TypeVar("Result")


def finish(steps: Generator[float, None, Result], report: Callable[[float], None] | None = None) -> Result:
    """Take all steps at once; what they return.

    Args:
        steps: the work.
        report: called with the share that is done after each step; what it raises stops the work.
    """
    while True:
        try:
            share = next(steps)
        except StopIteration as done:
            result: Result = done.value
            return result
        if report is not None:
            report(share)
