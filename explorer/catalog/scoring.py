"""The numbers of a catalog: a model and some images in, one row an image out."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from explorer.catalog.columns import CODEC_COLUMNS
from explorer.catalog.layout import Identity, Marks
from explorer.images import Values
from explorer.measures.codecs import lossless_bits
from explorer.measures.dimensionality import local_dimensionality
from explorer.measures.pixels import brightness, contrast, wavelet_sparsity
from explorer.measures.scoring import log_prob_batched, model_input
from explorer.models.base import EnergyModel
from explorer.units import noise_variance_from_psnr

__all__ = ["as_scored", "reference_marks", "score_rows"]

_NOISE_IMAGES = 16


def as_scored(model: EnergyModel, values: Values, pixels: np.ndarray) -> Tensor:
    """What the model is given for 8-bit pixels ``(N, C, H, W)``: cell centers and the common fixed dither."""
    return model_input(values, torch.from_numpy(np.array(pixels))).to(model.device)


def score_rows(
    model: EnergyModel,
    values: Values,
    pixels: np.ndarray,
    labels: np.ndarray,
    first: int,
    identity: Identity,
    batch_size: int | None = None,
) -> pa.Table:
    """Rows ``first ... first + N - 1`` of a catalog.

    Args:
        model: an energy model.
        values: value convention of the checkpoint.
        pixels: uint8, shape ``(N, C, H, W)``.
        labels: int32, shape ``(N,)``.
        first: index of the first image.
        identity: of the catalog; says at which noise levels local dimensionality is wanted.
        batch_size: images that go through the model at once; None chooses by memory.

    A value that is not finite is stored as null.
    """
    x = as_scored(model, values, pixels)
    columns: dict[str, np.ndarray] = {
        "index": np.arange(first, first + len(pixels)),
        "label": labels,
        "log_prob": log_prob_batched(model, x, batch_size=batch_size).double().numpy(),
    }
    if identity.psnrs:
        t = [noise_variance_from_psnr(psnr) for psnr in identity.psnrs]
        dimensionality = local_dimensionality(model, x, t).denoising.numpy()
        for k, psnr in enumerate(identity.psnrs):
            columns[f"dimensionality_{psnr:g}"] = dimensionality[:, k]
    shades = pixels.astype(np.float32) / 255
    columns |= {"contrast": contrast(shades), "brightness": brightness(shades), "sparsity": wavelet_sparsity(shades)}
    code_lengths = [lossless_bits(image) for image in pixels]
    for name, codec in CODEC_COLUMNS.items():
        columns[name] = np.array([bits[codec] for bits in code_lengths])
    arrays = {
        name: pa.array(data, mask=~np.isfinite(data) if data.dtype.kind == "f" else None)
        for name, data in ((name, np.asarray(data)) for name, data in columns.items())
    }
    return pa.table(arrays).select([column.name for column in identity.columns])


def reference_marks(model: EnergyModel, values: Values) -> Marks:
    """log p of the most probable constant image, of mid-gray, and the mean over a few images of uniform noise."""
    grays = np.unique(values.to_pixels(values.centers(torch.arange(256, dtype=torch.uint8).view(-1, 1, 1, 1))).numpy())
    constants = np.broadcast_to(grays.reshape(-1, 1, 1, 1), (len(grays), *model.image_shape))
    constant_log_prob = log_prob_batched(model, as_scored(model, values, constants)).double().numpy()
    best = int(np.argmax(np.nan_to_num(constant_log_prob, nan=-np.inf)))
    noise = np.random.default_rng(0).integers(0, 256, (_NOISE_IMAGES, *model.image_shape), np.uint8)
    noise_log_prob = log_prob_batched(model, as_scored(model, values, noise)).double().mean()
    return Marks(
        constant=_finite(constant_log_prob[best]),
        constant_value=float(grays[best]) / 255,
        mid_gray=_finite(constant_log_prob[np.searchsorted(grays, 128).clip(max=len(grays) - 1)]),
        noise=_finite(noise_log_prob),
    )


def _finite(value: float | Tensor) -> float | None:
    return float(value) if np.isfinite(float(value)) else None
