"""Run the checks: can this model's probabilities be trusted?"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor

from explorer.errors import ExplorerError
from explorer.images import Values
from explorer.measures.consistency.check import ALL_LEVELS, Conditions, Measured, Subject
from explorer.measures.consistency.checks import FULL
from explorer.measures.consistency.effort import Effort
from explorer.measures.consistency.report import Report
from explorer.measures.shared.noise import noise_generator
from explorer.models.base import EnergyModel
from explorer.units import psnr_from_noise_variance

__all__ = ["CheckProgress", "run_checks"]

CheckProgress = Callable[[str, float], None]
"""``progress(title of the check that is run, share of the whole that is done)``."""

_NONE: Mapping[str, Measured] = MappingProxyType({})


def run_checks(
    model: EnergyModel,
    values: Values,
    pixels: np.ndarray,
    effort: Effort = FULL,
    *,
    dataset: str = "",
    source: str = "",
    split: str = "",
    other: tuple[str, np.ndarray] | None = None,
    own: tuple[np.ndarray, np.ndarray] | None = None,
    noise: tuple[float, float] | None = None,
    seed: int = 0,
    known: Mapping[str, Measured] = _NONE,
    progress: CheckProgress | None = None,
    keep: Callable[[Report], None] | None = None,
) -> Report:
    """Run every check that applies to a model, on 8-bit images. No ground truth is needed.

    Args:
        model: any energy model.
        values: how it reads 8-bit pixels.
        pixels: uint8, shape ``(N, C, H, W)``, N at least 2; each check uses the first so many.
        effort: `QUICK` or `FULL`. A quick one uses fewer images where the model is slow.
        dataset: what people call the images, for the report.
        source, split: name of the data set, as in the ``config.json`` of a checkpoint, and which part of it.
        other: name and 8-bit images of another data set, for the check on other photographs; when None it is left out.
        own: 8-bit images that the model was trained on, and fresh ones of the same kind, for the check of memorization;
            when None it is left out.
        noise: smallest and largest noise variance of the checks; from the model's `t_low` to its `t_max` when None.
        seed: of dequantization, noise and probes.
        known: results that were measured already, by name of the check.
        progress: told how far it is; it may raise to stop.
        keep: given the report after each check.

    Raises:
        ExplorerError: images of the wrong type or shape, fewer than two of them, or fewer than two other ones; or a
            model of one noise level.
    """
    model.need_noise_levels("A check")
    _check_images(model, pixels, "The checks need at least two images. Choose another data set.")
    if other is not None:
        _check_images(model, other[1], f"The checks need at least two other photographs, and {other[0]} has fewer.")
    for images in own or ():
        _check_images(model, images, "The check of memorization needs at least two own and two fresh images.")
    t_low, t_max = noise or (model.t_low, model.t_max)
    if not 0 < t_low < t_max:
        raise ExplorerError("The checks need noise variances of which the smallest is positive and below the largest.")
    conditions = Conditions(
        image_shape=model.image_shape,
        levels=values.levels if values.dequantize else ALL_LEVELS,
        psnr=float(psnr_from_noise_variance(t_low)),
        lowest_psnr=float(psnr_from_noise_variance(t_max)),
        dataset=dataset,
        other=None if other is None else other[0],
        source=source,
        split=split,
        own=own is not None,
    )
    x = values.dequantized(torch.from_numpy(np.array(pixels[: effort.images])), noise_generator(seed + 1))
    if effort.seconds is not None:
        effort = effort.fitted(_pass_seconds(model, x, t_low), conditions)
    results = dict(known)
    others = None if other is None else other[1]
    subject = Subject(model, values, conditions, pixels, x, t_low, t_max, others, own, seed, results)
    report = Report(
        conditions=conditions,
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        effort=effort.name,
        results=results,
    )
    say = progress or (lambda _title, _share: None)
    checks = [check for check in effort.applicable(conditions) if check.name not in known]
    whole = sum(check.cost(conditions) for check in checks)
    began, spent = time.monotonic(), 0.0
    for check in checks:
        cost = check.cost(conditions)
        say(check.title, spent / whole)
        step = _Step(say, check.title, spent / whole, cost / whole)
        results[check.name] = check.run(subject, step)
        spent += cost
        report = report.model_copy(update={"results": dict(results), "seconds": round(time.monotonic() - began, 1)})
        if keep is not None:
            keep(report)
    return report


class _Step:
    """The progress of one check as a share of all."""

    def __init__(self, say: CheckProgress, title: str, first: float, share: float) -> None:
        self.say, self.title, self.first, self.share = say, title, first, share

    def __call__(self, done: int, total: int | None) -> None:
        self.say(self.title, self.first + self.share * done / (total or 1))


def _check_images(model: EnergyModel, pixels: np.ndarray, too_few: str) -> None:
    if pixels.dtype != np.uint8 or pixels.shape[1:] != tuple(model.image_shape):
        raise ExplorerError(
            f"The checks need 8-bit images (uint8) of the model's shape {tuple(model.image_shape)} (channels, height, "
            f"width), not {pixels.dtype} of shape {pixels.shape[1:]}."
        )
    if len(pixels) < 2:
        raise ExplorerError(too_few)


def _pass_seconds(model: EnergyModel, x: Tensor, t: float) -> float:
    few = x[:4].to(model.device)
    model.derivatives(few, t).energy.cpu()  # the first call is slower
    began = time.perf_counter()
    model.derivatives(few, t).energy.cpu()  # a GPU returns before it is done
    return (time.perf_counter() - began) / len(few)
