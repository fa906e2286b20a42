"""What `benchmarks.kills` kills: each kind of work, how it is started, and how one sees that nothing is damaged.

Each is small, and is done once without interruption in a data folder of its own, with which the others are compared.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

from benchmarks.app import start_app
from benchmarks.works import LOCAL, PATIENCE, Command, Job, Work, at_home
from explorer.catalog.build import find_catalog
from explorer.catalog.map import find_map
from explorer.data.sources import Split, open_dataset
from explorer.data.store import Store, verify_store
from explorer.errors import ExplorerError
from explorer.images import Values
from explorer.jobs.kinds import CatalogTask, EvaluateTask, MapTask, Task, TrainTask
from explorer.jobs.manage import create_job, list_jobs
from explorer.jobs.record import JobRecord, write_record
from explorer.jobs.submission import Submission, write_submission
from explorer.jobs.tasks import write_task
from explorer.measures.consistency.storage import find_report
from explorer.models.checkpoints import CheckpointConfig, load_checkpoint, save_checkpoint
from explorer.models.dual import DualEnergy, DualEnergyConfig, NoiseRange
from explorer.models.unet import UNetConfig
from explorer.training.config import TrainingConfig
from explorer.training.run import Run, create_run
from tests.models import released

__all__ = ["App", "Card", "Catalog", "CatalogCommand", "Checks", "Import", "MapJob", "Stores", "Training"]

_SHAPE = (1, 8, 8)
_NAME = "tiny"
_STEPS, _VALIDATE_EVERY = 160, 20


class Training(Job):
    """A training.

    Args:
        things: see `Work`.
        processes: that share it.
    """

    def __init__(self, things: Path, processes: int = 1) -> None:
        super().__init__(things)
        self.processes = processes
        self.title = "training" if processes == 1 else f"training in {processes} processes"

    def create(self) -> tuple[Path, Task]:
        model = DualEnergyConfig(
            image_shape=_SHAPE,
            noise=NoiseRange(t_min=1e-6, t0=1e-5, t_max=100.0),
            unet=UNetConfig(base_width=4, num_scales=1, embedding_dim=8),
            frequencies=4,
        )
        length = {"steps": _STEPS, "validate_every": _VALIDATE_EVERY}
        return create_run(
            TrainingConfig(name="run", dataset="digits", model=model, batch_size=4, validation_images=4, **length)
        ), TrainTask(processes=self.processes)

    def check(self, truth: Path | None = None) -> None:
        run = Run.open(Path(os.environ["EXPLORER_HOME"]) / "runs" / "run")
        entries = run.metrics()
        assert run.finished
        for kind in ("progress", "validation"):
            steps = [entry["step"] for entry in entries if entry["kind"] == kind]
            assert steps == sorted(set(steps)), f"{kind}: {steps}"
        assert steps == list(range(_VALIDATE_EVERY, _STEPS + 1, _VALIDATE_EVERY)), f"validations at {steps}"
        torn = [line for line in (run.folder / "metrics.jsonl").read_bytes().splitlines() if not line.endswith(b"}")]
        assert len(torn) <= 1, f"{len(torn)} lines of the metrics are torn"
        found = load_checkpoint("run", "cpu")
        assert (found.path / "card.md").read_text()
        if truth is None:
            return
        expected = Run.open(truth / "runs" / "run")
        for path in ("last/training.safetensors", "best/model.safetensors"):
            _assert_same_tensors(run.folder / path, expected.folder / path)
        _assert_same_tensors(found.path / "model.safetensors", truth / "checkpoints" / "run" / "model.safetensors")
        readings = [
            [entry["bits_per_dimension"] for entry in one if entry["kind"] == "validation"]
            for one in (entries, expected.metrics())
        ]
        assert readings[0] == readings[1]


def _assert_same_tensors(path: Path, expected: Path) -> None:
    found, wanted = load_file(path), load_file(expected)
    assert found.keys() == wanted.keys()
    different = [name for name in wanted if not torch.equal(found[name], wanted[name])]
    assert not different, f"{path.name}: {len(different)} tensors are not those of the uninterrupted work"


class OfCheckpoint(Work):
    """Work of a tiny checkpoint on some random images."""

    images = 1500
    split: Split = "all"

    def prepare(self) -> None:
        """Put the checkpoint into the data folder, and the images beside the data folders."""
        folder = Path(os.environ["EXPLORER_HOME"]) / "checkpoints" / _NAME
        made = self.things / _NAME
        if not made.exists():
            save_checkpoint(made, *_tiny_model(), f"# {_NAME}\n")
        shutil.copytree(made, folder, dirs_exist_ok=True)
        if not self.data.exists():
            np.save(self.data, _random_images(self.images, 8))

    @property
    def data(self) -> Path:
        """The file of the images."""
        return self.things / f"images-{self.images}.npy"

    def store(self) -> Store:
        """The images, opened."""
        return open_dataset(str(self.data), _SHAPE, self.split)


def _tiny_model() -> tuple[DualEnergy, CheckpointConfig]:
    """A small network of random weights, the same at each call."""
    config = DualEnergyConfig(
        image_shape=_SHAPE,
        noise=NoiseRange(t_min=1e-5, t0=1e-4, t_max=100.0),
        unet=UNetConfig(base_width=4, num_scales=1, embedding_dim=8),
        frequencies=2,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = DualEnergy(config)
        torch.nn.init.normal_(model.unet.output.weight, std=0.1)
        model.fit_statistics(torch.rand(50, *_SHAPE))
    return model, CheckpointConfig(model=config, values=Values(), dataset="random")


def _random_images(count: int, side: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, side, side), dtype=np.uint8)


class Catalog(OfCheckpoint, Job):
    """A catalog, as a job.

    Args:
        things: see `Work`.
        shards: jobs that share it.
    """

    def __init__(self, things: Path, shards: int = 1) -> None:
        super().__init__(things)
        self.shards = shards
        self.title = "catalog" if shards == 1 else f"catalog in {shards} shards"

    def create(self) -> tuple[Path, Task]:
        self.prepare()
        task = CatalogTask(checkpoint=_NAME, dataset=str(self.data), split=self.split, shards=self.shards)
        return create_job(task, "job"), task

    def check(self, truth: Path | None = None) -> None:
        checkpoint, store = load_checkpoint(_NAME, "cpu"), self.store()
        catalog = find_catalog(checkpoint, store.fingerprint)
        assert catalog is not None, "there is no whole catalog"
        assert np.array_equal(catalog.column("index"), np.arange(len(store)))
        if truth is not None:
            with at_home(truth):
                expected = find_catalog(checkpoint, store.fingerprint)
            assert expected is not None
            for column in expected.columns:
                same = np.array_equal(catalog.column(column.name), expected.column(column.name), equal_nan=True)
                assert same, f"the column {column.name} has other numbers"
            assert catalog.meta == expected.meta
            assert catalog.profile == expected.profile


class MapJob(OfCheckpoint, Job):
    """A map, as a job."""

    title = "map"
    images = 60

    def create(self) -> tuple[Path, Task]:
        self.prepare()
        task = MapTask(checkpoint=_NAME, dataset=str(self.data), split=self.split)
        return create_job(task, "job"), task

    def check(self, truth: Path | None = None) -> None:
        found = find_map(load_checkpoint(_NAME, "cpu"), self.store())
        assert found is not None, "there is no whole map"
        if truth is not None:
            with at_home(truth):
                expected = find_map(load_checkpoint(_NAME, "cpu"), self.store())
            assert expected is not None
            assert np.array_equal(found.x, expected.x)
            assert np.array_equal(found.y, expected.y)


class Checks(OfCheckpoint, Job):
    """The checks of a checkpoint, as a job: its report is kept with the checkpoint."""

    title = "checks"
    images = 64

    def create(self) -> tuple[Path, Task]:
        self.prepare()
        task = EvaluateTask(checkpoint=_NAME, dataset=str(self.data), quick=True)
        return create_job(task, "job"), task

    def check(self, truth: Path | None = None) -> None:
        checkpoint = load_checkpoint(_NAME, "cpu")
        report = find_report(checkpoint)
        assert report is not None, "there is no report"
        if truth is not None:
            _assert_same_tensors(checkpoint.path / "model.safetensors", self.things / _NAME / "model.safetensors")
            with at_home(truth):
                expected = find_report(load_checkpoint(_NAME, "cpu"))
            assert expected is not None
            assert all(report.results[name] == expected.results[name] for name in ("likelihood", "heat_equation"))


class CatalogCommand(Command, Catalog):
    """A catalog, by the command line."""

    images = 15_000  # a tenth of them is for validation
    split = "validation"

    def __init__(self, things: Path) -> None:
        super().__init__(things)
        self.title = "catalog command"

    def command(self) -> list[str]:
        self.prepare()
        return ["-m", "explorer", "catalog", _NAME, "--data", str(self.data)]


class Card(Command, Checks):
    """The checks of a checkpoint by the command line, which writes its card, its description and its report."""

    title = "evaluate command"

    def command(self) -> list[str]:
        self.prepare()
        return ["-m", "explorer", "evaluate", _NAME, "--data", str(self.data), "--quick"]

    def prepare(self) -> None:
        if not (Path(os.environ["EXPLORER_HOME"]) / "checkpoints" / _NAME).exists():  # what is half written stays
            super().prepare()

    def check(self, truth: Path | None = None) -> None:
        super().check(truth)
        assert "How far it can be trusted" in (load_checkpoint(_NAME, "cpu").path / "card.md").read_text()


class Stores(Command):
    """The store of a data set."""

    title = "store"
    _shape = (1, 16, 16)
    _images = 30_000

    def command(self) -> list[str]:
        path = self.things / "large.npy"
        if not path.exists():
            np.save(path, _random_images(self._images, 24))
        call = f"open_dataset({str(path)!r}, {self._shape}, 'all')"
        return ["-c", f"from explorer.data.sources import open_dataset; {call}"]

    def check(self, truth: Path | None = None) -> None:
        path = str(self.things / "large.npy")
        store = open_dataset(path, self._shape, "all")
        verify_store(store)
        assert len(store) == self._images
        assert not list(store.folder.parent.glob(".*.part"))
        if truth is not None:
            with at_home(truth):
                assert open_dataset(path, self._shape, "all").fingerprint == store.fingerprint


class Import(Command):
    """The import of a checkpoint of the paper."""

    title = "import"
    was_done = False  # when it was killed

    def command(self) -> list[str]:
        folder = self.things / "released"
        if not folder.exists():
            released.write(folder)
        return ["-m", "explorer", "import", str(folder), "--name", "imported"]

    def go_on(self) -> None:
        with contextlib.suppress(ExplorerError):
            load_checkpoint("imported", "cpu")
            self.was_done = True
        super().go_on()

    def done(self) -> bool:
        return self.was_done or super().done()

    def check(self, truth: Path | None = None) -> None:
        found = load_checkpoint("imported", "cpu").path
        if truth is not None:
            expected = truth / "checkpoints" / "imported"
            for name in ("config.json", "card.md", "model.safetensors"):
                assert (found / name).read_bytes() == (expected / name).read_bytes(), name


class App(Training):
    """The app itself, which has found a waiting training and started it."""

    def __init__(self, things: Path) -> None:
        super().__init__(things)
        self.title = "app"

    def begin(self) -> None:
        self.folder, task = self.create()
        write_task(self.folder, task)
        write_submission(self.folder, Submission(executor="local", settings=LOCAL))
        write_record(self.folder, JobRecord(status="queued", pid=0))
        self.start()

    def start(self) -> None:
        """Start the app, and wait until it answers."""
        self.app, _ = start_app(os.environ, patience=PATIENCE)
        assert [job.name for job in list_jobs()] == [self.folder.name]

    def end(self) -> None:
        self.app.terminate()
        self.app.wait()
