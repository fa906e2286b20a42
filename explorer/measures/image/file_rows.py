"""The numbers of image files, one row each, as `python -m explorer score` writes them.

`file`; `log_prob_nats`, `log_prob_db_per_dim`, `code_length_bits`; then, of a model that knows many noise levels,
`dimensionality_PSNRdb` for each of `DIMENSIONALITY_PSNRS`. Of a density of images of any size, `height` and `width` of
what was scored, `bits_base` and `bits_level_0` (the finest), `bits_level_1`, ...: the code length by scale.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from explorer.measures.image.dimensionality import local_dimensionality
from explorer.measures.image.scales import bits_by_scale
from explorer.measures.shared.scoring import log_prob_batched, model_input
from explorer.models.base import EnergyModel
from explorer.models.checkpoints import Checkpoint
from explorer.models.multiscale import MultiscaleDensity
from explorer.units import code_length_bits, convert_log_prob, noise_variance_from_psnr

__all__ = ["DIMENSIONALITY_PSNRS", "Row", "rows_of", "same_columns"]

DIMENSIONALITY_PSNRS = (40.0, 25.0, 10.0)

Row = dict[str, "str | float | None"]


def rows_of(checkpoint: Checkpoint, names: Sequence[str], pixels: np.ndarray) -> list[Row]:
    """The rows of some images.

    Args:
        checkpoint: the model.
        names: of the files.
        pixels: uint8, of a size that the model takes, shape ``(N, C, H, W)``.
    """
    model, values = checkpoint.model, checkpoint.values
    x = model_input(values, torch.from_numpy(pixels))
    if isinstance(model, MultiscaleDensity):
        return _by_scale(model, names, x, values.levels)
    log_prob = log_prob_batched(model, x).double().tolist()
    rows = [_row(name, nats, values.levels, model.dimensions) for name, nats in zip(names, log_prob, strict=True)]
    return [row | more for row, more in zip(rows, _dimensionality(model, x), strict=True)]


def same_columns(rows: Sequence[Row]) -> list[Row]:
    """Rows with the columns of all of them, None where one has no number."""
    columns = dict.fromkeys(name for row in sorted(rows, key=len, reverse=True) for name in row)
    return [{name: row.get(name) for name in columns} for row in rows]


def _row(name: str, nats: float, levels: int, dimensions: int) -> Row:
    return {
        "file": name,
        "log_prob_nats": nats,
        "log_prob_db_per_dim": convert_log_prob(nats, "dB/dim", dimensions),
        "code_length_bits": code_length_bits(nats, levels, dimensions),
    }


def _dimensionality(model: EnergyModel, x: torch.Tensor) -> list[Row]:
    if not model.has_noise_levels:
        return [{} for _ in x]
    ts = [float(noise_variance_from_psnr(psnr)) for psnr in DIMENSIONALITY_PSNRS]
    names = [f"dimensionality_{psnr:.0f}db" for psnr in DIMENSIONALITY_PSNRS]
    estimates = local_dimensionality(model, x, ts, draws=2).denoising.tolist()
    return [dict(zip(names, each, strict=True)) for each in estimates]


def _by_scale(model: MultiscaleDensity, names: Sequence[str], x: torch.Tensor, levels: int) -> list[Row]:
    dimensions = x[0].numel()
    *details, base = bits_by_scale(model, x, levels)
    rows = []
    for place, name in enumerate(names):
        bits = sum(float(scale.bits[place]) for scale in (*details, base))
        nats = -(bits - code_length_bits(0.0, levels, dimensions)) * float(np.log(2))
        rows.append(
            _row(name, nats, levels, dimensions)
            | {"height": x.shape[2], "width": x.shape[3], "bits_base": float(base.bits[place])}
            | {f"bits_level_{scale.level}": float(scale.bits[place]) for scale in details}
        )
    return rows
