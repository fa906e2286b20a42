"""Bits a pixel of photographs: a multi-scale density against lossless codecs, and both of its estimates by scale."""

from __future__ import annotations

import numpy as np
import torch

from benchmarks.large.photographs import DataOption, LabelOption, ShrinkOption, SplitOption, photographs
from benchmarks.result import Cell, WriteOption, measured, report
from explorer.measures.dataset.scales_nll import base_nll, details_nll
from explorer.measures.image.codecs import CODECS, lossless_bits
from explorer.models.checkpoints import Checkpoint, load_checkpoint
from explorer.units import code_length_bits, format_number

__all__ = ["bits"]

_ESTIMATES = ("energy", "i_mmse", "gap", "gaussian")
_AT_ONCE = 2**17  # pixels


def bits(
    checkpoint: str,
    data: DataOption,
    sizes: str = "64,128,256",
    images: int = 32,
    label: LabelOption = "",
    min_shrink: ShrinkOption = 1.0,
    split: SplitOption = "validation",
    threads: int = 2,
    write: WriteOption = False,
) -> None:
    """Bits a pixel of whole images: the model by its energy, by scale with both estimates, and lossless codecs."""
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    loaded = load_checkpoint(checkpoint, "cpu")
    channels = loaded.model.image_shape[0]
    whole: list[list[Cell]] = []
    scales: list[list[Cell]] = []
    notes = []
    for size in (int(part) for part in sizes.split(",")):
        found = photographs(data, channels, size, images, split, label, min_shrink)
        notes.append(found.sentence)
        x = loaded.values.dequantized(torch.from_numpy(found.pixels), torch.Generator().manual_seed(0))
        whole.append([size, len(x), *_against_codecs(loaded, found.pixels, x)])
        scales += _by_scale(loaded, x)
    columns = {"size": "", "images": ",", "model": ".3f", "± images": ".3f", **dict.fromkeys(CODECS, ".3f")}
    columns |= {"model against JPEG XL": "", "photographs of which the model needs less": ""}
    part = sizes.replace(",", "-")
    report(f"multiscale-bits-{part}", measured("Whole images, bits/dimension", columns, whole, notes), write)
    columns = {"size": "", "scale": "", **dict.fromkeys(("energy", "I-MMSE"), ".3f"), "gap": "+.3f", "Gaussian": ".3f"}
    title = "Whole images by scale, bits/dimension"
    explained = (
        "Details after so many halvings, given the coarse image, and the base. Gaussian: of the details, the best "
        "linear prediction with white residual; of the base, the one with its DCT variances."
    )
    report(f"multiscale-scales-{part}", measured(title, columns, scales, [explained]), write)


def _against_codecs(loaded: Checkpoint, pixels: np.ndarray, x: torch.Tensor) -> list[Cell]:
    d, levels = x[0].numel(), loaded.values.levels
    nats = torch.cat([loaded.model.log_prob(part) for part in torch.split(x, max(1, _AT_ONCE // d))]).double().numpy()
    code = code_length_bits(nats, levels, d) / d
    files = [lossless_bits(image) for image in pixels]
    codecs = {name: np.array([each[name] for each in files]) / d for name in CODECS}
    best = codecs["JPEG XL"]
    error = float(code.std(ddof=1) / len(code) ** 0.5) if len(code) > 1 else None
    less = f"{int((code < best).sum()):,} of {len(code):,}"
    ratio = format_number(100 * (float(code.mean() / best.mean()) - 1), "+.1f") + " %"
    return [float(code.mean()), error, *(float(codecs[name].mean()) for name in CODECS), ratio, less]


def _by_scale(loaded: Checkpoint, x: torch.Tensor) -> list[list[Cell]]:
    model, levels, size = loaded.multiscale, loaded.values.levels, x.shape[-1]
    rows: list[list[Cell]] = []
    totals = dict.fromkeys(_ESTIMATES, 0.0)
    halvings = model.levels(size, size)
    for level in range(halvings + 1):
        if level < halvings:
            found = details_nll(model.step(level), x, level, model.t0).bits_per_pixel(levels)
        else:
            found = base_nll(model, x).bits_per_pixel(levels)
        name = f"details {level}" if level < halvings else f"base, {size // 2**halvings} x {size // 2**halvings}"
        rows.append([size, name, *(found[each] for each in _ESTIMATES)])
        totals = {each: totals[each] + found[each] for each in _ESTIMATES}
    return [*rows, [size, "all", *totals.values()]]
