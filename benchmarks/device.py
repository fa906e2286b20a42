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
Differences are the largest over images, over the root mean square of the CPU's numbers; the residual of the heat
equation, which is near 0, is compared in its own unit. Times are medians, the device's queue emptied each time. The
tests need pytest, and the catalog imagecodecs and pywavelets: a section whose package is missing says so.
"""

from __future__ import annotations

import argparse
import copy
import importlib.util
import json
import math
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from benchmarks.operations import Operations
from explorer.catalog.columns import dimension_psnrs
from explorer.data.sources import Split, open_dataset
from explorer.errors import ExplorerError
from explorer.images import ImageShape, Values
from explorer.measures.consistency.heat import heat_residuals
from explorer.measures.dataset.nll import negative_log_likelihood
from explorer.measures.image.curves import noise_curves, perturbation_curve
from explorer.measures.image.dimensionality import local_dimensionality
from explorer.measures.image.probe import denoise_once, probe
from explorer.measures.shared.noise_levels import log_spaced, noise_levels
from explorer.measures.shared.scoring import model_input
from explorer.models.base import EnergyModel
from explorer.models.checkpoints import Checkpoint, list_checkpoints, load_checkpoint
from explorer.models.devices import pick_device
from explorer.perturbations import RANGES, Perturbation
from explorer.training.config import TrainingConfig
from explorer.training.loop import train_on
from explorer.training.recipe import recipe_config
from explorer.training.run import Run, create_run
from explorer.training.sources import PixelSource
from explorer.training.trainer import Trainer
from explorer.units import noise_variance_from_psnr

ROOT = Path(__file__).resolve().parent.parent
RECIPE = "natural64"
SPREAD = {"tests": 60, "compare": 70, "scoring": 30, "training": 130, "probe": 15, "catalog": 25, "limit": 10}
TRAIN = 140
"""Seconds of eight minutes that each section may take, and what is left for the last."""

TOLERANCE = 1e-3
"""Largest difference between the device and the CPU: orders of magnitude above rounding, below what a page shows."""

PSNRS = (50.0, 30.0, 10.0, 0.0)
PROBE_PSNRS = (60, 50, 40, 35, 30, 25, 20, 15, 10, 5, 0, -20)


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
        rows: of the table.
        rates: images/s of what was measured, by name, for the share of the limit.
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
        print(_line(row), flush=True)

    @property
    def left(self) -> float:
        """Seconds left for this section."""
        return self.until - time.monotonic()

    def wait(self) -> None:
        """Until the device has done what it was asked."""
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


def environment(bench: Bench) -> None:
    """What the numbers were measured on."""
    bench.add("python", platform.python_version())
    bench.add("torch", str(torch.__version__))
    bench.add("CPU threads", torch.get_num_threads())
    if bench.device.type == "cuda":
        properties = torch.cuda.get_device_properties(bench.device)
        free, total = torch.cuda.mem_get_info(bench.device)
        bench.add("device", properties.name)
        bench.add("compute capability", f"{properties.major}.{properties.minor}")
        bench.add("memory", total / 2**30, "GiB")
        bench.add("free memory", free / 2**30, "GiB")
        bench.add("cuDNN", str(torch.backends.cudnn.version()))
        bench.add(
            "TF32 convolutions, matrix products", f"{_tf32_convolutions()}, {torch.backends.cuda.matmul.allow_tf32}"
        )
    else:
        bench.add("device", bench.device.type)


def tests(bench: Bench) -> None:
    """The tests that a GPU can break, in a process of their own."""
    if importlib.util.find_spec("pytest") is None:
        bench.add("tests/test_devices.py", "not run: pytest is missing")
        return
    # Other versions of the libraries warn of other things than those that the project pins.
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "-W",
        "default",
        "-k",
        "not other",
        "tests/test_devices.py",
    ]
    environ = os.environ | {"EXPLORER_TEST_DEVICE": str(bench.device)}
    began = time.perf_counter()
    found = subprocess.run(
        command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=max(60.0, bench.left), check=False
    )
    lines = found.stdout.strip().splitlines() or ["nothing printed"]
    bench.add("tests/test_devices.py", lines[-1])
    bench.add("time", time.perf_counter() - began, "s")
    if found.returncode:
        print(found.stdout[-8000:], found.stderr[-2000:], flush=True)
        raise RuntimeError("Tests failed on this device.")


def numbers(
    model: EnergyModel, values: Values, pixels: np.ndarray, noise: tuple[float, float]
) -> dict[str, np.ndarray]:
    """What is compared, on the CPU in float64: everything that a page shows of images ``(N, C, H, W)``."""
    x = model_input(values, torch.from_numpy(pixels))
    eps = torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    found: dict[str, list[Tensor]] = {"log p": [model.log_prob(x.to(model.device))]}
    for psnr in PSNRS:
        t = float(noise_variance_from_psnr(psnr))
        y = (x + math.sqrt(t) * eps).to(model.device)
        result = model.derivatives(y, t)
        found.setdefault("energy of noisy images", []).append(result.energy)
        found.setdefault("sqrt(t) score", []).append(math.sqrt(t) * result.score)
        found.setdefault("t dU/dt", []).append(t * result.time_score)
        found.setdefault("denoised", []).append(model.denoise(y, t))
    ts = [float(noise_variance_from_psnr(psnr)) for psnr in PSNRS]
    levels = noise_levels(model, x, log_spaced(*noise, 9))
    nll = negative_log_likelihood(x, levels)
    dimensionality = local_dimensionality(model, x, ts)
    heat = heat_residuals(model, x, ts[1:3], probes=2)
    found |= {
        "NLL by energy and I-MMSE": [torch.tensor([nll.energy, nll.i_mmse])],
        "local dimensionality": [dimensionality.denoising],
        "local dimensionality by energy": [dimensionality.energy],
        "heat residual": [torch.tensor([[level.mean, level.rms] for level in heat])],
    }
    return {name: torch.stack(parts).cpu().double().numpy() for name, parts in found.items()}


def difference(name: str, found: np.ndarray, expected: np.ndarray) -> float:
    """Largest difference over the root mean square; of the residual, which is near 0, as it is."""
    scale = 1.0 if name == "heat residual" else float(np.sqrt(np.mean(np.square(expected))))
    return float(np.abs(found - expected).max()) / scale


def compare(bench: Bench) -> None:
    """Device against CPU; the device once more with the TF32 convolutions that torch takes when it is not told."""
    worst: dict[str, tuple[float, str]] = {}
    for name in bench.models:
        if bench.left < 0:
            bench.add(name, "not compared: time is up")
            continue
        here, there = bench.checkpoint(name), bench.checkpoint(name, "cpu")
        there.model.to(memory_format=torch.contiguous_format)
        pixels = bench.pixels(there.model.image_shape, 2 if bench.small else 8)
        arguments = (there.values, pixels, (there.model.t_low, there.model.t_max))
        expected, found = numbers(there.model, *arguments), numbers(here.model, *arguments)
        differences = {what: difference(what, found[what], expected[what]) for what in expected}
        for what, value in differences.items():
            worst[what] = max(worst.get(what, (-1.0, "")), (value, name))
        nats = float(np.abs(found["log p"] - expected["log p"]).max())
        bench.add(f"{name}: log p", nats, "nats at most")
        if bench.device.type == "cuda":
            torch.backends.cudnn.allow_tf32 = True
            try:
                rough = here.model.log_prob(model_input(there.values, torch.from_numpy(pixels)).to(bench.device))
            finally:
                torch.backends.cudnn.allow_tf32 = False
            nats = float(np.abs(rough.cpu().double().numpy() - expected["log p"]).max())
            bench.add(f"{name}: log p with TF32 convolutions", nats, "nats at most")
    for what, (value, name) in worst.items():
        bench.add(f"{what}, largest difference ({name})", value, "nats/dim" if what == "heat residual" else "relative")
    far = [what for what, (value, _) in worst.items() if not value < TOLERANCE]
    if far:
        raise ArithmeticError(f"The device and the CPU differ by {TOLERANCE:g} or more: {', '.join(far)}.")


def scoring(bench: Bench) -> None:
    """Images/s of forward passes and of derivatives."""
    sizes = (1, 16, 64) if bench.small or bench.device.type == "cpu" else (1, 16, 64, 256, 1024, 4096)
    for name in _of_two_sizes(bench.models):
        checkpoint = bench.checkpoint(name)
        model = checkpoint.model
        most = model_input(checkpoint.values, torch.from_numpy(bench.pixels(model.image_shape, sizes[-1])))
        contiguous = copy.deepcopy(model).to(memory_format=torch.contiguous_format)
        t = float(noise_variance_from_psnr(30.0))
        for kind, action in _passes(model, t).items():
            best = 0.0
            for size in sizes:
                if bench.left < 0:
                    bench.add(f"{name} {kind}, batch {size}", "not measured: time is up")
                    continue
                x = most[:size].to(bench.device)
                try:
                    _forget_peak(bench.device)
                    rate = size / bench.seconds(lambda action=action, x=x: action(x), 0.3)
                except torch.OutOfMemoryError:
                    bench.add(f"{name} {kind}, batch {size}", "out of memory")
                    break
                best = max(best, rate)
                bench.add(f"{name} {kind}, batch {size}", rate, "images/s")
            if best and bench.device.type == "cuda":
                peak = torch.cuda.max_memory_allocated(bench.device) / (size * model.dimensions)
                bench.add(f"{name} {kind}, memory", peak, "bytes a pixel value")
            if not best:
                continue
            counted = most[:2].to(bench.device)
            with Operations() as operations:
                action(counted)
            bench.rates[f"{name} {kind}"] = (best, False)
            bench.operations[f"{name} {kind}"] = operations.total / len(counted)
        if bench.left > 0:
            x = most[: min(256, sizes[-1])].to(bench.device)
            rate = len(x) / bench.seconds(lambda m=contiguous, x=x, t=t: m.derivatives(x, t), 0.3)
            bench.add(f"{name} derivatives, batch {len(x)}, not channels last", rate, "images/s")


def _passes(model: EnergyModel, t: float) -> dict[str, Callable[[Tensor], object]]:
    return {"log p": model.log_prob, "derivatives": lambda x: model.derivatives(x, t)}


def _of_two_sizes(names: Sequence[str]) -> list[str]:
    """The first two: the others have their architectures."""
    return list(names[:2])


def training_settings(bench: Bench) -> list[tuple[int, bool, bool]]:
    """Batch size, compiled, bfloat16; those that matter most first."""
    if bench.small:
        return [(4, False, False), (4, False, True)]
    eager = [(size, False, bfloat16) for size in (64, 256, 512) for bfloat16 in (True, False)]
    if bench.device.type == "cpu":
        return eager[:2]
    compiled = [(64, True, True), (256, True, True), (512, True, True), (256, True, False), (64, True, False)]
    return [*compiled[:1], *eager, *compiled[1:]]


def training(bench: Bench) -> None:
    """Images/s of training steps, the first one apart: it compiles."""
    recipe = recipe_config(RECIPE, "random", device=str(bench.device))
    for size, is_compiled, bfloat16 in training_settings(bench):
        kind = f"{'compiled' if is_compiled else 'eager'} {'bfloat16' if bfloat16 else 'float32'}, batch {size}"
        if bench.left < (30 if is_compiled and not bench.small else 0):
            bench.add(kind, "not measured: time is up")
            continue
        config = recipe.model_copy(update={"batch_size": size, "compile": is_compiled, "bfloat16": bfloat16})
        try:
            _train_steps(bench, kind, config)
        except torch.OutOfMemoryError:
            bench.add(kind, "out of memory")
        except Exception as error:  # no compiler, for one; the other settings can do without
            traceback.print_exc()
            bench.add(kind, f"failed: {type(error).__name__}")
    counted = min(size, 16)  # a sixteenth of the batch is for the heat loss, rounded up
    # On the CPU: what a graph replays is not counted.
    plain = {"compile": False, "bfloat16": False, "batch_size": counted, "device": "cpu"}
    few = _random_trainer(recipe.model_copy(update=plain))
    with Operations() as operations:
        few.take_step()
    for name in bench.rates:
        if name.startswith("training"):
            bench.operations[name] = operations.total / counted


def _random_trainer(config: TrainingConfig) -> Trainer:
    pixels = np.random.default_rng(0).integers(0, 256, (2048, *config.model.image_shape), np.uint8)
    return Trainer(config, PixelSource(pixels, config.values, config.flip))


def _train_steps(bench: Bench, kind: str, config: TrainingConfig) -> None:
    torch._dynamo.reset()  # or it compiles for sizes that change, and after eight times not at all
    trainer = _random_trainer(config)
    _forget_peak(bench.device)
    began = time.perf_counter()
    trainer.take_step()
    bench.wait()
    first = time.perf_counter() - began
    per_step = bench.seconds(trainer.take_step, 1.5)
    bench.add(kind, config.batch_size / per_step, "images/s")
    if config.compile:
        bench.add(f"{kind}, first step", first, "s")
    bench.add(f"{kind}, share of making the batch", 100 * bench.seconds(lambda: trainer.batch(1), 0.2) / per_step, "%")
    if bench.device.type == "cuda":
        bench.add(f"{kind}, memory", torch.cuda.max_memory_allocated(bench.device) / 2**30, "GiB")
        bench.add(f"{kind}, images at once", trainer.micro_batch)
    bench.rates[f"training, {kind}"] = (config.batch_size / per_step, config.bfloat16)
    recipe = recipe_config(RECIPE)
    if (config.batch_size, config.compile, config.bfloat16) == (recipe.batch_size, recipe.compile, recipe.bfloat16):
        bench.steps_per_second = 1 / per_step


def one_move(bench: Bench, name: str) -> None:
    """What the page asks for when a slider is released: `explorer.webapp.probe.cached_measures` does the same."""
    checkpoint = bench.checkpoint(name)
    model, values = checkpoint.model, checkpoint.values
    pixels = bench.pixels(model.image_shape, 1)[0]
    t_range = (model.t_low, model.t_max)
    psnrs = [psnr for psnr in PROBE_PSNRS if t_range[0] <= noise_variance_from_psnr(psnr) <= t_range[1]]
    draws = min(8, max(1, 1024 // model.dimensions))
    perturbation = Perturbation(contrast=0.8)
    x = probe(model, values, pixels, perturbation).x
    others = [other for other in RANGES if other != "contrast"]
    parts: dict[str, Callable[[], object]] = {
        "log p before and after": lambda: probe(model, values, pixels, perturbation),
        f"{len(others)} curves of perturbations": lambda: [
            perturbation_curve(model, values, pixels, perturbation, other) for other in others
        ],
        "curves over noise": lambda: noise_curves(model, values, x, psnrs, draws),
        "denoised": lambda: denoise_once(model, values, x, 0.01),
    }
    total = 0.0
    for part, action in parts.items():
        seconds = bench.seconds(action, 0.5)
        total += seconds
        bench.add(f"{name}: {part}", 1000 * seconds, "ms")
    bench.add(f"{name}: one move", 1000 * total, "ms")


def probe_moves(bench: Bench) -> None:
    """One move for each model, while there is time."""
    for name in _of_two_sizes(bench.models):
        if bench.left > 0:
            one_move(bench, name)


def catalog(bench: Bench) -> None:
    """Rows/s of a catalog of the data set's images, beside the model alone."""
    missing = [name for name in ("imagecodecs", "pywt") if importlib.util.find_spec(name) is None]
    if missing:
        bench.add("rows", f"not measured: {', '.join(missing)} missing")
        return
    from explorer.catalog.layout import Identity, part_rows
    from explorer.catalog.scoring import as_scored, model_columns, score_rows

    for name in _of_two_sizes(bench.models):
        if bench.left < 0:
            bench.add(name, "not measured: time is up")
            continue
        checkpoint = bench.checkpoint(name)
        model, values = checkpoint.model, checkpoint.values
        pixels = bench.pixels(model.image_shape, 16 if bench.small else 4096)
        psnrs = dimension_psnrs(model)
        identity = Identity(
            checkpoint_fingerprint=checkpoint.fingerprint,
            store_fingerprint="",
            rows=len(pixels),
            part_rows=part_rows(len(pixels)),
            psnrs=psnrs,
        )
        labels = np.zeros(len(pixels), np.int32)
        few = pixels[:64]
        score_rows(model, values, few, labels[:64], 0, identity)
        began = time.perf_counter()
        score_rows(model, values, pixels, labels, 0, identity)
        bench.add(f"{name}: catalog", len(pixels) / (time.perf_counter() - began), "rows/s")
        batch = pixels[:1024]
        alone = bench.seconds(lambda v=values, m=model, b=batch, p=psnrs: model_columns(m, as_scored(m, v, b), p), 0.5)
        bench.add(f"{name}: model alone", len(batch) / alone, "rows/s")


def limit(bench: Bench) -> None:
    """Operations/s of matrix products, and what of them is reached."""
    size = 8192 if bench.device.type == "cuda" else 1024
    limits = {}
    for dtype in (torch.float32, torch.bfloat16):
        matrices = torch.randn(2, size, size, device=bench.device).to(dtype)
        per_product = bench.seconds(lambda m=matrices: m[0] @ m[1], 0.5)
        limits[dtype] = 2 * size**3 / per_product
        bench.add(f"matrix product, {str(dtype).removeprefix('torch.')}", limits[dtype] / 1e12, "TFLOP/s")
    for name, (rate, bfloat16) in bench.rates.items():
        operations = bench.operations.get(name, math.nan)
        share = rate * operations / limits[torch.bfloat16 if bfloat16 else torch.float32]
        bench.add(f"{name}, operations", operations / 1e9, "GFLOP an image")
        bench.add(f"{name}, best", rate * operations / 1e12, "TFLOP/s")
        bench.add(f"{name}, share of the limit", 100 * share, "%")


def train(bench: Bench) -> None:
    """The recipe, with as many steps as there is time for."""
    seconds = bench.left
    if seconds < 5:
        bench.add(RECIPE, "not trained: time is up")
        return
    recipe = recipe_config(RECIPE, bench.data, device=str(bench.device))
    if bench.device.type == "cuda":  # a graph replays at once, and on an H200 to compile took more than 100 s
        recipe = recipe.model_copy(update={"compile": False})
    if bench.small:
        recipe = recipe.model_copy(
            update={"compile": False, "bfloat16": False, "batch_size": 4, "validation_images": 8}
        )
    pixels, examples = (
        open_dataset(bench.data, recipe.model.image_shape, split).pixels for split in ("train", "validation")
    )
    began = time.monotonic()
    recipe, per_step = _tried(bench, recipe, PixelSource(pixels, recipe.values, recipe.flip))
    compiling = time.monotonic() - began if recipe.compile else 0.0
    # The run compiles again (from torch's own cache), and validates twice.
    left = bench.left - 0.5 * compiling
    steps = max(2, int(0.7 * left / per_step))
    update = {
        "steps": steps,
        "validate_every": max(1, steps // 2),
        "warmup_steps": min(recipe.warmup_steps, steps // 4),
    }
    run = Run.open(create_run(recipe.model_copy(update=update)))
    bench.add("images", len(pixels))
    bench.add("steps planned", steps)
    is_finished = train_on(run, pixels, examples, should_stop=lambda: bench.left < 0)
    validations = [entry for entry in run.metrics() if entry["kind"] == "validation"]
    bench.add("finished", "yes" if is_finished else f"no, {run.step} steps are done")
    if run.seconds:  # of a run that was stopped within seconds nothing is known
        bench.add("speed", run.step * recipe.batch_size / run.seconds, "images/s")
    for entry in validations:
        bits = entry["bits_per_dimension"]
        bench.add(f"step {entry['step']}: NLL by I-MMSE", bits["i_mmse"], "bits/dim")
        bench.add(f"step {entry['step']}: energy minus I-MMSE", bits["gap"], "bits/dim")
    if bench.keep is not None and (run.folder / "best").is_dir():
        shutil.copytree(run.folder / "best", bench.keep / RECIPE, dirs_exist_ok=True)
        bench.add("checkpoint", str(bench.keep / RECIPE))


def _tried(bench: Bench, recipe: TrainingConfig, source: PixelSource) -> tuple[TrainingConfig, float]:
    """Settings that work here, and the seconds of a step; without a compiler the recipe is not compiled."""
    if bench.steps_per_second:
        return recipe, 1 / bench.steps_per_second
    try:
        torch._dynamo.reset()
        return recipe, bench.seconds(Trainer(recipe, source).take_step, 1.0)
    except Exception:
        if not recipe.compile:
            raise
        traceback.print_exc()
        bench.add("compiling", "failed, trained eagerly")
        return _tried(bench, recipe.model_copy(update={"compile": False}), source)


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


def _tf32_convolutions() -> bool:
    return bool(torch.backends.cudnn.allow_tf32)


def _forget_peak(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)


def _line(row: Row) -> str:
    value = (
        row.value if isinstance(row.value, str) else f"{row.value:,.4g}" if row.value < 1000 else f"{row.value:,.0f}"
    )
    return f"{row.section:12} {row.name:64} {value:>14} {row.unit}"


def _write(bench: Bench, output: Path | None, failed: Sequence[str]) -> None:
    """After every section: a machine that is taken away leaves what it measured."""
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        rows = [row._asdict() for row in bench.rows]
        for row in rows:
            if isinstance(row["value"], float) and not math.isfinite(row["value"]):
                row["value"] = str(row["value"])
        output.write_text(json.dumps({"failed": list(failed), "rows": rows}, indent=1) + "\n", encoding="utf-8")


def main() -> int:
    """Run the sections, print one table, and return 1 when one of them failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="auto")
    parser.add_argument("--minutes", type=float, default=0.0, help="8, or 1.5 with --small")
    parser.add_argument("--train-minutes", type=float, help="of these, for the last section")
    parser.add_argument("--models", nargs="+", default=[], help="checkpoints; those that ship, natural64 first")
    parser.add_argument("--data", default="photos", help="photos, or the path of a folder or file")
    parser.add_argument("--sections", nargs="+", choices=list(SECTIONS), default=list(SECTIONS))
    parser.add_argument("--output", type=Path, help="a JSON file for the numbers")
    parser.add_argument("--keep", type=Path, help="a folder for the trained checkpoint")
    parser.add_argument("--small", action="store_true", help="few images and small batches, for a CPU")
    arguments = parser.parse_args()
    minutes = arguments.minutes or (1.5 if arguments.small else 8.0)
    try:
        device = pick_device(arguments.device)
    except ExplorerError as error:
        sys.exit(str(error))
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False
    began, failed = time.monotonic(), []
    with tempfile.TemporaryDirectory() as home:
        os.environ["EXPLORER_HOME"] = home  # stores, the run, and no checkpoints but those that ship
        models = arguments.models or (["natural32", "digits"] if arguments.small else _shipped())
        bench = Bench(device, arguments.small, models, arguments.data, arguments.keep)
        shares = budgets(minutes, arguments.train_minutes)
        for name in arguments.sections:
            bench.section = name
            bench.until = time.monotonic() + shares[name]
            if name == "train" and arguments.train_minutes is None:  # what the others left
                bench.until = began + 60 * minutes
            bench.until = min(bench.until, began + 60 * minutes)
            if arguments.small:  # a busy CPU takes longer, and every section should run all the same
                bench.until = max(bench.until, time.monotonic() + 10)
            started = time.monotonic()
            try:
                SECTIONS[name](bench)
            except Exception:
                failed.append(name)
                traceback.print_exc()
                bench.add("failed", traceback.format_exc().strip().splitlines()[-1][:200])
            bench.add("section took", time.monotonic() - started, "s")
            _write(bench, arguments.output, failed)
            _forget_peak(device)
    print("\n" + "\n".join(_line(row) for row in bench.rows))
    print(f"\n{time.monotonic() - began:.0f} s" + (f", failed: {', '.join(failed)}" if failed else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
