"""Operations/s of large matrix products, and the share of them that scoring and training reach."""

from __future__ import annotations

import math
from functools import partial

import torch

from benchmarks.device.bench import Bench

__all__ = ["limit"]


def limit(bench: Bench) -> None:
    """Operations/s of matrix products, and what of them is reached."""
    size = 8192 if bench.device.type == "cuda" else 1024
    limits = {}
    for dtype in (torch.float32, torch.bfloat16):
        matrices = torch.randn(2, size, size, device=bench.device).to(dtype)
        per_product = bench.seconds(partial(torch.matmul, matrices[0], matrices[1]), 0.5)
        limits[dtype] = 2 * size**3 / per_product
        bench.add(f"matrix product, {str(dtype).removeprefix('torch.')}", limits[dtype] / 1e12, "TFLOP/s")
    for name, (rate, bfloat16) in bench.rates.items():
        operations = bench.operations.get(name, math.nan)
        share = rate * operations / limits[torch.bfloat16 if bfloat16 else torch.float32]
        bench.add(f"{name}, operations", operations / 1e9, "GFLOP an image")
        bench.add(f"{name}, best", rate * operations / 1e12, "TFLOP/s")
        bench.add(f"{name}, share of the limit", 100 * share, "%")
