"""What the app itself writes, and checkpoints that others give: damaged, and read as the pages do it."""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load, save

from explorer.catalog.build import build_catalog, find_catalog
from explorer.catalog.compare import compare
from explorer.catalog.map import find_map, map_identity, read_map
from explorer.catalog.query import Catalog, open_catalog
from explorer.catalog.selection import Region
from explorer.errors import ExplorerError
from explorer.figures.atlas import log_prob_histogram
from explorer.figures.checks import check_figures
from explorer.figures.training import denoised_images, denoising_psnr, likelihood, space_loss, time_loss
from explorer.jobs.kinds.train import run_progress
from explorer.jobs.manage import find_job, list_jobs, read_log, traceback_in
from explorer.jobs.progress import duration
from explorer.jobs.record import read_record
from explorer.jobs.settings import JobSettings, job_settings, save_job_settings
from explorer.jobs.submission import read_submission
from explorer.jobs.tasks import member_folders, progress
from explorer.measures.consistency.storage import find_report
from explorer.measures.image.scales import bits_by_scale
from explorer.models.checkpoints import Checkpoint, list_checkpoints, load_checkpoint
from explorer.models.importing import import_released
from explorer.training.card import checkpoint_card
from explorer.training.run import Run
from explorer.training.sources import PixelSource
from explorer.training.trainer import Trainer
from tests.fuzzing.kinds import (
    Kind,
    Read,
    always,
    damage_bytes,
    damage_file,
    damage_json,
    damage_lines,
    damage_parquet,
    damage_toml,
    look_at_digits,
    tree,
)
from tests.fuzzing.mutations import Whole, damaged, damaged_json, how_many
from tests.fuzzing.originals import ANY_SIZE, CHECKPOINT
from tests.fuzzing.sandbox import Sandbox

__all__ = ["projects"]

Random = np.random.Generator
Ways = dict[str, Callable[[Path, Random], None]]

_REGION = Region(np.array([-1.0, 1.0, 1.0, -1.0]), np.array([-1.0, -1.0, 1.0, 1.0]))


def projects() -> list[Kind]:
    """Catalogs, checkpoints, configurations, runs and jobs."""
    plain = damage_file(damage_json, damage_json, damage_bytes)
    scored = ["checkpoints", "catalogs", "stores"]
    described: Ways = {"meta.json": plain, "profile.json": plain}
    part: Ways = {"part-*.parquet": damage_file(damage_parquet, damage_bytes)}
    placed: Ways = {"map.parquet": damage_file(damage_parquet, damage_bytes)}
    weights: Ways = {"model.safetensors": damage_file(_damage_tensors, _damage_tensor_header, damage_bytes)}
    saved: Ways = {"training.safetensors": damage_file(_damage_tensors, _damage_tensor_header, damage_bytes)}
    run: Ways = {
        "config.json": plain,
        "metrics.jsonl": damage_file(damage_lines, damage_lines, damage_bytes),
        "denoised.png": damage_file(damage_bytes),
        "*.json": plain,
    }
    job: Ways = dict.fromkeys(("task.json", "*/job.json", "*/submission.json", "*/progress.json"), plain)
    config: Ways = {"config.json": plain}
    report: Ways = {"trust.json": plain}
    folder = f"{CHECKPOINT}/{{}}"
    return [
        Kind("catalog's description", "others", tree("home", scored, "*/{}", described, _read_catalog), 2),
        Kind("catalog's rows", "others", tree("home", scored, "*/{}", part, _read_catalog)),
        Kind("map", "others", tree("home", scored, "*/{}", placed, _read_map)),
        Kind("checkpoint's config", "others", tree("home", scored, folder, config, _read_model), 2),
        Kind("config of any size", "others", tree("home", ["checkpoints"], f"{ANY_SIZE}/{{}}", config, _read_any_size)),
        Kind("checkpoint's weights", "others", tree("home", scored, folder, weights, _read_model)),
        Kind("trust report", "others", tree("home", scored, folder, report, _read_report)),
        Kind("released checkpoint", "others", _released, 2),
        Kind("training run", "others", tree("home", ["runs"], "run/{}", run, _read_run), 2),
        Kind("state of a training", "others", tree("home", ["runs"], "run/last/{}", saved, _read_state)),
        Kind("job", "others", tree("home", ["jobs"], "job/{}", job, _read_job), 2),
        Kind("explorer.toml", "others", _settings),
    ]  # fmt: skip


def _read_catalog(home: Path, damaged_file: Path) -> None:
    checkpoint, images = always(load_checkpoint, CHECKPOINT, "cpu"), look_at_digits()
    refused = None
    try:
        open_catalog(damaged_file.parent)
    except ExplorerError as error:
        refused = error
    found = always(find_catalog, checkpoint, images.fingerprint)
    whole = found or always(build_catalog, checkpoint, images)
    assert whole is not None
    _look_at_catalog(whole)
    if refused is not None:
        raise refused


def _look_at_catalog(catalog: Catalog) -> None:
    d = catalog.meta.dimensions
    for column in catalog.columns:
        catalog.column(column.name)
        catalog.histogram(column.name)
        catalog.rows(column.name, limit=3)
        catalog.evenly_spaced(column.name, 3)
        catalog.quantiles(column.name, (0.0, 0.5))
    catalog.nearest("log_prob", 0.0, 3)
    catalog.random(3)
    catalog.inside("log_prob", "contrast", [_REGION])
    for label in (None, *always(catalog.label_counts)):
        numbers = catalog.summary(label)
        if numbers is not None:
            assert numbers.dimensions == d
            assert f"{numbers.entropy:.2f} {numbers.images_exponent:.1f} {numbers.all_images_exponent:.1f}"
    marks = {name: value for name, value in catalog.meta.marks.model_dump().items() if value is not None}
    log_prob_histogram(*catalog.histogram("log_prob"), "nats", None, marks)
    for value in marks.values():
        assert f"{catalog.percentile(value):.2f}"
    assert compare(catalog, catalog).report(2)


def _read_map(home: Path, damaged_file: Path) -> None:
    checkpoint, images = always(load_checkpoint, CHECKPOINT, "cpu"), look_at_digits()
    found = always(find_map, checkpoint, images) or read_map(damaged_file.parent, map_identity(checkpoint, images))
    found.inside([_REGION])
    assert len(found.x) == len(found.y) == len(images)


def _listed() -> None:
    for info in always(list_checkpoints):
        assert info.problem is None or len(info.problem) < 2000
        if info.bits_per_dimension is not None:
            assert f"{info.bits_per_dimension:.2f}"


def _use(checkpoint: Checkpoint) -> None:
    pixels = torch.zeros(2, *checkpoint.model.image_shape, dtype=torch.uint8)
    assert checkpoint.model.log_prob(checkpoint.values.centers(pixels)).shape == (2,)
    report = always(find_report, checkpoint)
    assert checkpoint_card(checkpoint.name, checkpoint.config, report)


def _read_model(home: Path, damaged_file: Path) -> None:
    _listed()
    checkpoint = load_checkpoint(CHECKPOINT, "cpu")
    _use(checkpoint)
    if checkpoint.model.image_shape == (1, 8, 8):
        always(find_catalog, checkpoint, look_at_digits().fingerprint)


def _read_any_size(home: Path, damaged_file: Path) -> None:
    _listed()
    checkpoint = load_checkpoint(ANY_SIZE, "cpu")
    model = checkpoint.multiscale
    side = 2 * model.base.image_shape[1]
    pixels = torch.zeros(2, model.image_shape[0], side, side, dtype=torch.uint8)
    assert len(bits_by_scale(model, checkpoint.values.centers(pixels), checkpoint.values.levels)) == 2
    assert checkpoint_card(checkpoint.name, checkpoint.config)


def _read_report(home: Path, damaged_file: Path) -> None:
    checkpoint = always(load_checkpoint, CHECKPOINT, "cpu")
    report = always(find_report, checkpoint)
    if report is None:
        raise ExplorerError("It is as if there were no report.")
    assert f"{report.conditions.largest_noise} {report.conditions.smallest_noise} {report.seconds:,.0f}"
    assert all(verdict.sentence for verdict in report.verdicts())
    assert str(report)
    assert all(figure.to_json() for figure in check_figures(report).values())
    assert checkpoint_card(checkpoint.name, checkpoint.config, report)


def _read_run(home: Path, damaged_file: Path) -> None:
    always(list_jobs)
    for job in always(list_jobs, "train"):
        run = Run.open(job.folder)
        metrics = always(run.metrics)
        assert run.step >= 0
        assert run.seconds >= 0
        assert run.finished in (True, False)
        done = always(run_progress, run.folder)
        assert (
            f"{done.done:,} {done.total:,} {100 * done.fraction:.0f} {duration(done.seconds_left or 0.0)} {done.rate}"
        )
        for figure in (space_loss(metrics, run.config.steps), time_loss(metrics, run.config.steps)):
            assert figure.to_json()
        assert likelihood(metrics, run.config.steps).to_json()
        assert denoising_psnr(metrics).to_json()
        for entry in metrics:
            if entry["kind"] == "validation":
                assert f"{entry['bits_per_dimension']['i_mmse']:.3f} {entry['bits_per_dimension']['gap']:+.3f}"
        examples = run.denoised_examples()
        if examples is not None:
            assert denoised_images(examples, run.config.model.image_shape[1]).to_json()
        assert isinstance(read_log(job.folder), str)


def _read_state(home: Path, damaged_file: Path) -> None:
    run = always(Run.open, home / "runs" / "run")
    pixels = np.random.default_rng(0).integers(0, 256, (8, *run.config.model.image_shape), dtype=np.uint8)
    trainer = Trainer(run.config, PixelSource(pixels, run.config.values, run.config.flip))
    trainer.restore(damaged_file)
    assert 0 <= trainer.step <= run.config.steps
    trainer.take_step()


def _read_job(home: Path, damaged_file: Path) -> None:
    for job in always(list_jobs):
        assert job.task.title
        assert len(job.state.message) < 2000
        with contextlib.suppress(ExplorerError):  # the page shows no progress then
            done = progress(job.folder)
            assert f"{done.done:,} {done.total:,} {100 * done.fraction:.0f} {done.unit}"
            assert f"{done.rate or 0.0:,.1f} {done.rate_unit} {duration(done.seconds_left or 0.0)}"
        for member in member_folders(job.folder)[:3]:
            record, submission = read_record(member), read_submission(member)
            assert record is None or duration(max(0.0, time.time() - record.time))
            assert record is None or record.pid >= 0
            assert submission is None or -submission.submitted < 1
        traceback_in(read_log(job.folder))
    find_job("job")


def _settings(originals: Path, sandbox: Sandbox, random: Random) -> Read:
    path = sandbox.home / "explorer.toml"
    path.write_bytes((originals / "home" / "explorer.toml").read_bytes())
    damage_file(damage_toml, damage_bytes)(path, random)
    return _read_settings


def _read_settings() -> None:
    refused = None
    try:
        assert isinstance(job_settings(), JobSettings)
    except ExplorerError as error:
        refused = error
    always(lambda: save_job_settings(gpus=2))
    assert always(job_settings).gpus == 2
    if refused is not None:
        raise refused


def _damage_tensors(path: Path, random: Random) -> None:
    """Whole, but with tensors missing, of other names, shapes, types or values."""
    tensors = load(path.read_bytes())
    for _ in range(how_many(random)):
        name = list(tensors)[random.integers(len(tensors))]
        value = tensors[name]
        how = random.integers(6)
        if how == 0:
            del tensors[name]
        elif how == 1:
            tensors[("", "../x", name + ".x")[random.integers(3)]] = tensors.pop(name)
        elif how == 2:
            shape = ((0,), (1,), (3, 3), (*value.shape, 1), (2,) * 9)[random.integers(5)]
            tensors[name] = torch.zeros(shape, dtype=value.dtype)
        elif how == 3:
            kinds = (torch.float16, torch.bfloat16, torch.float64, torch.int64, torch.uint8, torch.bool)
            kinds += (torch.float8_e4m3fn, torch.float8_e5m2, torch.complex64, torch.uint16)
            tensors[name] = torch.zeros(value.shape).to(kinds[random.integers(len(kinds))])
        else:
            fill = (float("nan"), float("inf"), 1e30, -1e30, 0.0)[random.integers(5)]
            tensors[name] = torch.full(value.shape, fill, dtype=value.dtype)
    step = ("4", "-1", "x", "1e400", "9" * 5000, "2", "2.5")[random.integers(7)]
    path.write_bytes(save(tensors, {"step": step} if random.random() < 0.8 else None))


def _damage_tensor_header(path: Path, random: Random) -> None:
    """The JSON at the beginning of a safetensors file."""
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = damaged_json(data[8 : 8 + length].decode(), random)
    path.write_bytes(len(header).to_bytes(8, "little") + header + data[8 + length :])


def _released(originals: Path, sandbox: Sandbox, random: Random) -> Read:
    folder = sandbox.inputs / "released"
    folder.mkdir()
    files = {name: (originals / "released" / name).read_bytes() for name in ("args.json", "model.pth.tar")}
    how = 2 if isinstance(random, Whole) else random.integers(6)
    if how == 0:
        files["args.json"] = damaged_json(files["args.json"].decode(), random)
    elif how == 1:
        files["args.json"] = _other_literal(files["args.json"], random)
    elif how == 2:
        files["args.json"] = damaged(files["args.json"], random)
    elif how == 3:
        files["model.pth.tar"] = damaged(files["model.pth.tar"], random)
    else:
        files["model.pth.tar"] = _other_archive(files["model.pth.tar"], sandbox, random)
    for name, data in files.items():
        (folder / name).write_bytes(data)

    def read() -> None:
        import_released(folder, "imported")
        _listed()
        _use(always(load_checkpoint, "imported", "cpu"))

    return read


def _other_literal(args: bytes, random: Random) -> bytes:
    literals = (
        *(b"{[]: 1}", b"{1: 2, 'a': 3}", b"dict(a=1)", b"{'base_width': 10**9}", b"{'base_width': -4}", b"[" * 300),
        *(
            b"{'num_scales': 6}",
            b"{'num_scales': 'x'}",
            b"{'group_size': 0}",
            b"{'group_size': 3}",
            b"set()",
            b"{1, 2}",
        ),
        *(b"__import__('os').mkdir('x')", b"{'base_width': 1e400}", b"{'base_width': None}", b"{'num_scales': True}"),
    )
    word = literals[random.integers(len(literals))]
    start = args.index(b'"network_kwargs": "') + len(b'"network_kwargs": "')
    return args[:start] + word + args[args.index(b'"', start) :]


class _Call:
    """Pickled as a call."""

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str, ...]]:
        return os.mkdir, ("ran",)


def _other_archive(data: bytes, sandbox: Sandbox, random: Random) -> bytes:
    """The same archive with its pickle damaged, its tensors cut or inflated, or its members called otherwise."""
    out = io.BytesIO()
    how = random.integers(6)
    method = zipfile.ZIP_DEFLATED if how == 0 else zipfile.ZIP_STORED
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", method) as new:
        for member in old.namelist():
            content, name = old.read(member), member
            if member.endswith("data.pkl"):
                if how in (1, 2):
                    content = damaged(content, random)
                elif how == 3:
                    content = pickle.dumps({"state_dict": _Call()}, 2)
            elif how == 4 and "/data/" in member and random.random() < 0.3:
                content = content[: random.integers(len(content) + 1)]
            elif how == 5 and random.random() < 0.2:
                name = ("../../outside", "/outside", member + "x", "archive/data.pkl")[random.integers(4)]
            new.writestr(name, content)
    return out.getvalue()
