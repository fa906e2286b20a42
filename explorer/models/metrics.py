"""The metrics in the files of a checkpoint: what must be there, and of which type, before a page or a card shows it.

These files outlive the program that wrote them, and are copied, edited and cut short. None stands for a number that
was not finite; what else they hold is kept as it is.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

__all__ = ["BitsPerDimension", "Metrics", "NoiseLevelMetrics"]

_LENIENT = ConfigDict(extra="allow", frozen=True, strict=True)


class BitsPerDimension(BaseModel):
    """Negative log-likelihood as a code length in bits/dimension.

    Attributes:
        energy, i_mmse, gap: from the energy, from the denoising error, and their difference.
        code_length, gaussian: of the dequantized images as the pages show it, and of the best Gaussian.
    """

    model_config = _LENIENT

    energy: float | None
    i_mmse: float | None
    gap: float | None
    code_length: float | None = None
    gaussian: float | None = None


class NoiseLevelMetrics(BaseModel):
    """One noise level: the fields of `explorer.measures.shared.noise_levels.NoiseLevel` that are shown."""

    model_config = _LENIENT

    psnr: float
    denoised_psnr: float | None
    mean_time_score: float | None = None
    time_error: float | None = None


class Metrics(BaseModel):
    """`metrics` of a checkpoint's `config.json`; any of them may be missing.

    Attributes:
        bits_per_dimension: negative log-likelihood.
        images: how many it was measured on.
        levels: by noise level.
        codecs, codecs_mosaic: bits/dimension of lossless codecs, image by image and in a mosaic.
    """

    model_config = _LENIENT

    bits_per_dimension: BitsPerDimension | None = None
    images: int | None = None
    levels: list[NoiseLevelMetrics] = []
    codecs: dict[str, float | None] = {}
    codecs_mosaic: dict[str, float | None] = {}
