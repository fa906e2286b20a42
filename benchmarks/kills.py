"""Kill the app, jobs and commands at random moments: everything starts again, and nothing stored is damaged.

    nice -n -10 python -m benchmarks.kills [--kills 50] [--seed 0]     # about half an hour on two cores
    python -m benchmarks.kills --seed 0 --number 17                    # one of them again

Each kill is a SIGKILL in a data folder of its own, with a tiny model and few images, at a moment of the work that is
drawn from the seed and the number. Afterwards the work is started again with the functions that the pages call, until
it is done, and compared with the same work without interruption: the weights of a training bit by bit, a catalog row by
row, the store by its fingerprint. A killed job has to say so before it is resumed. At the end no process of that data
folder may be left, alive or dead (a zombie). Needs Linux, and the packages of ``benchmarks/requirements.txt``.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NamedTuple

import torch
import typer
from rich.console import Console

from benchmarks.processes import Process, Watch, is_in_table, processes_of
from benchmarks.result import Cell, Result, WriteOption, measured, report
from benchmarks.victims import App, Card, Catalog, CatalogCommand, Checks, Import, MapJob, Stores, Training
from benchmarks.works import Command, Work, at_home, wait

__all__ = ["AIMS", "Aim", "Outcome", "kill_once", "measure"]

_ATTEMPTS = 6
_STARTS = 3  # after a kill; one should do
_END_SECONDS = 60.0  # in which the queue, and all others, find that there is nothing left to do

_console = Console(width=120)


class Aim(NamedTuple):
    """What is killed.

    Attributes:
        what: in words, after the title of the work.
        work: makes the work, given the folder of things.
        victims: the processes to kill, among those of the data folder; none while they are not there.
        group: kill the whole group of that process.
        within: seconds from their appearance to the kill; None for as long as the work takes.
    """

    what: str
    work: Callable[[Path], Work]
    victims: Callable[[Work, list[Process]], list[Process]]
    group: bool = False
    within: float | None = None

    def title(self, work: Work) -> str:
        """What is killed, in words."""
        return f"{work.title}: {self.what}"


def _role(role: str, rank: int | None = None) -> Callable[[Work, list[Process]], list[Process]]:
    return lambda _work, found: [p for p in found if p.role == role and rank in (None, p.rank)][:1]


def _command(work: Work, found: list[Process]) -> list[Process]:
    assert isinstance(work, Command)
    return [process for process in found if process.pid == work.process.pid]


def _app(work: Work, found: list[Process]) -> list[Process]:
    assert isinstance(work, App)
    return [process for process in found if process.pid == work.app.pid]


def _as_soon_as_it_writes(work: Work, found: list[Process]) -> list[Process]:
    written = any((Path(os.environ["EXPLORER_HOME"]) / "checkpoints").glob("*"))
    return _command(work, found) if written else []


def _two(things: Path) -> Work:
    return Training(things, processes=2)


AIMS = (
    Aim("worker", Training, _role("worker")),
    Aim("process", CatalogCommand, _command),
    Aim("process", Stores, _command),
    Aim("supervisor", Training, _role("supervisor")),
    Aim("worker", Catalog, _role("worker")),
    Aim("as soon as it writes", Import, _as_soon_as_it_writes, within=0.05),
    Aim("queue", Training, _role("queue")),
    Aim("worker of rank 1", _two, _role("worker", 1)),
    Aim("app", App, _app),
    Aim("worker", Checks, _role("worker")),
    Aim("all of its group", Training, _role("worker"), group=True),
    Aim("worker of one", lambda things: Catalog(things, shards=2), _role("worker")),
    Aim("worker of rank 0", _two, _role("worker", 0)),
    Aim("process", Card, _command),
    Aim("process", Import, _command),
    Aim("supervisor of rank 1", _two, _role("supervisor", 1)),
    Aim("submitit's process", Training, _role("controller")),
    Aim("worker", MapJob, _role("worker")),
)


class Outcome(NamedTuple):
    """How a kill went.

    Attributes:
        title: what was killed.
        recovery: seconds from the kill to the end of the work.
        left: processes that are still there, though all is done.
    """

    title: str
    recovery: float
    left: list[Process]


def measure(work: Work) -> float:
    """Do work without interruption, to compare with; returns the seconds that it took."""
    work.begin()
    began = time.monotonic()
    home = Path(os.environ["EXPLORER_HOME"])
    if not isinstance(work, Command):
        wait(lambda: work.over() or bool(_role("worker")(work, processes_of(home))), "a worker begins")
        began = time.monotonic()
    wait(work.over, "the work ends")
    seconds = time.monotonic() - began
    assert work.done(), "the work without interruption is not done"
    work.check()
    work.end()
    wait(lambda: not processes_of(home), "all its processes end", _END_SECONDS)
    return seconds


def kill_once(aim: Aim, things: Path, truth: Path | None, home: Path, delay: float) -> Outcome | None:
    """Kill, start again, and check.

    Args:
        aim: what to kill.
        things: see `Work`.
        truth: the data folder of the same work without interruption; None leaves the comparison out.
        home: an empty data folder.
        delay: seconds after the victim is there.

    Returns:
        How it went; None where the work was over before.

    Raises:
        AssertionError: something is damaged, or does not start again.
    """
    work = aim.work(things)
    with at_home(home), Watch(home) as watch:
        work.begin()
        try:
            victims: list[Process] = []

            def there() -> bool:
                victims[:] = aim.victims(work, processes_of(home))
                return bool(victims) or work.over()

            wait(there, "there is a process to kill")
            threading.Event().wait(delay)
            hit = _kill(victims, aim.group) and not (isinstance(work, Command) and work.process.wait() == 0)
            began = time.monotonic()
            work.check_listings()
            if hit and isinstance(work, App):
                work.app.wait()
                work.start()
            wait(work.over, "the work ends")
            for _ in range(_STARTS):
                if work.done():
                    break
                work.check_listings()
                work.go_on()
                wait(work.over, "the work that was started again ends")
            assert work.done(), f"it was started again {_STARTS} times and is not done"
            recovery = time.monotonic() - began
            work.check(truth)
            work.check_listings()
        finally:
            work.end()
        if not hit:
            return None
        with contextlib.suppress(AssertionError):  # what is left is told below
            wait(lambda: not watch.left(), "all processes end", _END_SECONDS)
        return Outcome(aim.title(work), recovery, watch.left())


def _kill(victims: list[Process], group: bool) -> bool:
    hit = False
    for victim in victims:
        with contextlib.suppress(ProcessLookupError):
            if is_in_table(victim):
                if group:
                    assert os.getpgid(victim.pid) != os.getpgrp(), "this script is in that group itself"
                    os.killpg(os.getpgid(victim.pid), signal.SIGKILL)
                else:
                    os.kill(victim.pid, signal.SIGKILL)
                hit = True
    return hit


class _Row:
    """A row of the table."""

    def __init__(self) -> None:
        self.kills = self.finished = self.damaged = self.left = 0
        self.longest = 0.0

    def cells(self) -> list[Cell]:
        return [self.kills, self.finished, self.damaged, self.left, self.longest]


def _one(aim: Aim, folder: Path, truths: dict[str, tuple[Path, float]], seed: int, number: int) -> Outcome:
    """The kill of a number, at the first attempt that comes before the work is over."""
    share = random.Random(f"{seed}-{number}").random()
    work = aim.work(folder)
    if work.title not in truths:
        truth = folder / f"truth-{len(truths)}"
        with at_home(truth):
            truths[work.title] = truth, measure(work)
    truth, seconds = truths[work.title]
    for attempt in range(_ATTEMPTS):
        home = folder / f"home-{number}-{attempt}"
        outcome = kill_once(aim, folder, truth, home, share * (seconds if aim.within is None else aim.within))
        if outcome is not None:
            shutil.rmtree(home)
            return outcome
        share /= 2
    raise AssertionError(f"the work was over before the kill, {_ATTEMPTS} times")


def main(
    kills: Annotated[int, typer.Option(help="How many.", min=1)] = 50,
    seed: Annotated[int, typer.Option(help="Of the moments.")] = 0,
    number: Annotated[int, typer.Option(help="Only the kill of this number.")] = -1,
    write: WriteOption = False,
) -> None:
    """Kill, print the table, and exit with 1 when anything went wrong."""
    if not Path("/proc").is_dir():
        raise typer.BadParameter("this needs /proc, as Linux has it")
    torch.set_num_threads(1)
    rows: dict[str, _Row] = defaultdict(_Row)
    truths: dict[str, tuple[Path, float]] = {}
    folder = Path(tempfile.mkdtemp())
    for index in range(kills) if number < 0 else [number]:
        aim = AIMS[index % len(AIMS)]
        row = rows[aim.title(aim.work(folder))]
        row.kills += 1
        began = time.monotonic()
        try:
            outcome = _one(aim, folder, truths, seed, index)
        except KeyboardInterrupt:  # the table of those so far
            row.kills -= 1
            break
        except Exception as error:
            row.damaged += 1
            _console.print(f"seed {seed}, number {index}: {aim.title(aim.work(folder))}: {error}", style="red")
            traceback.print_exc()
            continue
        row.finished += 1
        row.left += len(outcome.left)
        row.longest = max(row.longest, outcome.recovery)
        if outcome.left:
            _console.print(f"seed {seed}, number {index}: left over: {outcome.left}", style="red")
        _console.print(
            f"{index}: {outcome.title}, done {outcome.recovery:.0f} s after the kill "
            f"({time.monotonic() - began:.0f} s in all)",
            style="dim",
        )
    total = _total(rows)
    report("kills", _result(rows, total, seed), write)
    fine = total.finished == total.kills and not total.left
    if fine:
        shutil.rmtree(folder, ignore_errors=True)  # after an interruption, a process may still write there
    else:
        _console.print(f"The data folders of what went wrong are in {folder}.")
    sys.exit(0 if fine else 1)


def _total(rows: dict[str, _Row]) -> _Row:
    total = _Row()
    for row in rows.values():
        for name in ("kills", "finished", "damaged", "left"):
            setattr(total, name, getattr(total, name) + getattr(row, name))
        total.longest = max(total.longest, row.longest)
    return total


def _result(rows: dict[str, _Row], total: _Row, seed: int) -> Result:
    columns = {
        "killed": "",
        "kills": ",",
        "restarted and finished": ",",
        "damaged": ",",
        "processes left over": ",",
        "longest recovery, s": ".0f",
    }
    cells = [[title, *row.cells()] for title, row in {**rows, "all": total}.items() if row.kills]
    return measured(f"SIGKILL at random moments, seed {seed}", columns, cells)


if __name__ == "__main__":
    typer.run(main)
