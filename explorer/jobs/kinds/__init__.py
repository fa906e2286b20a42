"""Every kind of job. A new one is a module here and a line in `KINDS`."""

from __future__ import annotations

from explorer.jobs.kinds.base import ModelTask, Task
from explorer.jobs.kinds.catalog import CatalogTask
from explorer.jobs.kinds.evaluate import EvaluateTask
from explorer.jobs.kinds.map import MapTask
from explorer.jobs.kinds.train import TrainTask

__all__ = ["KINDS", "MODEL_KINDS", "CatalogTask", "EvaluateTask", "MapTask", "ModelTask", "Task", "TrainTask"]

_ALL: tuple[type[Task], ...] = (
    TrainTask,
    CatalogTask,
    EvaluateTask,
    MapTask,
)

KINDS: dict[str, type[Task]] = {kind.model_fields["kind"].default: kind for kind in _ALL}
"""All kinds by name."""

MODEL_KINDS: dict[str, type[ModelTask]] = {name: kind for name, kind in KINDS.items() if issubclass(kind, ModelTask)}
"""Those of a model and a data set, which the Jobs page and the command line offer."""
