"""Images/s of training steps: eager or compiled, float32 or bfloat16 convolutions, heat loss included."""

from __future__ import annotations

import time
import traceback

import numpy as np
import torch

from benchmarks.device.bench import RECIPE, Bench, forget_peak
from benchmarks.operations import Operations
from explorer.training.config import TrainingConfig
from explorer.training.recipe import recipe_config
from explorer.training.sources import PixelSource
from explorer.training.trainer import Trainer

__all__ = ["training"]


def training(bench: Bench) -> None:
    """Images/s of training steps, the first one apart: it compiles."""
    recipe = recipe_config(RECIPE, "random", device=str(bench.device))
    for size, is_compiled, bfloat16 in _settings(bench):
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


def _settings(bench: Bench) -> list[tuple[int, bool, bool]]:
    """Batch size, compiled, bfloat16; those that matter most first."""
    if bench.small:
        return [(4, False, False), (4, False, True)]
    eager = [(size, False, bfloat16) for size in (64, 256, 512) for bfloat16 in (True, False)]
    if bench.device.type == "cpu":
        return eager[:2]
    compiled = [(64, True, True), (256, True, True), (512, True, True), (256, True, False), (64, True, False)]
    return [*compiled[:1], *eager, *compiled[1:]]


def _random_trainer(config: TrainingConfig) -> Trainer:
    pixels = np.random.default_rng(0).integers(0, 256, (2048, *config.model.image_shape), np.uint8)
    return Trainer(config, PixelSource(pixels, config.values, config.flip))


def _train_steps(bench: Bench, kind: str, config: TrainingConfig) -> None:
    torch._dynamo.reset()  # or it compiles for sizes that change, and after eight times not at all
    trainer = _random_trainer(config)
    forget_peak(bench.device)
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
