"""What a machine with a GPU does: is it right, how fast is it, and how near to the card's limit?

    python -m benchmarks.device --output device.json --keep trained     # 8 minutes on a machine with one GPU
    python -m benchmarks.device --device cpu --small                    # the same sections on a CPU, in two minutes

1. `environment`  the card, its memory, and that float32 is float32 (TF32 off).
2. `tests`        those of `tests/test_devices.py` that use a real device, with `EXPLORER_TEST_DEVICE` set to it.
3. `compare`      every number of every checkpoint on the device and on the CPU, on the same images and noise.
4. `scoring`      images/s of log p and of both derivatives, and the memory that one pixel value takes.
5. `training`     images/s of the step of `natural64`, heat loss included, on random pixels: eager or compiled, float32
                  or bfloat16 convolutions.
6. `probe`        what Probe asks of the model for one move of a slider, in milliseconds.
7. `catalog`      rows/s of a catalog, codecs included.
8. `limit`        operations/s of large matrix products, and the share of them that scoring and training reach.
9. `train`        `natural64` by its recipe for the minutes left, with as many steps as fit; ``--keep`` has the result.

Every section has a share of the time. One that fails prints its traceback, the next goes on, and the exit code is 1.
Times are medians, the device's queue emptied each time. The tests need pytest, and the catalog imagecodecs and
pywavelets: a section whose package is missing says so.
"""

from __future__ import annotations

import math
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import torch
import typer

from benchmarks.device.bench import RECIPE, Bench, Row, forget_peak, line
from benchmarks.device.catalog import catalog
from benchmarks.device.compare import compare
from benchmarks.device.environment import environment, tests
from benchmarks.device.limit import limit
from benchmarks.device.probe import probe_moves
from benchmarks.device.recipe import train
from benchmarks.device.scoring import scoring
from benchmarks.device.steps import training
from benchmarks.result import FOLDER, Cell, WriteOption, keep, measured
from explorer.errors import ExplorerError
from explorer.models.checkpoints import list_checkpoints
from explorer.models.devices import pick_device

SECTIONS: dict[str, Callable[[Bench], None]] = {
    "environment": environment,
    "tests": tests,
    "compare": compare,
    "scoring": scoring,
    "training": training,
    "probe": probe_moves,
    "catalog": catalog,
    "limit": limit,
    "train": train,
}

SPREAD = {"tests": 60, "compare": 70, "scoring": 30, "training": 130, "probe": 15, "catalog": 25, "limit": 10}
TRAIN = 140
"""Seconds of eight minutes that each section may take, and what is left for the last."""

_COLUMNS = {"section": "", "what": "", "measured": ",", "unit": ""}


def budgets(minutes: float, train_minutes: float | None) -> dict[str, float]:
    """Seconds that each section may take."""
    whole = sum(SPREAD.values()) + TRAIN
    last = 60 * (minutes * TRAIN / whole if train_minutes is None else train_minutes)
    scale = max(0.0, 60 * minutes - last) / sum(SPREAD.values())
    return {"environment": 5.0, **{name: scale * seconds for name, seconds in SPREAD.items()}, "train": last}


def _shipped() -> list[str]:
    """Names of the checkpoints; first the two whose speed is measured."""
    names = [info.name for info in list_checkpoints()]
    return sorted(names, key=lambda name: (name != RECIPE, name != "natural32", name))


def _write(bench: Bench, outputs: Sequence[Path], failed: Sequence[str]) -> None:
    """After every section: a machine that is taken away leaves what it measured."""
    gpu = torch.cuda.get_device_name(bench.device) if bench.device.type == "cuda" else None
    notes = [f"Failed: {', '.join(failed)}."] if failed else []
    rows = [(row.section, row.name, _cell(row), row.unit) for row in bench.rows]
    for output in outputs:
        keep(output, measured("A device, right and fast", _COLUMNS, rows, notes, gpu))


def _cell(row: Row) -> Cell:
    """A value to four digits."""
    if isinstance(row.value, str) or not math.isfinite(row.value):
        return str(row.value)
    return round(row.value) if abs(row.value) >= 1000 else float(f"{row.value:.4g}")


def main(
    device: str = "auto",
    minutes: Annotated[float, typer.Option(help="8, or 1.5 with --small, when left out.")] = 0.0,
    train_minutes: Annotated[float | None, typer.Option(help="Of these, for the last section.")] = None,
    models: Annotated[
        list[str] | None, typer.Option("--model", help="A checkpoint, natural64 first; those that ship when left out.")
    ] = None,
    data: Annotated[str, typer.Option(help="photos, or the path of a folder or file.")] = "photos",
    sections: Annotated[list[str] | None, typer.Option("--section", help="All when left out.")] = None,
    output: Annotated[Path | None, typer.Option(help="A JSON file for the numbers.")] = None,
    kept: Annotated[Path | None, typer.Option("--keep", help="A folder for the trained checkpoint.")] = None,
    small: Annotated[bool, typer.Option("--small", help="Few images and small batches, for a CPU.")] = False,
    write: WriteOption = False,
) -> None:
    """Run the sections, print one table, and exit with 1 when one of them failed."""
    chosen = sections or list(SECTIONS)
    if unknown := set(chosen) - set(SECTIONS):
        raise typer.BadParameter(f"there is no section {', '.join(sorted(unknown))}; there are: {', '.join(SECTIONS)}")
    minutes = minutes or (1.5 if small else 8.0)
    try:
        found = pick_device(device)
    except ExplorerError as error:
        sys.exit(str(error))
    torch.set_flush_denormal(True)
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False
    outputs = [path for path in (output, FOLDER / "device.json" if write else None) if path is not None]
    began, failed = time.monotonic(), []
    with tempfile.TemporaryDirectory() as home:
        os.environ["EXPLORER_HOME"] = home  # stores, the run, and no checkpoints but those that ship
        names = models or (["natural32", "digits"] if small else _shipped())
        bench = Bench(found, small, names, data, kept)
        shares = budgets(minutes, train_minutes)
        for name in chosen:
            bench.section = name
            bench.until = time.monotonic() + shares[name]
            if name == "train" and train_minutes is None:  # what the others left
                bench.until = began + 60 * minutes
            bench.until = min(bench.until, began + 60 * minutes)
            if small:  # a busy CPU takes longer, and every section should run all the same
                bench.until = max(bench.until, time.monotonic() + 10)
            started = time.monotonic()
            try:
                SECTIONS[name](bench)
            except Exception:
                failed.append(name)
                traceback.print_exc()
                bench.add("failed", traceback.format_exc().strip().splitlines()[-1][:200])
            bench.add("section took", time.monotonic() - started, "s")
            _write(bench, outputs, failed)
            forget_peak(found)
    print("\n" + "\n".join(line(row) for row in bench.rows))
    print(f"\n{time.monotonic() - began:.0f} s" + (f", failed: {', '.join(failed)}" if failed else ""))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    typer.run(main)
