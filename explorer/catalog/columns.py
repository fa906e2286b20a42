"""The columns of a catalog: what is known of each image.

Local dimensionality is read from the time score at the clean image, ``d - 2 t dU/dt`` (FLIPD, see
`explorer.measures.image.dimensionality`): one backward pass and no noise. For an exact density it is never below 0,
since it equals ``tr Cov[x | y] / t + t ||s||^2``; where it is, the model errs by as much.

Code lengths are those of the codecs' quick settings (`explorer.measures.image.codecs`).
"""

from __future__ import annotations

from typing import NamedTuple

import pyarrow as pa

from explorer.models.base import EnergyModel
from explorer.units import noise_variance_from_psnr

__all__ = ["CATALOG_DIMENSION_PSNRS", "CODEC_COLUMNS", "Column", "catalog_columns", "dimension_psnrs"]

CATALOG_DIMENSION_PSNRS: tuple[float, ...] = (40.0, 20.0, 0.0)
"""Noise levels, in dB, at which the local dimensionality of every image is stored: neighborhoods of a hundredth, a
tenth and the whole of the range of values."""

CODEC_COLUMNS: dict[str, str] = {"png_bits": "PNG", "webp_bits": "WebP", "jxl_bits": "JPEG XL"}
"""Columns of code lengths, and the codec that each holds (see `explorer.measures.image.codecs.lossless_bits`)."""


class Column(NamedTuple):
    """One column.

    Attributes:
        name: in the Parquet files and in queries.
        title: for people.
        unit: of the stored numbers; empty for counts and categories.
        type: of the stored numbers.
    """

    name: str
    title: str
    unit: str
    type: pa.DataType


def dimension_psnrs(model: EnergyModel, t_max: float | None = None) -> tuple[float, ...]:
    """Those of `CATALOG_DIMENSION_PSNRS` that lie in the model's range, from `model.t0` to `t_max` (None: no end);
    none for a model of one noise level."""
    return tuple(
        psnr
        for psnr in CATALOG_DIMENSION_PSNRS
        if model.has_noise_levels
        and (t := noise_variance_from_psnr(psnr)) >= model.t0
        and (t_max is None or t <= t_max)
    )


def catalog_columns(psnrs: tuple[float, ...]) -> tuple[Column, ...]:
    """All columns of a catalog with local dimensionality at the noise levels `psnrs` (dB), in their order on disk."""
    return (
        Column("index", "Index", "", pa.int64()),
        Column("label", "Label", "", pa.int32()),
        Column("log_prob", "log p", "nats", pa.float64()),
        *(
            Column(
                f"dimensionality_{psnr:g}",
                f"Local dimensionality at {psnr:g} dB (time score)",
                "dimensions",
                pa.float32(),
            )
            for psnr in psnrs
        ),
        Column("contrast", "Contrast", "standard deviation of values in [0, 1]", pa.float32()),
        Column("brightness", "Brightness", "mean of values in [0, 1]", pa.float32()),
        Column("sparsity", "Sparsity", "share of wavelet coefficients in use", pa.float32()),
        *(Column(name, f"{codec} code length", "bits", pa.int32()) for name, codec in CODEC_COLUMNS.items()),
    )
