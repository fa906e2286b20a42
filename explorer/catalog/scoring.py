"""The numbers of a catalog: a model and some images in, one row an image out.

The model takes one forward pass an image for log p and, for each noise level, one backward pass for the local
dimensionality ``d - 2 t dU/dt (x, t)``, read from the time score at the clean image; denoised noisy images, the other
estimate, cost as much and fluctuate. Codecs release Python's lock, so threads run them: alongside a model on a GPU, and
in turn with one on the CPU, whose own threads would be kept waiting. No torch operation runs in those threads: OpenMP
would give each of them a team of its own, more threads than cores, and from then on every team sleeps where it waited
awake, so that the model takes a tenth longer. One batch of images is held as floats, however many there are.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from explorer.catalog.columns import CODEC_COLUMNS
from explorer.catalog.layout import Identity, Marks
from explorer.images import Values
from explorer.measures.image.codecs import lossless_bits
from explorer.measures.image.dimensionality import flipd
from explorer.measures.image.pixels import brightness, contrast, wavelet_sparsity
from explorer.measures.shared.scoring import log_prob_batched, model_input
from explorer.models.base import EnergyModel
from explorer.models.devices import inference_batch_size
from explorer.progress import Progress
from explorer.units import noise_variance_from_psnr

__all__ = ["as_scored", "model_columns", "reference_images", "reference_marks", "score_rows"]

_NOISE_IMAGES = 16
_MID_GRAY = 128
_CONSTANT_VALUES = 2**21  # of all constant images together, about: with 64 x 64 pixels every gray level has one
_FEWEST_CONSTANTS = 16

Columns = dict[str, np.ndarray]


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
    progress: Progress | None = None,
) -> pa.Table:
    """Rows ``first ... first + N - 1`` of a catalog.

    Args:
        model: an energy model.
        values: value convention of the checkpoint.
        pixels: uint8, shape ``(N, C, H, W)``, N at least 1; it may be a memory map.
        labels: int32, shape ``(N,)``.
        first: index of the first image.
        identity: of the catalog; says at which noise levels local dimensionality is wanted.
        batch_size: images that go through the model at once; None chooses by device and memory.
        progress: called after each batch with the number of images done, and of all. What it raises ends the work.

    A value that is not finite is stored as null.
    """
    size = batch_size or inference_batch_size(model.dimensions, model.device)
    scored: list[Columns] = []
    coded: list[Future[dict[str, int]]] = []
    pool = ThreadPoolExecutor(torch.get_num_threads(), "codecs")
    try:
        for batch in _batches(pixels, size):
            same = values.in_levels(torch.from_numpy(np.array(batch))).numpy()  # what the model codes
            tasks = [pool.submit(lossless_bits, image, quick=True) for image in same]
            coded += tasks
            if model.device.type == "cpu":
                wait(tasks)
            scored.append(model_columns(model, as_scored(model, values, batch), identity.psnrs) | _pixel_columns(batch))
            if progress is not None:
                progress(len(coded), len(pixels))
        code_lengths = [task.result() for task in coded]
    finally:
        pool.shutdown(cancel_futures=True)
    columns = {
        "index": np.arange(first, first + len(pixels)),
        "label": labels,
        **_joined(scored),
        **{name: np.array([bits[codec] for bits in code_lengths]) for name, codec in CODEC_COLUMNS.items()},
    }
    arrays = {
        name: pa.array(data, mask=~np.isfinite(data) if data.dtype.kind == "f" else None)
        for name, data in columns.items()
    }
    return pa.table(arrays).select([column.name for column in identity.columns])


def model_columns(model: EnergyModel, x: Tensor, psnrs: tuple[float, ...]) -> Columns:
    """What the model says of one batch of images ``(N, C, H, W)``, on its device; columns have the shape ``(N,)``."""
    found = {"log_prob": model.log_prob(x)}
    found |= {f"dimensionality_{psnr:g}": flipd(model, x, noise_variance_from_psnr(psnr)) for psnr in psnrs}
    return {name: column.cpu().double().numpy() for name, column in found.items()}


def _pixel_columns(pixels: np.ndarray) -> Columns:
    return {"contrast": contrast(pixels), "brightness": brightness(pixels), "sparsity": wavelet_sparsity(pixels)}


def _batches(pixels: np.ndarray, size: int) -> Iterator[np.ndarray]:
    return (pixels[start : start + size] for start in range(0, len(pixels), size))


def _joined(batches: list[Columns]) -> Columns:
    return {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}


def reference_images(model: EnergyModel, values: Values) -> tuple[np.ndarray, np.ndarray]:
    """Constant images and images of uniform noise, uint8, each of shape ``(N, C, H, W)``.

    There is a constant image of every gray level, or, where images are large, of every few and of 128.
    """
    grays = np.unique(values.to_pixels(values.centers(torch.arange(256, dtype=torch.uint8).view(-1, 1, 1, 1))).numpy())
    most = max(_FEWEST_CONSTANTS, _CONSTANT_VALUES // model.dimensions)
    middle = grays[np.searchsorted(grays, _MID_GRAY).clip(max=len(grays) - 1)]
    grays = np.union1d(grays[:: math.ceil(len(grays) / most)], middle)
    constants = np.broadcast_to(grays.reshape(-1, 1, 1, 1), (len(grays), *model.image_shape))
    return constants, np.random.default_rng(0).integers(0, 256, (_NOISE_IMAGES, *model.image_shape), np.uint8)


def reference_marks(model: EnergyModel, values: Values, progress: Progress | None = None) -> Marks:
    """log p of the most probable constant image, of mid-gray, and the mean over a few images of uniform noise, those of
    `reference_images`.

    Args:
        model: an energy model.
        values: its value convention.
        progress: called with (images done, images in all).
    """
    constants, noise = reference_images(model, values)
    grays, total = constants[:, 0, 0, 0], len(constants) + len(noise)
    batch_size = inference_batch_size(model.dimensions, model.device)
    found: list[float] = []
    for images in (constants, noise):
        for batch in _batches(images, batch_size):
            found += log_prob_batched(model, as_scored(model, values, batch)).double().tolist()
            if progress is not None:
                progress(len(found), total)
    constant_log_prob = np.array(found[: len(grays)])
    best = int(np.argmax(np.nan_to_num(constant_log_prob, nan=-np.inf)))
    return Marks(
        constant=_finite(constant_log_prob[best]),
        constant_value=float(grays[best]) / 255,
        mid_gray=_finite(constant_log_prob[np.searchsorted(grays, _MID_GRAY).clip(max=len(grays) - 1)]),
        noise=_finite(float(np.mean(found[len(grays) :]))),
    )


def _finite(value: float | Tensor) -> float | None:
    return float(value) if np.isfinite(float(value)) else None
