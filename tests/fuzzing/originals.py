"""Real files of every kind but pictures: small, and written by the code that writes them for people."""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import tarfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from datasets import ClassLabel, Dataset, Features, Image, disable_progress_bars
from datasets.arrow_writer import ArrowWriter

from explorer.catalog.build import build_catalog
from explorer.catalog.map import map_identity
from explorer.data.partial import JOURNAL, PartialStore
from explorer.data.sources import open_dataset
from explorer.data.store import Sample, Store
from explorer.data.views import CENTRAL
from explorer.home import data_home
from explorer.jobs.kinds import CatalogTask
from explorer.jobs.manage import create_job
from explorer.jobs.progress import PROGRESS_FILE
from explorer.jobs.record import JobRecord, write_record
from explorer.jobs.settings import save_job_settings
from explorer.jobs.submission import Submission, write_submission
from explorer.measures.consistency.storage import write_report
from explorer.models.checkpoints import Checkpoint, load_checkpoint
from explorer.training.config import TrainingConfig
from explorer.training.loop import train
from explorer.training.run import create_run
from tests.conftest import write_tiny_checkpoint, write_tiny_multiscale
from tests.fuzzing.pictures import write_pictures
from tests.measures.consistency.examples import good
from tests.models import released

__all__ = ["ANY_SIZE", "CHECKPOINT", "IMAGES", "SHAPE", "at_home", "write_originals"]

CHECKPOINT = "tiny"
ANY_SIZE = "photo"
"""A checkpoint of a multi-scale density."""
SHAPE = (1, 8, 8)
IMAGES = 24
"""So many digits are in the catalog."""

_ROWS = 12


@contextlib.contextmanager
def at_home(home: Path) -> Iterator[None]:
    """Let this process have another data folder."""
    names = ("EXPLORER_HOME", "EXPLORER_DATASETS")
    before = {name: os.environ.pop(name, None) for name in names}
    os.environ["EXPLORER_HOME"] = str(home)
    try:
        yield
    finally:
        for name in names:
            os.environ.pop(name, None)
        os.environ.update({name: value for name, value in before.items() if value is not None})


def write_originals(folder: Path) -> None:
    """Write all of them: ``pictures``, ``data``, ``released``, and ``home``, a data folder with one thing of each."""
    write_pictures(folder / "pictures")
    _write_data_sets(folder / "data", sorted((folder / "pictures" / "PNG").glob("*RGB-*")))
    released.write(folder / "released", spatial_size=8)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with at_home(folder / "home"):
        write_tiny_checkpoint(data_home() / "checkpoints" / CHECKPOINT, SHAPE, levels=17)
        write_tiny_multiscale(data_home() / "checkpoints" / ANY_SIZE)
        checkpoint = load_checkpoint(CHECKPOINT, "cpu")
        images = open_dataset("digits", SHAPE, limit=IMAGES)
        catalog = build_catalog(checkpoint, images)
        assert catalog is not None
        _write_map(checkpoint, images, catalog.folder)
        write_report(checkpoint.path / "trust.json", checkpoint.fingerprint, good(SHAPE))
        _write_half_store(images)
        _write_run(checkpoint)
        _write_job()
        save_job_settings(executor="local", at_once=2, partition="gpu", gpus=1, memory_gb=32.5, minutes=240)
    torch.set_num_threads(threads)


def _write_data_sets(folder: Path, pictures: list[Path]) -> None:
    disable_progress_bars()
    folder.mkdir()
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (_ROWS, 8, 8), dtype=np.uint8)
    labels = np.arange(_ROWS) % 3
    np.save(folder / "bytes.npy", pixels)
    np.save(folder / "floats.npy", random.random((_ROWS, 3, 8, 8)).astype(np.float32))
    np.savez(folder / "plain.npz", images=pixels, labels=labels)
    np.savez_compressed(folder / "small.npz", x=pixels, y=labels)
    batch = {"data": random.integers(0, 256, (_ROWS, 3 * 8 * 8), dtype=np.uint8), "labels": (labels + 1).tolist()}
    for protocol in (2, 3, 4):
        (folder / f"imagenet-{protocol}").mkdir()
        (folder / f"imagenet-{protocol}" / "val_data").write_bytes(pickle.dumps(batch, protocol))
    files = [pictures[number % len(pictures)].read_bytes() for number in range(_ROWS)]
    struct = [{"bytes": data, "path": f"{number}.png"} for number, data in enumerate(files)]
    pq.write_table(pa.table({"image": struct, "label": labels}), folder / "struct.parquet")
    pq.write_table(pa.table({"img": files, "y": [f"class {label}" for label in labels]}), folder / "binary.parquet")
    rows = Dataset.from_dict(
        {"image": struct, "label": labels.tolist()},
        Features({"image": Image(), "label": ClassLabel(names=["a", "b", "c"])}),
    )
    rows.save_to_disk(folder / "saved")
    (folder / "arrow").mkdir()
    with ArrowWriter(features=rows.features, path=str(folder / "arrow" / "data.arrow")) as writer:
        writer.write_table(rows.data.table)
        writer.finalize()
    (folder / "web").mkdir()
    with tarfile.open(folder / "web" / "train.tar", "w") as archive:
        for number, data in enumerate(files):
            for name, content in ((f"{number}.png", data), (f"{number}.cls", b"%d" % labels[number])):
                member = tarfile.TarInfo(name)
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))


def _write_map(checkpoint: Checkpoint, images: Store, folder: Path) -> None:
    """The file that `explorer.catalog.map.build_map` writes, without UMAP, which takes half a minute."""
    places = np.random.default_rng(0).normal(size=(len(images), 2)).astype(np.float32)
    columns = {"index": np.arange(len(images)), "x": places[:, 0], "y": places[:, 1]}
    table = pa.table(columns, map_identity(checkpoint, images).schema)
    pq.write_table(table, folder / "map.parquet", compression="zstd", write_page_checksum=True)


def _write_half_store(images: Store) -> None:
    """A build of the same store that was killed half way, in place of a store of another name."""
    folder = images.folder.with_name(f".{images.folder.name}.part")
    with PartialStore(folder, images.image_shape, f"digits {len(images)} {CENTRAL}") as part:
        for number in range(len(images) // 2):
            part.append(Sample(np.array(images.pixels[number]), int(images.labels[number]), images.names[number]))
        part.checkpoint()
    assert (folder / JOURNAL).is_file()


def _write_run(checkpoint: Checkpoint) -> None:
    config = TrainingConfig(
        name="run",
        dataset="digits",
        model=checkpoint.config.model,
        values=checkpoint.values,
        steps=4,
        batch_size=4,
        validate_every=2,
        validation_images=4,
        device="cpu",
    )
    folder = create_run(config)
    train(folder)
    write_record(folder, JobRecord(status="finished"))
    write_submission(folder, Submission(executor="local", job_id="12345"))
    (folder / "log.txt").write_text("step 4\n", encoding="utf-8")


def _write_job() -> None:
    folder = create_job(CatalogTask(checkpoint=CHECKPOINT, dataset="digits", shards=2), "job")
    for number, executor in enumerate(("local", "slurm")):
        shard = folder / f"shard-{number}"
        shard.mkdir()
        write_record(shard, JobRecord(status="running", message="It scores."))
        write_submission(shard, Submission(executor=executor, job_id=f"12_{number}", started=1.0))
        (shard / PROGRESS_FILE).write_text('{"done": 10, "total": 40, "unit": "scores", "rate": 2.5}', encoding="utf-8")
