"""What Probe shows of one image under some changes and one model.

Each result is computed when it is first asked for, and cached by content (`explorer.webapp.probe.cached_measures`): the
page asks from top to bottom, the download asks again.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from explorer.catalog.query import Catalog
from explorer.data.sources import Split
from explorer.errors import ExplorerError
from explorer.figures.live_chart import LiveChart
from explorer.figures.probe import dimensionality_chart, log_prob_range, noise_log_prob_chart, perturbation_chart
from explorer.measures.image.curves import NoiseCurves, PerturbationCurve
from explorer.measures.image.probe import Denoised, Probed
from explorer.units import LOG_PROB_UNITS, code_length_bits, convert_log_prob, noise_variance_from_psnr
from explorer.webapp.probe import cached_measures
from explorer.webapp.probe.changes import Changes
from explorer.webapp.shell.loaders import catalog, store
from explorer.webapp.shell.sidebar import Selection
from explorer.webapp.shell.subject import Subject

__all__ = ["ProbeResults"]


@dataclass(frozen=True)
class ProbeResults:
    """Inputs of Probe, and what follows from them.

    Attributes:
        selection: model, data set and unit.
        split: the part of the data set that it is compared with.
        subject: the image.
        changes: what is done to it.
        psnr: noise level in dB, which sets the size of its neighborhood.
        pinned: what it is compared with, if anything.
    """

    selection: Selection
    split: Split
    subject: Subject
    changes: Changes
    psnr: float
    pinned: ProbeResults | None = None

    @property
    def dimensions(self) -> int:
        """``d``."""
        return self.selection.checkpoint.model.dimensions

    @cached_property
    def probed(self) -> Probed:
        """The image before and after, and log p of both."""
        return cached_measures.probed(self.selection.checkpoint, self.subject.pixels, self.changes)

    @cached_property
    def code_lengths(self) -> dict[str, float]:
        """Bits that the model and lossless codecs need for the same image: the perturbed one, rounded and clipped."""
        levels = self.selection.checkpoint.values.levels
        model = code_length_bits(self.probed.coded_log_prob, levels, self.dimensions)
        return {"This model": model, **cached_measures.codec_bits(self.probed.coded_pixels)}

    @cached_property
    def catalog(self) -> Catalog | None:
        """The part of the data set scored by the model; None when it was not built yet.

        Raises:
            ExplorerError: the data set cannot be opened.
        """
        chosen = self.selection
        return catalog(chosen.checkpoint, store(chosen.dataset, chosen.checkpoint.model.image_shape, self.split))

    @cached_property
    def percentile(self) -> float | None:
        """Percent of the data set that is less probable than the perturbed image; None without a catalog."""
        return self.catalog.percentile(self.probed.log_prob) if self.catalog else None

    @property
    def spread(self) -> float | None:
        """Standard deviation of log p over the data set, in nats. None without a catalog, and where the data set cannot
        be opened, which `percentile` tells."""
        with suppress(ExplorerError):
            summary = self.catalog.summary() if self.catalog else None
            return None if summary is None else summary.std
        return None

    @cached_property
    def noise_curves(self) -> NoiseCurves:
        """The perturbed image over noise levels."""
        return cached_measures.image_noise_curves(self.selection.checkpoint, self.probed.x)

    @property
    def dimensionality(self) -> float:
        """Local dimensionality at the chosen noise level."""
        return self.noise_curves.dimensionality_at(self.psnr)

    @cached_property
    def denoised(self) -> Denoised:
        """The perturbed image with noise of the chosen level, denoised, and the score there."""
        return cached_measures.denoised(self.selection.checkpoint, self.probed.x, self.psnr)

    def pixels(self, x: np.ndarray) -> np.ndarray:
        """An image in the model's values as 8-bit pixels."""
        return cached_measures.to_pixels(self.selection.checkpoint, x)

    @cached_property
    def curves(self) -> list[PerturbationCurve]:
        """log p against each parameter of the perturbation."""
        return cached_measures.perturbation_curves(self.selection.checkpoint, self.subject.pixels, self.changes)

    def perturbation_charts(self) -> dict[str, LiveChart]:
        """Parameter -> its chart; all share the range of log p."""
        unit, now = self.selection.unit, self.probed.log_prob
        pinned = {curve.name: curve for curve in self.pinned.curves} if self.pinned else {}
        y_range = log_prob_range([*self.curves, *pinned.values()], now, unit, self.dimensions)
        return {
            curve.name: perturbation_chart(
                curve,
                getattr(self.changes.perturbation, curve.name),
                now,
                y_range,
                unit,
                self.dimensions,
                pinned.get(curve.name),
            )
            for curve in self.curves
        }

    def noise_charts(self) -> dict[str, LiveChart]:
        """Title -> chart against noise level."""
        profile = self.catalog.profile if self.catalog else None
        grid = profile.psnr if profile else ()
        dimensionality, log_prob = (profile.dimensionality, profile.log_prob) if profile else (None, None)
        curves, psnr, unit, d = self.noise_curves, self.psnr, self.selection.unit, self.dimensions
        pinned = self.pinned.noise_curves if self.pinned else None
        return {
            "Local dimensionality against noise level": dimensionality_chart(
                curves, psnr, d, grid, dimensionality, pinned
            ),
            "Mean log p against noise level": noise_log_prob_chart(curves, psnr, unit, d, grid, log_prob, pinned),
        }

    def images(self) -> dict[str, np.ndarray]:
        """Name -> 8-bit pixels."""
        return {
            "original": self.subject.pixels,
            "perturbed": self.probed.perturbed_pixels,
            "noisy": self.pixels(self.denoised.noisy),
            "denoised": self.pixels(self.denoised.denoised),
            **({"pinned": self.pinned.probed.perturbed_pixels} if self.pinned else {}),
        }

    def numbers(self) -> dict[str, Any]:
        """All numbers, with their units in their names, for a file."""
        checkpoint, probed = self.selection.checkpoint, self.probed
        logs = {"log_prob": probed.log_prob, "original_log_prob": probed.original_log_prob}
        return {
            "model": {"name": checkpoint.name, "fingerprint": checkpoint.fingerprint, "t0": checkpoint.model.t0},
            "image": {
                "title": self.subject.title,
                "shape": list(checkpoint.model.image_shape),
                "dimensions": self.dimensions,
            },
            "perturbation": self.changes.perturbation.model_dump(),
            "denoised_at_psnr_db": self.changes.denoise,
            "values_out_of_range": {"below_0": probed.below, "above_1": probed.above},
            **{
                name: {unit: convert_log_prob(nats, unit, self.dimensions) for unit in LOG_PROB_UNITS}
                for name, nats in logs.items()
            },
            "percentile": {"data_set": self.selection.dataset_name, "part": self.split, "percent": self.percentile},
            "code_length_bits": self.code_lengths,
            "local_dimensionality": {
                "psnr_db": self.psnr,
                "noise_variance": noise_variance_from_psnr(self.psnr),
                "dimensions": self.dimensionality,
                "share": self.dimensionality / self.dimensions,
            },
            "curves": {
                "log_prob_nats": {
                    curve.name: {"values": curve.values, "log_prob": curve.log_prob} for curve in self.curves
                },
                "noise": {
                    "psnr_db": self.noise_curves.psnr,
                    "local_dimensionality": self.noise_curves.dimensionality,
                    "mean_log_prob_nats": self.noise_curves.log_prob,
                },
            },
            "pinned": self.pinned.numbers() if self.pinned else None,
        }
