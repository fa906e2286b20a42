"""The recipe of `natural64`, with as many steps as there is time for."""

from __future__ import annotations

import shutil
import time
import traceback

import torch

from benchmarks.device.bench import RECIPE, Bench
from explorer.data.sources import open_dataset
from explorer.training.config import TrainingConfig
from explorer.training.loop import train_on
from explorer.training.recipe import recipe_config
from explorer.training.run import Run, create_run
from explorer.training.sources import PixelSource
from explorer.training.trainer import Trainer

__all__ = ["train"]


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
