"""Feed damaged files to everything that reads files: no crash, no hang, nothing written outside of the data folder.

    python -m benchmarks.fuzz [--images 2000] [--others 500] [--seed 0]     # two minutes on two cores
    python -m benchmarks.fuzz --only "catalog's rows" --case 17             # one of them again

Real pictures, data sets, catalogs, checkpoints, configurations, runs and jobs, written by the code that writes them for
users, are damaged: bits, runs of bytes, sizes in headers, values in JSON, columns of tables, types of tensors, names
that lead elsewhere. Each is read as the pages and the commands read it, in a process with 4 GB of free memory and a
data folder of its own. A case passes when the file is read, or refused with a sentence that says what is wrong
(`ExplorerError`), within five seconds. Anything else is printed with the number of its case, and the exit status is
1. Needs Linux, and the packages of ``tests/requirements.txt``.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import track

from benchmarks.result import Cell, Result, WriteOption, measured, report
from explorer.home import SHIPPED_CHECKPOINTS
from tests.fuzzing.originals import write_originals
from tests.fuzzing.sandbox import contents
from tests.fuzzing.workers import KINDS, Case, Outcome, cases, run_cases

_console = Console(width=140)


def main(
    images: Annotated[int, typer.Option(help="Cases of pictures, alone, in folders and in tables.", min=0)] = 2000,
    others: Annotated[int, typer.Option(help="Cases of everything else.", min=0)] = 500,
    seed: Annotated[int, typer.Option(help="Of the damage.", min=0)] = 0,
    only: Annotated[str, typer.Option(help="Only cases of this kind.")] = "",
    case: Annotated[int, typer.Option(help="With --only: the case of this number.")] = -1,
    workers: Annotated[int, typer.Option(help="Processes at once.", min=1)] = 2,
    limit: Annotated[float, typer.Option(help="Seconds that reading a file may take.")] = 5.0,
    write: WriteOption = False,
) -> None:
    """Run the cases, print the table, and exit with 1 when any failed."""
    if only and only not in KINDS:
        raise typer.BadParameter(f"there is no kind {only!r}; there are: {', '.join(KINDS)}")
    if case >= 0 and not only:
        raise typer.BadParameter("--case needs --only")
    todo = [*cases("images", images, seed), *cases("others", others, seed)]
    if only:
        todo = [Case(only, case, seed)] if case >= 0 else [one for one in todo if one.kind == only]
    folder = Path(tempfile.mkdtemp())
    shipped = contents(SHIPPED_CHECKPOINTS)
    began = time.monotonic()
    (folder / "originals").mkdir()
    write_originals(folder / "originals")
    given = contents(folder / "originals")
    outcomes: dict[str, list[Outcome]] = defaultdict(list)
    running = run_cases(todo, folder / "originals", folder, min(workers, len(todo)), limit)
    for outcome in track(running, "reading", len(todo), console=_console, disable=not sys.stdout.isatty()):
        outcomes[outcome.case.kind].append(outcome)
        if not outcome.fine or case >= 0:
            _print_case(outcome)
    report("fuzz", _result(outcomes, seed, limit, time.monotonic() - began), write)
    untouched = contents(SHIPPED_CHECKPOINTS) == shipped and contents(folder / "originals") == given
    if not untouched:
        _console.print("The checkpoints that ship, or the original files, have changed.", style="red")
    shutil.rmtree(folder)
    sys.exit(0 if untouched and all(one.fine for found in outcomes.values() for one in found) else 1)


def _print_case(outcome: Outcome) -> None:
    kind, number, seed = outcome.case
    _console.print(
        f'--only "{kind}" --case {number} --seed {seed}: {outcome.result}, {outcome.seconds:.2f} s. '
        f"{escape(' '.join((outcome.words, *outcome.outside)))}",
        style="" if outcome.fine else "red",
        highlight=False,
    )


def _result(outcomes: dict[str, list[Outcome]], seed: int, limit: float, seconds: float) -> Result:
    columns = {
        "kind of file": "",
        "cases": ",",
        "read": ",",
        "refused with a sentence": ",",
        "crashed": ",",
        f"over {limit:g} s": ",",
        "slowest, s": ".1f",
        "wrote outside": ",",
    }
    rows = [[kind, *_numbers(outcomes[kind])] for kind in KINDS if kind in outcomes]
    rows.append(["all", *_numbers([one for found in outcomes.values() for one in found])])
    return measured(f"Damaged files, seed {seed}, in {seconds / 60:.0f} minutes", columns, rows)


def _numbers(found: list[Outcome]) -> list[Cell]:
    counts = [sum(one.result == result for one in found) for result in ("accepted", "refused", "failed", "slow")]
    slowest = max((one.seconds for one in found), default=0.0)
    return [len(found), *counts, slowest, sum(bool(one.outside) for one in found)]


if __name__ == "__main__":
    typer.run(main)
