"""What a job does: a task as plain data, in ``task.json`` of its folder, and the work itself.

Jobs live in folders of two kinds. The folder of a training run *is* its job's folder, and its ``config.json`` is the
task. Every other job has a folder in ``jobs`` of the data folder, with a ``task.json``.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from explorer.data.names import dataset_name
from explorer.errors import ExplorerError
from explorer.home import write_atomically

if TYPE_CHECKING:
    from explorer.data.building import Progress

__all__ = [
    "MAX_SHARDS",
    "PERCENT",
    "PROGRESS_FILE",
    "CatalogTask",
    "EvaluateTask",
    "MapTask",
    "Report",
    "Task",
    "TrainTask",
    "Work",
    "do_task",
    "read_task",
    "write_task",
]

Report = Callable[[int, int, str], None]
"""``report(done, total, unit)``."""

Work = Callable[[Path, Callable[[], bool]], bool]
"""``work(folder, should_stop)`` does the task of a folder until it is done or asked to stop; whether it is done."""

MAX_SHARDS = 256
"""As many as a catalog has parts at most."""

_STRICT = ConfigDict(extra="forbid", frozen=True)


class TrainTask(BaseModel):
    """Train the run whose folder this is.

    Attributes:
        processes: how many share each step.
    """

    model_config = _STRICT

    kind: Literal["train"] = "train"
    processes: int = Field(1, ge=1, le=1024)
    shards: Literal[1] = 1

    @property
    def title(self) -> str:
        """What it does, in words."""
        return "training" + (f" in {self.processes} processes" if self.processes > 1 else "")


class CatalogTask(BaseModel):
    """Score a data set.

    Attributes:
        checkpoint: name or folder.
        dataset: what `explorer.data.sources.open_dataset` opens.
        split: part of the data set.
        shards: how many jobs share the work.
    """

    model_config = _STRICT

    kind: Literal["catalog"] = "catalog"
    checkpoint: str
    dataset: str
    split: Literal["train", "validation", "all"] = "validation"
    shards: int = Field(1, ge=1, le=MAX_SHARDS)

    @property
    def title(self) -> str:
        """What it does, in words."""
        return f"catalog of {dataset_name(self.dataset)} ({self.split}) by {Path(self.checkpoint).name}"


class EvaluateTask(BaseModel):
    """Run every check of a checkpoint.

    Attributes:
        checkpoint: name or folder.
        dataset: what `explorer.data.sources.open_dataset` opens.
        quick: on few images.
    """

    model_config = _STRICT

    kind: Literal["evaluate"] = "evaluate"
    checkpoint: str
    dataset: str
    quick: bool = False
    shards: Literal[1] = 1

    @property
    def title(self) -> str:
        """What it does, in words."""
        effort = "quick" if self.quick else "full"
        return f"{effort} checks of {Path(self.checkpoint).name} on {dataset_name(self.dataset)}"


class MapTask(BaseModel):
    """Lay out the images of a catalog on a map.

    Attributes:
        checkpoint: name or folder.
        dataset: what `explorer.data.sources.open_dataset` opens.
        split: part of the data set.
    """

    model_config = _STRICT

    kind: Literal["map"] = "map"
    checkpoint: str
    dataset: str
    split: Literal["train", "validation", "all"] = "validation"
    shards: Literal[1] = 1

    @property
    def title(self) -> str:
        """What it does, in words."""
        return f"map of {dataset_name(self.dataset)} ({self.split}) by {Path(self.checkpoint).name}"


Task = Annotated[TrainTask | CatalogTask | EvaluateTask | MapTask, Field(discriminator="kind")]
_ADAPTER: TypeAdapter[Task] = TypeAdapter(Task)

_TASK_FILE = "task.json"
PROGRESS_FILE = "progress.json"
PERCENT = "%"
"""The unit of work that is not a number of things."""
_PROGRESS_SECONDS = 1.0
_MEGABYTE = 1_000_000  # bytes


def write_task(folder: Path, task: Task) -> None:
    """Write ``task.json``.

    Raises:
        ExplorerError: it cannot be written.
    """
    with write_atomically(folder / _TASK_FILE) as path:
        path.write_text(task.model_dump_json(indent=1) + "\n", encoding="utf-8")


def read_task(folder: Path) -> Task:
    """The task of a job's folder.

    Raises:
        ExplorerError: there is none, or it is damaged.
    """
    try:
        return _ADAPTER.validate_json((folder / _TASK_FILE).read_bytes())
    except FileNotFoundError:
        if (folder / "config.json").is_file():
            return TrainTask()
        raise ExplorerError(f"{folder} is not a job: {_TASK_FILE} is missing.") from None
    except (OSError, ValidationError) as error:
        raise ExplorerError(f"The job {folder.name} is damaged: {_TASK_FILE} cannot be read. Delete it.") from error


class _Stopped(Exception):
    """Raised through work that knows nothing of stopping."""


def do_task(folder: Path, should_stop: Callable[[], bool]) -> bool:
    """Do the task of a job's folder, or that of the shard whose folder it is; returns whether it is done.

    Raises:
        ExplorerError: whatever keeps it from being done.
    """
    shard = _shard_of(folder)
    task = read_task(folder if shard is None else folder.parent)
    # Imported below: torch takes seconds, and by then the lock should be held.
    report = _reporter(folder, should_stop)
    try:
        if isinstance(task, TrainTask):
            return _train(folder, should_stop, report)
        if isinstance(task, CatalogTask):
            _score(task, shard or 0, report)
        elif isinstance(task, EvaluateTask):
            _evaluate(task, report)
        else:
            _map(task, report)
    except _Stopped:
        return False
    return True


def _shard_of(folder: Path) -> int | None:
    name = folder.name.removeprefix("shard-")
    return int(name) if name != folder.name and name.isdecimal() and (folder.parent / _TASK_FILE).is_file() else None


def _reporter(folder: Path, should_stop: Callable[[], bool]) -> Report:
    """Writes ``progress.json``: `done`, `total`, `unit`, and the `rate` in units a second since it began."""
    written = -_PROGRESS_SECONDS
    began: tuple[str, int, float] | None = None
    last = 0

    def report(done: int, total: int, unit: str) -> None:
        nonlocal written, began, last
        if should_stop():
            raise _Stopped
        now = time.monotonic()
        if began is None or began[0] != unit or done < last:  # the next of several data sets begins anew
            began = (unit, done, now)
        last = done
        if now - written >= _PROGRESS_SECONDS or done == total:
            written = now
            rate = (done - began[1]) / (now - began[2]) if now > began[2] else None
            with write_atomically(folder / PROGRESS_FILE) as path:
                path.write_text(
                    json.dumps({"done": done, "total": total, "unit": unit, "rate": rate}), encoding="utf-8"
                )

    return report


def _opening(report: Report) -> dict[str, Progress]:
    """The arguments of `open_dataset` that report how far it is."""

    def fetching(done: int, total: int | None) -> None:
        report(done // _MEGABYTE, math.ceil((total or 0) / _MEGABYTE), "MB fetched")

    return {"progress": lambda done, total: report(done, total or 0, "images prepared"), "fetching": fetching}


def _train(folder: Path, should_stop: Callable[[], bool], report: Report) -> bool:
    from explorer.training.loop import train

    first = os.environ.get("RANK", "0") == "0"  # of several processes, which wait for each other
    return train(folder, should_stop, **(_opening(report) if first else {}))


def _score(task: CatalogTask, shard: int, report: Report) -> None:
    from explorer.catalog.build import build_catalog
    from explorer.data.sources import open_dataset
    from explorer.models.checkpoints import load_checkpoint

    checkpoint = load_checkpoint(task.checkpoint)
    images = open_dataset(task.dataset, checkpoint.model.image_shape, task.split, **_opening(report))
    build_catalog(
        checkpoint, images, progress=lambda done, total: report(done, total, "scores"), shard=(shard, task.shards)
    )


def _evaluate(task: EvaluateTask, report: Report) -> None:
    from explorer.data.other import open_other
    from explorer.data.sources import open_dataset
    from explorer.data.unseen import unseen_split
    from explorer.measures.consistency.checks import FULL, QUICK
    from explorer.measures.consistency.storage import check_and_keep
    from explorer.models.checkpoints import load_checkpoint

    checkpoint = load_checkpoint(task.checkpoint)
    split = unseen_split(task.dataset, checkpoint.config.dataset)
    images = open_dataset(task.dataset, checkpoint.model.image_shape, split, **_opening(report))
    own = (checkpoint.config.dataset, task.dataset)
    other = open_other(checkpoint.model.image_shape, checkpoint.values, own, **_opening(report))
    effort = QUICK if task.quick else FULL
    check_and_keep(
        checkpoint, images, effort, lambda _what, share: report(round(100 * min(share, 1.0)), 100, PERCENT), other
    )


def _map(task: MapTask, report: Report) -> None:
    from explorer.catalog.build import build_catalog
    from explorer.catalog.map import build_map
    from explorer.data.sources import open_dataset
    from explorer.models.checkpoints import load_checkpoint

    checkpoint = load_checkpoint(task.checkpoint)
    images = open_dataset(task.dataset, checkpoint.model.image_shape, task.split, **_opening(report))
    build_catalog(checkpoint, images, progress=lambda done, total: report(done, total, "scores"))
    build_map(checkpoint, images, progress=lambda done, total: report(done, total, "steps of the map"))
