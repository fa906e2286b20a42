"""A table of results: printed, kept as JSON in ``benchmarks/results``, and rendered by `benchmarks.render`.

A result says what it was measured on (processor, cores, memory, GPU), when, at which commit, and by which command. It
names no host and no path: a data set that the command line gives as a path is written as ``PATH_OF_NAME``.
"""

from __future__ import annotations

import datetime
import os
import platform
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer
from pydantic import BaseModel, ConfigDict
from rich.console import Console
from rich.table import Table

__all__ = ["FOLDER", "Cell", "Machine", "Result", "WriteOption", "keep", "load", "measured", "report"]

FOLDER = Path(__file__).resolve().parent / "results"
"""Where results are kept, ``NAME.json`` each."""

Cell = str | int | float | None
"""Text, a number that its column formats, or None where nothing was measured."""

WriteOption = Annotated[
    bool, typer.Option("--write", help="Keep the table in benchmarks/results, for `python -m benchmarks.render`.")
]

_CONFIG = ConfigDict(frozen=True, extra="forbid")
_EMPTY = "–"
_WIDTH = 170


class Machine(BaseModel):
    """Where a result was measured; None is unknown, or for `gpu` that none was used.

    Attributes:
        cpu: model of the processor.
        cores: that the system offers.
        memory_gb: main memory in units of 2^30 bytes.
        gpu: model of the GPU.
    """

    model_config = _CONFIG

    cpu: str | None = None
    cores: int | None = None
    memory_gb: int | None = None
    gpu: str | None = None

    def __str__(self) -> str:
        cores = None if self.cores is None else f"{self.cores} core{'s' if self.cores > 1 else ''}"
        memory = None if self.memory_gb is None else f"{self.memory_gb} GB"
        return ", ".join(part for part in (self.gpu, self.cpu, cores, memory) if part)


class Result(BaseModel):
    """One table.

    Attributes:
        title: what the table shows, with units.
        columns: title of each column, and the format of its numbers (as for Python's `format`).
        rows: a cell for each column.
        notes: sentences below the table.
        command: that prints it.
        date: when it was measured, ISO 8601.
        commit: of the code that was measured.
        machine: that it was measured on.
    """

    model_config = _CONFIG

    title: str
    columns: dict[str, str]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()
    command: str
    date: str
    commit: str
    machine: Machine = Machine()

    def cells(self) -> list[list[str]]:
        """The rows as text."""
        return [[_text(cell, form) for cell, form in zip(row, self.columns.values(), strict=True)] for row in self.rows]

    def markdown(self) -> str:
        """The table in Markdown, with its origin below; columns without any value are left out."""
        filled = [k for k in range(len(self.columns)) if any(row[k] is not None for row in self.rows)]
        titles = list(self.columns)
        lines = [
            _line([titles[k] for k in filled]),
            _line([_rule([row[k] for row in self.rows]) for k in filled]),
            *(_line([cells[k] for k in filled]) for cells in self.cells()),
        ]
        origin = ", ".join(filter(None, (f"`{self.command}`", str(self.machine), self.date, f"commit {self.commit}")))
        return "\n".join([*lines, "", " ".join([f"{self.title}. {origin}.", *self.notes])])


def _text(cell: Cell, form: str) -> str:
    if cell is None:
        return _EMPTY
    return cell if isinstance(cell, str) else format(cell, form).replace("-", "−")


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _rule(column: Sequence[Cell]) -> str:
    """Numbers stand on the right."""
    return "--:" if all(not isinstance(cell, str) for cell in column) else "---"


def measured(
    title: str,
    columns: Mapping[str, str],
    rows: Sequence[Sequence[Cell]],
    notes: Sequence[str] = (),
    gpu: str | None = None,
) -> Result:
    """A result of now, of this machine and of the command that runs; see `Result`."""
    return Result(
        title=title,
        columns=dict(columns),
        rows=tuple(tuple(row) for row in rows),
        notes=tuple(notes),
        command=_command(),
        date=datetime.datetime.now(datetime.UTC).date().isoformat(),
        commit=_commit(),
        machine=Machine(cpu=_cpu(), cores=os.cpu_count(), memory_gb=_memory_gb(), gpu=gpu),
    )


def report(name: str, result: Result, write: bool) -> None:
    """Print a result, and keep it under a name where that is wanted."""
    table = Table(*result.columns, title=result.title)
    for cells in result.cells():
        table.add_row(*cells)
    console = Console(width=_WIDTH)
    console.print(table)
    for note in result.notes:
        console.print(note, highlight=False)
    if write:
        keep(FOLDER / f"{name}.json", result)


def keep(path: Path, result: Result) -> None:
    """Write a result to a file, whose folder is made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(result.model_dump_json(indent=1) + "\n", encoding="utf-8")


def load(name: str) -> Result:
    """The result that was kept under a name.

    Raises:
        FileNotFoundError: there is none.
        pydantic.ValidationError: it is not a result.
    """
    return Result.model_validate_json((FOLDER / f"{name}.json").read_bytes())


def _command() -> str:
    """The command that runs, without ``--write``, and without the folders of this machine."""
    module = getattr(sys.modules["__main__"].__spec__, "name", "benchmarks").removesuffix(".__main__")
    arguments = [_without_folders(argument) for argument in sys.argv[1:] if argument != "--write"]
    return " ".join(["python -m", module, *arguments])


def _without_folders(argument: str) -> str:
    if os.sep not in argument or argument.startswith("hf:"):
        return argument
    option, equals, path = argument.rpartition("=")
    return f"{option}{equals}PATH_OF_{re.sub('[^A-Z0-9]+', '_', Path(path).name.upper())}"


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    found = subprocess.run(command, cwd=FOLDER.parent, capture_output=True, text=True, check=False)
    return found.stdout.strip() or "unknown"


def _cpu() -> str | None:
    listed = Path("/proc/cpuinfo")
    names = re.findall(r"^model name\s*:\s*(.+)$", listed.read_text(), re.MULTILINE) if listed.exists() else []
    return names[0] if names else platform.processor() or None


def _memory_gb() -> int:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
