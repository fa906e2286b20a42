"""An answer that is asked for often and may be some seconds old."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

from explorer.errors import ExplorerError

__all__ = ["Timed"]

T = TypeVar("T")


class Timed(Generic[T]):
    """``ask()``, remembered for a while. An `ExplorerError` is remembered too: a server that hangs is waited for once.

    Args:
        ask: gives the answer.
        seconds: how old it may be.
    """

    def __init__(self, ask: Callable[[], T], seconds: float) -> None:
        self._ask, self._seconds = ask, seconds
        self._lock = threading.Lock()  # many sessions, one question
        self._answer: Future[T] = Future()
        self._until = 0.0

    def __call__(self) -> T:
        """The answer.

        Raises:
            ExplorerError: what `ask` raised.
        """
        with self._lock:
            answer = self._answer
            if time.monotonic() >= self._until:
                self._answer = answer = Future()
                try:
                    answer.set_result(self._ask())
                except ExplorerError as error:
                    answer.set_exception(error)
                self._until = time.monotonic() + self._seconds
        return answer.result()

    def forget(self) -> None:
        """Ask again at the next call."""
        self._until = 0.0
