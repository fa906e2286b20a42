"""A training run on disk.

A run is a folder:

    config.json             `TrainingConfig`
    metrics.jsonl           one JSON object a line, append-only: progress and validations
    last/training.safetensors   weights, averaged weights and optimizer state, with the step; what a run resumes from
    best/                   the checkpoint (averaged weights) with the lowest validation NLL so far, or the latest
    denoised.png            clean, noisy and denoised validation images at the last validation

Every file but `metrics.jsonl` is written to a temporary name and renamed, so that a kill at any moment leaves a run
that resumes. After a kill, `metrics.jsonl` may hold lines beyond the step of `last/`, and half a line at its end:
readers keep the latest line of each kind and step, and skip what does not parse.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from explorer.decoding import read_image
from explorer.errors import ExplorerError
from explorer.home import check_name, data_home, subfolder, write_atomically, write_folder_atomically
from explorer.models.metrics import BitsPerDimension, NoiseLevelMetrics
from explorer.training.config import MAX_STEPS, TrainingConfig

__all__ = ["Run", "append_metrics", "create_run"]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True)

    step: int = Field(ge=0, le=MAX_STEPS)


class _Progress(_Entry):
    kind: Literal["progress"]
    space_loss: float | None = None
    time_loss: float | None = None
    images_per_second: float | None = None
    seconds: float | None = Field(None, ge=0)


class _Bits(BitsPerDimension):
    energy: float
    i_mmse: float
    gap: float


class _Validation(_Entry):
    kind: Literal["validation"]
    bits_per_dimension: _Bits
    levels: list[NoiseLevelMetrics]


_ENTRY = TypeAdapter(Annotated[_Progress | _Validation, Field(discriminator="kind")])


def _parse(line: str) -> dict[str, Any] | None:
    """A line of `metrics.jsonl`; None when it is not whole, or has values that no run writes."""
    try:
        return _ENTRY.validate_python(json.loads(line)).model_dump()
    except (ValueError, RecursionError):  # ValidationError is a ValueError
        return None


@dataclass(frozen=True)
class Run:
    """A run folder that exists.

    Attributes:
        folder: the folder.
        config: what to train.
    """

    folder: Path
    config: TrainingConfig

    @classmethod
    def open(cls, folder: Path) -> Run:
        """Open a run.

        Raises:
            ExplorerError: `config.json` is missing or damaged.
        """
        try:
            text = (folder / "config.json").read_text(encoding="utf-8")
            return cls(folder, TrainingConfig.model_validate_json(text))
        except FileNotFoundError as error:
            raise ExplorerError(f"{folder} is not a training run: config.json is missing.") from error
        except (OSError, UnicodeDecodeError, ValidationError) as error:
            raise ExplorerError(f"The training run {folder.name} is damaged: config.json cannot be read.") from error

    @property
    def training_state(self) -> Path:
        """The file that the run resumes from."""
        return self.folder / "last" / "training.safetensors"

    @property
    def checkpoint(self) -> Path:
        """The checkpoint that a finished run becomes."""
        return data_home() / "checkpoints" / self.config.name

    def metrics(self) -> list[dict[str, Any]]:
        """The lines of `metrics.jsonl`, in order of step, the latest for each kind and step.

        Each has `kind` (`"progress"`: `space_loss`, `time_loss`, `images_per_second`, `seconds`, averaged since the
        line before; `"validation"`: `bits_per_dimension` with `energy`, `i_mmse` and `gap`, and `levels`, a list of
        `NoiseLevel` fields) and `step`. A number that was not finite is None. Lines that are damaged are left out.
        """
        try:
            text = (self.folder / "metrics.jsonl").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return []
        latest: dict[tuple[int, str], dict[str, Any]] = {}
        for line in text.splitlines():
            entry = _parse(line)
            if entry is not None:
                latest[entry["step"], entry["kind"]] = entry
        return [latest[key] for key in sorted(latest)]

    def denoised_examples(self) -> bytes | None:
        """The PNG of denoised images of the latest validation; None before the first, and where it is damaged."""
        try:
            data = (self.folder / "denoised.png").read_bytes()
            return data if min(read_image(data).size) >= self.config.model.image_shape[1] else None
        except (OSError, ExplorerError):
            return None

    @property
    def step(self) -> int:
        """Steps done, according to `metrics.jsonl`."""
        return max((entry["step"] for entry in self.metrics()), default=0)

    @property
    def seconds(self) -> float:
        """Time spent on steps so far, over all processes that worked on the run; validations are not counted."""
        return sum(entry["seconds"] or 0.0 for entry in self.metrics() if entry["kind"] == "progress")

    @property
    def finished(self) -> bool:
        """Whether the last step is done and its validation written."""
        return any(entry["kind"] == "validation" and entry["step"] >= self.config.steps for entry in self.metrics())


def create_run(config: TrainingConfig, folder: Path | None = None) -> Path:
    """Make the folder of a new run and return it.

    Args:
        config: what to train.
        folder: where; the run's name among the runs of the data folder when None.

    Raises:
        ExplorerError: a run or checkpoint of this name exists, or the folder cannot be written.
    """
    if folder is None:
        folder = subfolder("runs") / check_name(config.name)
    if (data_home() / "checkpoints" / config.name).exists():
        raise ExplorerError(f"A checkpoint called {config.name!r} exists already; choose another name.")
    try:
        with write_folder_atomically(folder) as new, write_atomically(new / "config.json") as path:
            path.write_text(config.model_dump_json(indent=2) + "\n", encoding="utf-8")
    except FileExistsError as error:
        raise ExplorerError(f"A run called {folder.name!r} exists already; choose another name.") from error
    except OSError as error:
        raise ExplorerError(f"{folder} cannot be created ({error.strerror}).") from error
    return folder


def append_metrics(folder: Path, entry: dict[str, Any]) -> None:
    """Append one line to `metrics.jsonl`; numbers that are not finite become null.

    Raises:
        ExplorerError: the disk is full or the folder cannot be written.
    """
    finite = {k: (None if isinstance(v, float) and not math.isfinite(v) else v) for k, v in entry.items()}
    path = folder / "metrics.jsonl"
    try:
        with open(path, "a+b") as file:
            # A kill in mid-line leaves no newline: begin a new line, so that only the torn one is lost.
            if file.tell() > 0:
                file.seek(-1, 2)
                torn = file.read(1) != b"\n"
            else:
                torn = False
            file.write((b"\n" if torn else b"") + json.dumps(finite).encode() + b"\n")
    except OSError as error:
        raise ExplorerError(
            f"{path} cannot be written ({error.strerror or error}). Free some space, then resume the run."
        ) from error
