"""A few of the kills of `python -m benchmarks.kills`, those that no other test has, and of what they uncovered."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.kills import AIMS, kill_once
from benchmarks.victims import Import, Training

pytestmark = pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc")


@pytest.mark.parametrize(
    ("title", "delay"),
    [
        ("import: as soon as it writes", 0.0),
        ("store: process", 1.0),
        ("training: all of its group", 1.0),  # with its supervisor and the queue: nobody is left to say so
        ("training in 2 processes: worker of rank 1", 0.0),  # the other waits for it to come
    ],
)
def test_what_is_killed_starts_again_and_nothing_is_damaged(tmp_path: Path, title: str, delay: float) -> None:
    aim = next(aim for aim in AIMS if aim.title(aim.work(tmp_path)) == title)
    outcome = kill_once(aim, tmp_path, None, tmp_path / "home", delay)
    assert outcome is None or not outcome.left, "None: it was faster than the kill"


def test_the_benchmark_kills_everything_that_works() -> None:
    works = [type(aim.work(Path())) for aim in AIMS]
    assert len(set(works)) == 9
    assert works.count(Training) > works.count(Import) > 1
