"""What all sections of the benchmark of a device share: the device, the time that is left, and what was measured."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from explorer.data.sources import Split, open_dataset
from explorer.images import ImageShape
from explorer.models.checkpoints import Checkpoint, load_checkpoint

__all__ = ["RECIPE", "Bench", "Row", "forget_peak", "line", "of_two_sizes"]

RECIPE = "natural64"
"""The recipe that is timed and trained."""


class Row(NamedTuple):
    """One line of the table."""

    section: str
    name: str
    value: float | str
    unit: str


@dataclass
class Bench:
    """What all sections share.

    Attributes:
        device: that is measured.
        small: few images, small batches.
        models: names of the checkpoints.
        data: what `open_dataset` opens.
        keep: where the trained checkpoint is copied; None when nowhere.
        until: `time.monotonic` at which the section at hand should end.
        section: its name.
        rows: of the table.
        rates: images/s and whether in bfloat16, by name of what was measured, for the share of the limit.
        operations: of one image, by the same name.
        steps_per_second: of the recipe's own settings; 0 when not measured.
    """

    device: torch.device
    small: bool
    models: list[str]
    data: str
    keep: Path | None
    until: float = 0.0
    section: str = ""
    rows: list[Row] = field(default_factory=list)
    rates: dict[str, tuple[float, bool]] = field(default_factory=dict)
    operations: dict[str, float] = field(default_factory=dict)
    steps_per_second: float = 0.0

    def add(self, name: str, value: float | str, unit: str = "") -> None:
        """Add a line, and print it at once: what comes later may fail."""
        row = Row(self.section, name, value, unit)
        self.rows.append(row)
        print(line(row), flush=True)

    @property
    def left(self) -> float:
        """Seconds left for this section."""
        return self.until - time.monotonic()

    def wait(self) -> None:
        """Return when the device has done what it was asked."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def seconds(self, action: Callable[[], object], most: float = 1.0) -> float:
        """Median time of `action`, repeated for `most` seconds (3 times at least) after one that is not counted."""
        action()
        self.wait()
        times: list[float] = []
        began = time.perf_counter()
        while len(times) < 3 or time.perf_counter() - began < most:
            start = time.perf_counter()
            action()
            self.wait()
            times.append(time.perf_counter() - start)
        return float(np.median(times))

    def checkpoint(self, name: str, device: str | None = None) -> Checkpoint:
        """A checkpoint on the device that is measured, or on another."""
        return load_checkpoint(name, device or str(self.device))

    def pixels(self, image_shape: ImageShape, count: int, split: Split = "validation") -> np.ndarray:
        """`count` images of the data set (digits for images of 8 pixels), repeated where it has fewer."""
        spec = "digits" if image_shape[2] <= 8 else self.data
        found = np.array(open_dataset(spec, image_shape, split, count).pixels)
        return found[np.arange(count) % len(found)]


def line(row: Row) -> str:
    """A row as text."""
    value = (
        row.value if isinstance(row.value, str) else f"{row.value:,.4g}" if row.value < 1000 else f"{row.value:,.0f}"
    )
    return f"{row.section:12} {row.name:64} {value:>14} {row.unit}"


def of_two_sizes(names: Sequence[str]) -> list[str]:
    """The first two: the others have their architectures."""
    return list(names[:2])


def forget_peak(device: torch.device) -> None:
    """Free what is cached on a GPU, and measure its largest memory anew."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)
