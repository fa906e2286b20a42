"""Cases in processes of their own, so that one that crashes, hangs, or takes all memory is found, and no more.

A worker makes a case and says so, then reads it under watch and says how it went. One that dies, or does not answer in
time, is replaced. Workers are forked from a server that has everything imported and nothing begun.
"""

from __future__ import annotations

import contextlib
import faulthandler
import multiprocessing
import os
import queue
import resource
import signal
import sys
import time
import traceback
import warnings
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import torch
import torch._dynamo

from explorer.errors import ExplorerError
from tests.fuzzing.kinds import Kind, data_sets, pictures
from tests.fuzzing.mutations import Whole
from tests.fuzzing.projects import projects
from tests.fuzzing.sandbox import Sandbox, Watch

__all__ = ["KINDS", "Case", "Outcome", "cases", "run_cases"]

KINDS = {kind.title: kind for kind in (*pictures(), *data_sets(), *projects())}

_MORE_BYTES = 4 * 2**30
_MAKING_SECONDS = 120.0
_ENDING_SECONDS = 10.0
_LONGEST_SENTENCE = 2000


class Case(NamedTuple):
    """A case that can be made again.

    Attributes:
        kind: title of its kind.
        number: counted within the kind; a negative one leaves the files whole.
        seed: of all.
    """

    kind: str
    number: int
    seed: int

    @property
    def random(self) -> np.random.Generator:
        """What decides everything about it."""
        decides = np.random.PCG64([self.seed, zlib.crc32(self.kind.encode()), abs(self.number)])
        return np.random.Generator(decides) if self.number >= 0 else Whole(decides)


class Outcome(NamedTuple):
    """How the reading of a case went.

    Attributes:
        case: which.
        result: `refused` stands for an `ExplorerError`; `failed` for any other, and for the death of the process.
        words: the sentence, or the exception with where it came from.
        seconds: that it took.
        outside: what was written, or run, where it should not be.
    """

    case: Case
    result: Literal["accepted", "refused", "failed", "slow"]
    words: str = ""
    seconds: float = 0.0
    outside: tuple[str, ...] = ()

    @property
    def fine(self) -> bool:
        """Whether the case passes."""
        return self.result in ("accepted", "refused") and not self.outside


def cases(group: str, count: int, seed: int) -> list[Case]:
    """So many cases of all kinds of a group, by their shares."""
    kinds = [kind for kind in KINDS.values() if kind.group == group]
    total = sum(kind.share for kind in kinds)
    ends = [round(count * sum(kind.share for kind in kinds[: n + 1]) / total) for n in range(len(kinds))]
    return [
        Case(kind.title, number, seed)
        for kind, start, end in zip(kinds, [0, *ends], ends, strict=False)
        for number in range(end - start)
    ]


def run_cases(
    todo: Sequence[Case],
    originals: Path,
    folder: Path,
    workers: int = 1,
    limit: float = 5.0,
    kinds: Callable[[], dict[str, Kind]] | None = None,
) -> Iterator[Outcome]:
    """Read all cases; outcomes come as they are ready.

    Args:
        todo: the cases.
        originals: see `tests.fuzzing.originals`.
        folder: an empty folder for the sandboxes.
        workers: processes at once.
        limit: seconds that a reading may take.
        kinds: gives the kinds, in the process of the worker; `KINDS` when None.
    """
    waiting: queue.SimpleQueue[Case] = queue.SimpleQueue()
    for case in todo:
        waiting.put(case)
    done: queue.SimpleQueue[Outcome | None] = queue.SimpleQueue()

    def serve(number: int) -> None:
        with _Worker(originals, folder / f"worker-{number}", limit, kinds) as worker, contextlib.suppress(queue.Empty):
            while True:
                outcome = worker.read(waiting.get_nowait())
                # Others may have had the processors: only what is slow twice is slow.
                done.put(worker.read(outcome.case) if outcome.result == "slow" else outcome)

    with ThreadPoolExecutor(workers) as pool:
        threads = [pool.submit(serve, number) for number in range(workers)]
        for thread in threads:
            thread.add_done_callback(lambda _: done.put(None))
        while workers:
            outcome = done.get()
            if outcome is None:
                workers -= 1
            else:
                yield outcome
        for thread in threads:
            thread.result()


class _Worker:
    """A process that reads cases, and its successors; a context."""

    def __init__(
        self, originals: Path, folder: Path, limit: float, kinds: Callable[[], dict[str, Kind]] | None
    ) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([__name__])
        self._arguments = (originals, folder, kinds)
        self._limit = limit
        self._start()

    def _start(self) -> None:
        self._connection, theirs = self._context.Pipe()
        self._process = self._context.Process(target=_serve, args=(theirs, *self._arguments), daemon=True)
        with _one_thread():
            self._process.start()
        theirs.close()

    def __enter__(self) -> _Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()  # a worker that waits for a case ends by itself
        self._process.join(_ENDING_SECONDS)
        self._process.kill()
        self._process.join()

    def read(self, case: Case) -> Outcome:
        """Let the process read a case, and replace it where it does not survive."""
        outcome = self._read(case)
        if outcome.result == "slow" or not self._process.is_alive():
            self._process.kill()
            self.__exit__()
            self._start()
        return outcome

    def _read(self, case: Case) -> Outcome:
        began = time.perf_counter()
        try:
            self._connection.send(case)
            if not self._connection.poll(_MAKING_SECONDS) or self._connection.recv() != "made":
                raise RuntimeError(f"the worker cannot make {case}")
            began = time.perf_counter()
            if not self._connection.poll(self._limit):
                return Outcome(case, "slow", f"not done after {self._limit:g} s", time.perf_counter() - began)
            return self._connection.recv()
        except (EOFError, ConnectionError):
            self._process.join()
            how = self._process.exitcode or 0
            words = signal.Signals(-how).name if how < 0 else f"exit status {how}"
            last = (self._arguments[1] / "errors.txt").read_text(encoding="utf-8", errors="replace")[-1500:]
            return Outcome(case, "failed", f"the process died: {words}\n{last}", time.perf_counter() - began)


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """For the processes that begin meanwhile; libraries look at it when they are loaded."""
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = "1"
    yield
    if before is None:
        del os.environ["OMP_NUM_THREADS"]
    else:
        os.environ["OMP_NUM_THREADS"] = before


def _serve(connection: Connection, originals: Path, folder: Path, kinds: Callable[[], dict[str, Kind]] | None) -> None:
    """What a worker does: for each case that it is sent, "made" and then an `Outcome`."""
    sys.dont_write_bytecode = True
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    known = KINDS if kinds is None else kinds()
    sandbox = Sandbox(folder)
    sandbox.enter()
    _say_into(folder / "errors.txt")
    watch = Watch(sandbox.home)
    _limit_memory()
    while True:
        try:
            case = connection.recv()
        except EOFError:
            return
        sandbox.clear()
        read = known[case.kind].make(originals, sandbox, case.random)
        before = sandbox.outside()
        connection.send("made")
        began = time.perf_counter()
        with watch:
            result, words = _outcome(read)
        seconds = time.perf_counter() - began
        after = sandbox.outside()
        changed = [f"changed {name}" for name in before.keys() | after.keys() if before.get(name) != after.get(name)]
        connection.send(Outcome(case, result, words, seconds, tuple(dict.fromkeys((*watch.seen, *changed)))))


def _outcome(read: Callable[[], None]) -> tuple[Literal["accepted", "refused", "failed"], str]:
    try:
        read()
    except ExplorerError as error:
        words = str(error)
        if not 10 <= len(words) <= _LONGEST_SENTENCE:
            return "failed", f"a sentence of {len(words)} characters: {words[:200]}"
        return "refused", words
    except BaseException as error:
        where = "".join(
            f"\n    {line.filename}:{line.lineno} {line.name}" for line in traceback.extract_tb(error.__traceback__)[1:]
        )
        return "failed", f"{type(error).__name__}: {str(error)[:500]}{where}"
    return "accepted", ""


def _say_into(path: Path) -> None:
    """What C libraries print goes into a file, and where a crash was."""
    os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), sys.stderr.fileno())
    faulthandler.enable()


def _limit_memory() -> None:
    """No more than `_MORE_BYTES` of addresses beyond those that the process has now."""
    with open("/proc/self/statm", encoding="ascii") as file:
        now = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + _MORE_BYTES, resource.RLIM_INFINITY))
