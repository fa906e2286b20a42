"""Does log p depend on where the grids of a photograph lie? The same content on shifted grids.

A square is cut out of a photograph, moved by ``k`` pixels, and the bits of the part that all squares share are counted
(`explorer.measures.image.scales.ScaleBits.map`; a cell of a scale counts by the area that it shares), away from the
borders, where neighbors are known on one side alone. The details of level ``l`` lie on a grid of ``2^(l+1)`` pixels, so
that a shift by ``k = 2^v u`` with ``u`` odd leaves the grids of the levels below ``v`` where they are: what the Haar
transform itself can do depends on ``v`` alone. What differs between shifts of the same ``v`` has another period, that
of JPEG for instance.

Over photographs whose own grids are gone, every shift is as good as any other, and the *mean* change is zero for any
density; the *RMS* change is what the density says of one and the same content on another grid.
"""

from __future__ import annotations

import numpy as np
import torch
import typer

from benchmarks.large.photographs import DataOption, LabelOption, ShrinkOption, SplitOption, photographs
from benchmarks.result import Cell, WriteOption, measured, report
from explorer.measures.image.scales import bits_by_scale
from explorer.models.checkpoints import load_checkpoint

__all__ = ["shifts"]

_SHIFTS = 8  # 0 to 7 pixels: the period of JPEG
_MARGIN = 8  # pixels to the borders, at least


def shifts(
    checkpoint: str,
    data: DataOption,
    size: int = 64,
    images: int = 100,
    label: LabelOption = "",
    min_shrink: ShrinkOption = 1.0,
    split: SplitOption = "validation",
    threads: int = 2,
    write: WriteOption = False,
) -> None:
    """NLL of squares shifted by 0 to 7 pixels, right and down, minus that at 0; of the part that they share."""
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    loaded = load_checkpoint(checkpoint, "cpu")
    channels = loaded.model.image_shape[0]
    side = size + _SHIFTS
    found = photographs(data, channels, side, images, split, label, min_shrink)
    x = loaded.values.dequantized(torch.from_numpy(found.pixels), torch.Generator().manual_seed(0))
    inside = channels * size * (size - _SHIFTS - 2 * _MARGIN)
    # images x shifts x axes x factors, bits/dimension
    code = np.zeros((len(x), _SHIFTS, 2, loaded.multiscale.levels(size, size) + 1))
    for axis in range(2):
        for shift in range(_SHIFTS):
            top, left = (shift, 0) if axis == 0 else (0, shift)
            shared = slice(_MARGIN + _SHIFTS - shift, size - _MARGIN - shift)
            part = (..., shared, slice(None)) if axis == 0 else (..., slice(None), shared)
            scales = bits_by_scale(
                loaded.multiscale, x[..., top : top + size, left : left + size], loaded.values.levels
            )
            for place, scale in enumerate(scales):
                code[:, shift, axis, place] = scale.map()[part].sum((1, 2)) / inside
        typer.echo(f"  axis {axis + 1} of 2", err=True)
    change = (code - code[:, :1]).mean(2)  # over axes: images x shifts x factors
    whole = change.sum(2)
    means = whole.mean(0)
    rows: list[list[Cell]] = []
    for shift in range(1, _SHIFTS):
        alike = [other for other in range(1, _SHIFTS) if _halvings(other) == _halvings(shift)]
        error = float(whole[:, shift].std(ddof=1) / len(whole) ** 0.5)
        rows.append(
            [
                shift,
                float(means[shift]),
                error,
                float(means[shift] - means[alike].mean()),
                float(np.square(whole[:, shift]).mean() ** 0.5),
                *(float(np.square(change[:, shift, place]).mean() ** 0.5) for place in range(change.shape[2])),
            ]
        )
    columns = {"shift": "", "mean change": "+.4f", "± images": ".4f", "beyond Haar": "+.4f", "RMS change": ".4f"}
    columns |= {f"RMS, details {level}": ".4f" for level in range(change.shape[2] - 1)} | {"RMS, base": ".4f"}
    notes = [
        "Beyond Haar: the mean change less that of all shifts with as many factors of two. RMS: over photographs.",
        found.sentence,
    ]
    title = f"Change of the code length with the place of the grid, {size} x {size}, bits/dimension"
    report("multiscale-shifts", measured(title, columns, rows, notes), write)


def _halvings(shift: int) -> int:
    """How often a shift can be halved."""
    return (shift & -shift).bit_length() - 1
