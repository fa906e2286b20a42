"""Answers that are remembered for a while."""

from __future__ import annotations

import threading

import pytest

from explorer.errors import ExplorerError
from explorer.jobs import timed
from explorer.jobs.timed import Timed


def test_an_answer_is_asked_for_again_when_it_is_old(monkeypatch: pytest.MonkeyPatch) -> None:
    now, asked = [100.0], iter(range(10))
    monkeypatch.setattr(timed.time, "monotonic", lambda: now[0])
    answer = Timed(lambda: next(asked), 2.0)
    assert [answer(), answer()] == [0, 0]
    now[0] += 2.0
    assert answer() == 1
    answer.forget()
    assert answer() == 2


def test_an_error_is_remembered_like_an_answer() -> None:
    asked = []

    def ask() -> int:
        asked.append(1)
        raise ExplorerError("no answer")

    answer = Timed(ask, 1000.0)
    for _ in range(2):
        with pytest.raises(ExplorerError, match="no answer"):
            answer()
    assert len(asked) == 1


def test_many_who_ask_at_once_ask_once() -> None:
    asked, begun, go = [], threading.Event(), threading.Event()

    def ask() -> int:
        asked.append(1)
        begun.set()
        go.wait(30)
        return 7

    answer, found = Timed(ask, 1000.0), []
    threads = [threading.Thread(target=lambda: found.append(answer())) for _ in range(4)]
    for thread in threads:
        thread.start()
    begun.wait(30)
    go.set()
    for thread in threads:
        thread.join()
    assert found == [7] * 4
    assert len(asked) == 1
