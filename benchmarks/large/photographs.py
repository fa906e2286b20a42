"""The photographs that are measured: those of a data set that are large enough, and how many are not."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
import typer

from explorer.data.sources import Split, read_dataset
from explorer.data.views import Views
from explorer.errors import ExplorerError

__all__ = ["DataOption", "LabelOption", "Photographs", "ShrinkOption", "SplitOption", "photographs"]

DataOption = Annotated[str, typer.Option(help="Data set of photographs.")]
SplitOption = Annotated[Split, typer.Option(help="Which part of it.")]
LabelOption = Annotated[str, typer.Option(help="Those with this label alone.")]
ShrinkOption = Annotated[float, typer.Option(help="Leave out what is not so many times larger than the size.", min=1)]


class Photographs(NamedTuple):
    """Squares of one size.

    Attributes:
        pixels: uint8 ``(N, C, S, S)``.
        fitting: how many of the data set are large enough, of which these are evenly spaced ones.
        small: how many are not.
    """

    pixels: np.ndarray
    fitting: int
    small: int

    @property
    def sentence(self) -> str:
        """How they were chosen."""
        size = self.pixels.shape[-1]
        return (
            f"{size} pixels: {len(self.pixels):,} of the {self.fitting:,} photographs that are large enough; "
            f"{self.small:,} are not."
        )


def photographs(
    data: str, channels: int, size: int, count: int, split: Split, label: str = "", min_shrink: float = 1.0
) -> Photographs:
    """The largest middle squares of the photographs that are at least `min_shrink` times as large as `size`.

    Args:
        data: what `explorer.data.sources.read_dataset` opens.
        channels: 1 or 3.
        size: pixels a side.
        count: at most so many, evenly spaced over those that fit.
        split: part of the data set.
        label: name of the label that they must have; any when empty.
        min_shrink: see above, at least 1.

    Raises:
        ExplorerError: there is no such data set or label, or no photograph is large enough.
    """
    images, samples = read_dataset(data, (channels, size, size), split, Views(min_shrink=min_shrink))
    if label and label not in images.label_names:
        known = ", ".join(images.label_names)
        raise ExplorerError(f"{images.title} has no label {label!r}. It has {known or 'none'}.")
    fitting, small = [], 0
    for sample in samples:
        if sample.pixels is None or (label and images.label_names[sample.label] != label):
            continue
        if sample.small:
            small += 1
        else:
            fitting.append(sample.pixels)
    if not fitting:
        raise ExplorerError(
            f"It needs {min_shrink * size:.0f} pixels a side, which none of the {small:,} photographs has."
        )
    chosen = np.linspace(0, len(fitting) - 1, min(count, len(fitting))).round().astype(int)
    return Photographs(np.stack([fitting[place] for place in chosen]), len(fitting), small)
