"""Images/s of log p and of both derivatives, and the memory that one pixel value takes."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from benchmarks.device.bench import Bench, forget_peak, of_two_sizes
from benchmarks.operations import Operations
from explorer.measures.shared.scoring import model_input
from explorer.models.base import EnergyModel
from explorer.units import noise_variance_from_psnr

__all__ = ["scoring"]


def scoring(bench: Bench) -> None:
    """Images/s of forward passes and of derivatives."""
    sizes = (1, 16, 64) if bench.small or bench.device.type == "cpu" else (1, 16, 64, 256, 1024, 4096)
    for name in of_two_sizes(bench.models):
        checkpoint = bench.checkpoint(name)
        model = checkpoint.model
        most = model_input(checkpoint.values, torch.from_numpy(bench.pixels(model.image_shape, sizes[-1])))
        contiguous = copy.deepcopy(model)
        contiguous.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]  # torch's types forget it
        t = float(noise_variance_from_psnr(30.0))
        for kind, action in _passes(model, t).items():
            best = 0.0
            for size in sizes:
                if bench.left < 0:
                    bench.add(f"{name} {kind}, batch {size}", "not measured: time is up")
                    continue
                x = most[:size].to(bench.device)
                try:
                    forget_peak(bench.device)
                    rate = size / bench.seconds(partial(action, x), 0.3)
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
            rate = len(x) / bench.seconds(partial(contiguous.derivatives, x, t), 0.3)
            bench.add(f"{name} derivatives, batch {len(x)}, not channels last", rate, "images/s")


def _passes(model: EnergyModel, t: float) -> dict[str, Callable[[Tensor], object]]:
    return {"log p": model.log_prob, "derivatives": lambda x: model.derivatives(x, t)}
