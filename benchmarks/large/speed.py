"""Time and memory of one log p of a multi-scale density as the image grows."""

from __future__ import annotations

import math
import resource
import time

import torch

from benchmarks.result import Cell, WriteOption, measured, report
from explorer.models.checkpoints import load_checkpoint

__all__ = ["seconds"]


def seconds(
    checkpoint: str, sizes: str = "64,128,256,512,1024,2048", threads: int = 2, write: WriteOption = False
) -> None:
    """Seconds of one log p, best of three, and the largest memory of the process so far."""
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    model = load_checkpoint(checkpoint, "cpu").multiscale
    rows: list[list[Cell]] = []
    for size in (int(part) for part in sizes.split(",")):
        x = torch.rand(1, model.image_shape[0], size, size)
        best = math.inf
        for _ in range(3):
            began = time.perf_counter()
            model.log_prob(x)
            best = min(best, time.perf_counter() - began)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        rows.append([size, best, 1e6 * best / size**2, memory])
    columns = {"size": "", "seconds": ".3f", "microseconds per pixel": ".2f", "memory, MB": ",.0f"}
    report("multiscale-time", measured("One log p as the image grows", columns, rows), write)
