"""Two densities of the same photographs that share nothing but the training pictures: scale by scale, and direct."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from benchmarks.large.photographs import DataOption, LabelOption, ShrinkOption, SplitOption, photographs
from benchmarks.result import Cell, WriteOption, measured, report
from explorer.measures.shared.scoring import log_prob_batched
from explorer.models.checkpoints import Checkpoint, load_checkpoint
from explorer.units import code_length_bits, convert_log_prob, psnr_from_noise_variance

__all__ = ["direct"]


def direct(
    checkpoint: str,
    data: DataOption,
    model: str = "natural64",
    images: int = 200,
    label: LabelOption = "",
    min_shrink: ShrinkOption = 2.0,
    split: SplitOption = "validation",
    threads: int = 2,
    write: WriteOption = False,
) -> None:
    """Code lengths of the same pixels by a multi-scale density and by a model of whole images, picture by picture.

    Both see the same dequantized values, with noise of their own `t0` from the same draw; as code lengths of 8-bit
    pixels they can be compared whatever `t0` is, as long as it is well below the width of a cell.
    """
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    loaded = {name: load_checkpoint(name, "cpu") for name in (model, checkpoint)}
    channels, side, _ = loaded[model].model.image_shape
    found = photographs(data, channels, side, images, split, label, min_shrink)
    pixels = torch.from_numpy(found.pixels)
    code = {name: _bits_per_dimension(each, pixels) for name, each in loaded.items()}
    rows: list[list[Cell]] = [[name, *_mean_and_error(values), float(values.std())] for name, values in code.items()]
    difference = code[checkpoint] - code[model]
    rows.append([f"{checkpoint} minus {model}", *_mean_and_error(difference), float(difference.std())])
    rms = float(np.square(difference).mean() ** 0.5)
    d = pixels[0].numel()
    correlation = float(np.corrcoef(code[checkpoint], code[model])[0, 1])
    noise = ", ".join(
        f"{name} {float(psnr_from_noise_variance(each.model.t0)):.1f} dB" for name, each in loaded.items()
    )
    notes = [
        f"Correlation of log p over the pictures: {correlation:.4f}.",
        f"RMS difference: {rms:.3f} bits/dimension, {_decibels(rms, d):.3f} dB/dimension; "
        f"without the mean difference {_decibels(float(difference.std()), d):.3f} dB/dimension.",
        f"Noise at which log p is taken: {noise}.",
        found.sentence,
    ]
    columns = {"bits/dimension": "", "mean": ".3f", "± images": ".3f", "standard deviation over images": ".3f"}
    title = f"Code length of the same {side} x {side} pixels by two models"
    report("multiscale-direct", measured(title, columns, rows, notes), write)


def _bits_per_dimension(loaded: Checkpoint, pixels: Tensor) -> np.ndarray:
    x = loaded.values.dequantized(pixels, torch.Generator().manual_seed(0))
    eps = torch.randn(x.shape, generator=torch.Generator().manual_seed(1))
    d, t0 = x[0].numel(), loaded.model.t0
    nats = log_prob_batched(loaded.model, x + math.sqrt(t0) * eps, t0).double()
    nats = nats - 0.5 * (d - eps.square().flatten(1).sum(1))  # most of its fluctuation is that of the noise's norm
    bits: np.ndarray = code_length_bits(nats, loaded.values.levels, d).numpy() / d
    return bits


def _mean_and_error(values: np.ndarray) -> tuple[float, float]:
    """Mean over images and its standard error."""
    return float(values.mean()), float(values.std(ddof=1) / len(values) ** 0.5)


def _decibels(bits: float, dimensions: int) -> float:
    """A difference in bits/dimension in dB/dimension."""
    return abs(float(convert_log_prob(bits * dimensions * math.log(2), "dB/dim", dimensions)))
