"""Two models on the same images: on which do they agree on log p, and on which do they not?

With ``delta_i`` the log p of image ``i`` by the second model minus that by the first, and ``m`` the mean of these, what
is disputed is measured from ``m``: ``|delta_i - m|`` where the sign does not matter. For ``m`` says which model is
better, or normalized otherwise, and nothing of one image. Where the sign matters, the order is that of ``delta_i``
whatever one subtracts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from explorer.catalog.build import build_catalog, find_catalog
from explorer.catalog.histogram import Histogram, equal_bins
from explorer.catalog.layout import CatalogMeta
from explorer.catalog.query import Catalog
from explorer.catalog.selection import Region, places_inside
from explorer.data.store import Store
from explorer.errors import ExplorerError
from explorer.measures.dataset.agreement import Agreement, agreement
from explorer.models.checkpoints import Checkpoint
from explorer.progress import Progress
from explorer.units import convert_log_prob, psnr_from_noise_variance

__all__ = ["Comparison", "Side", "compare", "compare_checkpoints"]

Side = Literal["both", "first", "second"]
"""For which model an image is more probable than for the other, measured against all images; or either."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """log p of the same images by two models, over the ``N`` images to which both give a finite value.

    A *place* counts these images, from 0 to ``N - 1``.

    Attributes:
        first, second: names of the models.
        dimensions: ``d``.
        index: number of each image in the data set, increasing, shape ``(N,)``.
        first_log_prob, second_log_prob: nats, shape ``(N,)``.
        left_out: number of images without a finite log p by one of the two.
        caveat: a sentence where the two report log p by different conventions, else empty.
    """

    first: str
    second: str
    dimensions: int
    index: np.ndarray
    first_log_prob: np.ndarray
    second_log_prob: np.ndarray
    left_out: int
    caveat: str

    def __len__(self) -> int:
        return len(self.index)

    @cached_property
    def difference(self) -> np.ndarray:
        """log p of the second model minus that of the first, nats, shape ``(N,)``."""
        difference: np.ndarray = self.second_log_prob - self.first_log_prob
        return difference

    @cached_property
    def agreement(self) -> Agreement:
        """How much the two agree."""
        return agreement(self.first_log_prob, self.second_log_prob)

    def most_disputed(self, count: int, side: Side = "both", among: np.ndarray | None = None) -> np.ndarray:
        """Places of the images on which the models disagree most, the most disputed first; of equals, in order.

        Args:
            count: how many, at most.
            side: ``"both"`` for the largest ``|delta - m|``, ``"second"`` for the largest ``delta``, ``"first"`` for
                the smallest.
            among: places to choose from; None for all.
        """
        places = np.arange(len(self)) if among is None else np.asarray(among, dtype=np.int64)
        delta = self.difference[places]
        disputed = {"both": np.abs(delta - self.agreement.mean), "second": delta, "first": -delta}[side]
        count = min(max(count, 0), len(places))
        if count == 0:
            return places[:0]
        enough = np.flatnonzero(disputed >= np.partition(disputed, -count)[-count])
        return places[enough[np.argsort(-disputed[enough], kind="stable")[:count]]]

    def inside(self, regions: Sequence[Region]) -> np.ndarray:
        """Places, increasing, of the images whose log p by the first (``x``) and second (``y``) model, in nats, lies
        in any of `regions`."""
        return places_inside(self.first_log_prob, self.second_log_prob, regions)

    def histogram(self) -> Histogram:
        """Counts of the differences, in nats; where some are below zero and some above, a bin begins at zero."""
        low, first_quartile, third_quartile, high = np.quantile(self.difference, (0.0, 0.25, 0.75, 1.0)).tolist()
        edges = equal_bins(len(self), low, first_quartile, third_quartile, high)
        if low < 0 < high:
            width = edges[1] - edges[0]
            edges = width * np.arange(math.floor(low / width), math.ceil(high / width) + 1)
        # Rounding may put the first edge above the lowest difference.
        return Histogram(edges, np.histogram(self.difference.clip(edges[0], edges[-1]), edges)[0])

    def report(self, count: int) -> dict[str, str]:
        """The numbers in words, differences in dB/dimension, with the indices of the `count` most disputed images."""
        numbers = self.agreement
        rms, mean, spread = (convert_log_prob(nats, "dB/dim", self.dimensions) for nats in numbers[:3])

        def images(side: Side) -> str:
            return " ".join(str(index) for index in self.index[self.most_disputed(count, side)])

        lines = {
            "Images": f"{len(self):,}, and {self.left_out:,} left out without a finite log p",
            "Differences": f"log p by {self.second} - log p by {self.first}, dB/dimension",
            "RMS difference": f"{rms:.4f}",
            "Mean difference": f"{mean:+.4f}",
            "RMS without the mean": f"{spread:.4f}",
            "Correlation": f"{numbers.correlation:.4f}",
            "Rank correlation": f"{numbers.rank_correlation:.4f}",
            f"More probable for {self.second}": f"{100 * numbers.second_higher:.1f} %",
            "Farthest from the mean, either way": images("both"),
            "Most in favor of " + self.first: images("first"),
            "Most in favor of " + self.second: images("second"),
        }
        return lines | ({"Note": self.caveat} if self.caveat else {})


def compare(
    first: Catalog, second: Catalog, label: int | None = None, names: tuple[str, str] | None = None
) -> Comparison:
    """Set the log p of two models beside each other, image by image.

    Args:
        first, second: catalogs of the same images.
        label: compare on the images of this label only; None for all.
        names: of the models; None for those that they had when they scored the images.

    Raises:
        ExplorerError: they are of images of different shapes, of different images, or share no image with a finite
            log p.
    """
    a, b = first.meta, second.meta
    names = names or (a.checkpoint, b.checkpoint)
    _check_shapes(names, (a.image_shape, b.image_shape))
    if a.identity.store_fingerprint != b.identity.store_fingerprint:
        raise ExplorerError(
            f"{names[0]} scored other images ({a.dataset}) than {names[1]} ({b.dataset}). "
            "Models are compared on the same images: score one data set with both."
        )
    log_probs = [catalog.column("log_prob", label) for catalog in (first, second)]
    finite = np.isfinite(log_probs[0]) & np.isfinite(log_probs[1])
    if not finite.any():
        raise ExplorerError(
            f"There is no image to which both {names[0]} and {names[1]} give a finite log p. Choose another model."
        )
    index = np.arange(len(first)) if label is None else first.column("index", label)
    return Comparison(
        first=names[0],
        second=names[1],
        dimensions=a.dimensions,
        index=index[finite],
        first_log_prob=log_probs[0][finite],
        second_log_prob=log_probs[1][finite],
        left_out=int((~finite).sum()),
        caveat=_caveat(names, (a, b)),
    )


def compare_checkpoints(
    first: Checkpoint, second: Checkpoint, store: Store, progress: Progress | None = None
) -> Comparison:
    """Compare two models on the images of a store, which are scored where they were not yet.

    Args:
        first, second: the models.
        store: the images, at the size of both models.
        progress: called with (work done, work in all) of each catalog that is built.

    Raises:
        ExplorerError: the models read images of different shapes, or see `compare` and
            `explorer.catalog.build.build_catalog`.
    """
    _check_shapes((first.name, second.name), (first.model.image_shape, second.model.image_shape))

    def ready(checkpoint: Checkpoint) -> Catalog:
        return find_catalog(checkpoint, store.fingerprint) or build_catalog(checkpoint, store, progress=progress)

    return compare(ready(first), ready(second), names=(first.name, second.name))


def _check_shapes(names: tuple[str, str], shapes: tuple[tuple[int, int, int], tuple[int, int, int]]) -> None:
    if tuple(shapes[0]) != tuple(shapes[1]):
        raise ExplorerError(
            f"{names[0]} takes images of the shape {tuple(shapes[0])} (channels, height, width) and {names[1]} of the "
            f"shape {tuple(shapes[1])}; their densities cannot be compared. Choose two models of the same shape."
        )


def _caveat(names: tuple[str, str], metas: tuple[CatalogMeta, CatalogMeta]) -> str:
    (a, b), (first, second) = metas, names
    if not math.isclose(a.t0, b.t0, rel_tol=1e-6):
        levels = [f"{psnr_from_noise_variance(meta.t0):.1f} dB" for meta in metas]
        return (
            f"{first} reports log p at a noise level of {levels[0]} and {second} at {levels[1]}: a part of the "
            "difference comes from that."
        )
    if a.levels != b.levels:
        return (
            f"{first} takes a pixel value for one of {a.levels} and {second} for one of {b.levels}: a part of the "
            "difference comes from that."
        )
    return ""
