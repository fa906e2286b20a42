"""Many users at once: browser sessions that move Probe's sliders on one server.

    python -m benchmarks.load [--sessions 20] [--minutes 5] [--model natural64]

Every session has an image of its own and moves one slider after the other, with pauses as a person makes them. First
one session is alone, then all of them work together, on the same machine as the server. Printed are the seconds from
releasing a slider to the last change of the numbers and of the curves, the server's memory, and every error: of a page,
of the browser, or in the server's log. Afterwards a single visitor opens some of the URLs of the sessions, and must
read the same numbers: no session has seen the image of another.
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import numpy as np
import typer
from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright

from benchmarks.driving import ARGUMENTS, browser_path, running_app
from benchmarks.latency import QUIET_MS, SETTLED, SLIDERS, WATCH
from benchmarks.result import Cell, WriteOption, measured, report

if TYPE_CHECKING:
    import psutil

_POLL_MS = 100
_PATIENCE_MS = 120_000
_ALONE_MINUTES = 1.0
_STEPS = 20  # keys in one direction before a slider turns back
_CHECKED = 40
_MEMORY_SECONDS = 10.0
_FLAT = 0.1  # of the memory that the server had when all sessions had begun
_READ = """
() => [...document.querySelectorAll('[data-testid=stMetricValue], .code-lengths td')].map(e => e.innerText).join(' ')
"""


class Move(NamedTuple):
    """One move: seconds to the last change, and what the page then showed under which address."""

    numbers: float
    curves: float
    address: str
    shown: str


class Session:
    """One person at one tab.

    Args:
        number: of the session, which decides its image and what it does.
        page: an empty tab.
    """

    def __init__(self, number: int, page: Page) -> None:
        self.number = number
        self.page = page
        self.moves: list[Move] = []
        self.errors: list[str] = []
        page.set_default_timeout(_PATIENCE_MS)
        page.on("pageerror", lambda error: self.errors.append(f"session {number}: {error}"))
        page.on("console", self._note)

    def _note(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(f"session {self.number}: {message.text}")

    async def open(self, address: str) -> None:
        """Load the page and wait until it rests."""
        await self.page.goto(address)
        await self.page.wait_for_selector("[data-testid=stMetricValue]")
        await self.page.wait_for_function(
            "() => document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'",
            polling=_POLL_MS,
        )
        await self.page.wait_for_timeout(3_000)

    async def work(self, until: float, pause: float) -> None:
        """Move sliders until a moment of `time.monotonic`."""
        chance = random.Random(self.number)
        if not await self.page.evaluate(WATCH):
            self.errors.append(f"session {self.number}: the page shows no curves")
        k = 0
        while time.monotonic() < until:
            slider = SLIDERS[k % len(SLIDERS)]
            forth = (k // len(SLIDERS)) % (2 * _STEPS) < _STEPS
            await self._move(slider, "ArrowRight" if forth != (slider == "Contrast") else "ArrowLeft")
            k += 1
            await self.page.wait_for_timeout(1000 * chance.uniform(0.5 * pause, 1.5 * pause))

    async def _move(self, slider: str, key: str) -> None:
        await self.page.get_by_role("slider", name=slider).first.focus()
        pressed = await self.page.evaluate(
            "() => { window.changes = { numbers: 0, curves: 0 }; return performance.now(); }"
        )
        await self.page.keyboard.press(key)
        await self.page.wait_for_function(SETTLED, arg=[pressed, QUIET_MS], polling=_POLL_MS)
        changes = await self.page.evaluate("() => window.changes")
        numbers, curves = ((changes[what] - pressed) / 1000 for what in ("numbers", "curves"))
        self.moves.append(Move(numbers, curves, self.page.url, await self.page.evaluate(_READ)))
        if await self.page.get_by_test_id("stException").count():
            self.errors.append(f"session {self.number}: a traceback on the page {self.page.url}")


async def _sessions(browser: Browser, count: int) -> list[Session]:
    contexts = [await browser.new_context(viewport={"width": 1400, "height": 900}) for _ in range(count)]
    return [Session(number, await context.new_page()) for number, context in enumerate(contexts)]


async def _open_all(sessions: list[Session], address: str, model: str) -> None:
    for session in sessions:
        await session.open(f"{address}/?model={model}&data=photos&source=dataset&item={session.number}")


async def _work_all(sessions: list[Session], minutes: float, pause: float) -> None:
    until = time.monotonic() + 60 * minutes
    await asyncio.gather(*(session.work(until, pause) for session in sessions))


async def _memory(server: psutil.Process, samples: list[float]) -> None:
    while True:
        samples.append(server.memory_info().rss / 2**20)
        await asyncio.sleep(_MEMORY_SECONDS)


async def _read_again(browser: Browser, moves: list[Move]) -> list[str]:
    """The addresses at which a single visitor reads other numbers than the session did."""
    (visitor,) = await _sessions(browser, 1)
    wrong = []
    for move in moves:
        await visitor.open(move.address)
        if await visitor.page.evaluate(_READ) != move.shown:
            wrong.append(move.address)
    await visitor.page.context.close()
    return wrong


class Plan(NamedTuple):
    """What `main` is asked for; see its options."""

    model: str
    sessions: int
    minutes: float
    pause: float
    write: bool


async def _measure(plan: Plan, address: str, server: psutil.Process, log: Path) -> bool:
    """Run all of it, print the table, and return whether nothing went wrong."""
    path = browser_path()
    samples: list[float] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        alone = await _sessions(browser, 1)
        await _open_all(alone, address, plan.model)
        await _work_all(alone, _ALONE_MINUTES, plan.pause)
        await alone[0].page.context.close()
        many = await _sessions(browser, plan.sessions)
        await _open_all(many, address, plan.model)
        watcher = asyncio.create_task(_memory(server, samples))
        await _work_all(many, plan.minutes, plan.pause)
        watcher.cancel()
        moves = [move for session in many for move in session.moves]
        errors = [error for session in (*alone, *many) for error in session.errors]
        for session in many:
            await session.page.context.close()
        checked = random.Random(0).sample(moves, min(_CHECKED, len(moves)))
        wrong = await _read_again(browser, checked)
        await browser.close()
    errors += [line for line in log.read_text(errors="replace").splitlines() if "Error" in line or "Traceback" in line]
    begin, end = np.mean(samples[:3]), np.mean(samples[-3:])
    columns = {
        "sessions": ",",
        "moves": ",",
        "numbers, p50, s": ".1f",
        "numbers, p95, s": ".1f",
        "curves, p50, s": ".1f",
        "curves, p95, s": ".1f",
    }
    rows = [[1, *_times(alone[0].moves)], [plan.sessions, *_times(moves)]]
    notes = [
        f"Memory of the server: {begin:,.0f} MB when all sessions had begun, {end:,.0f} MB at the end.",
        f"Errors: {len(errors)}.",
        f"URLs that showed a stranger the same numbers: {len(checked) - len(wrong)} of {len(checked)}.",
    ]
    title = f"{plan.model}, {plan.minutes:g} minutes, {plan.pause:g} s between moves"
    report("load", measured(f"Sessions of Probe at once, {title}", columns, rows, notes), plan.write)
    for line in (*errors[:20], *wrong):
        print(line)
    return not errors and not wrong and end <= (1 + _FLAT) * begin


def _times(moves: list[Move]) -> list[Cell]:
    # A small step may leave every rounded number as it was; the marker on a curve always moves.
    numbers = [move.numbers for move in moves if move.numbers > 0]
    curves = [move.curves for move in moves]
    return [len(moves), *(float(np.quantile(values, q)) for values in (numbers, curves) for q in (0.5, 0.95))]


def main(
    model: str = "natural64",
    sessions: int = 20,
    minutes: float = 5.0,
    pause: Annotated[float, typer.Option(help="Seconds between the moves of a session, on average.")] = 4.0,
    write: WriteOption = False,
) -> None:
    """Measure and print the table; exit with 1 when anything went wrong."""
    import psutil  # of benchmarks/requirements.txt

    plan = Plan(model, sessions, minutes, pause, write)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "server.log"
        with running_app(str(Path(folder) / "home"), log) as (address, pid):
            fine = asyncio.run(_measure(plan, address, psutil.Process(pid), log))
    sys.exit(0 if fine else 1)


if __name__ == "__main__":
    typer.run(main)
