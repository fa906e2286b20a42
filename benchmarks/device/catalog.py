"""Rows/s of a catalog of the data set's images, beside the model alone."""

from __future__ import annotations

import importlib.util
import time
from functools import partial

import numpy as np

from benchmarks.device.bench import Bench, of_two_sizes
from explorer.catalog.columns import dimension_psnrs
from explorer.images import Values
from explorer.models.base import EnergyModel

__all__ = ["catalog"]


def catalog(bench: Bench) -> None:
    """Rows/s of a catalog of the data set's images, beside the model alone."""
    missing = [name for name in ("imagecodecs", "pywt") if importlib.util.find_spec(name) is None]
    if missing:
        bench.add("rows", f"not measured: {', '.join(missing)} missing")
        return
    from explorer.catalog.layout import Identity, part_rows
    from explorer.catalog.scoring import as_scored, model_columns, score_rows

    def model_alone(model: EnergyModel, values: Values, pixels: np.ndarray, psnrs: tuple[float, ...]) -> object:
        return model_columns(model, as_scored(model, values, pixels), psnrs)

    for name in of_two_sizes(bench.models):
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
        alone = bench.seconds(partial(model_alone, model, values, batch, psnrs), 0.5)
        bench.add(f"{name}: model alone", len(batch) / alone, "rows/s")
