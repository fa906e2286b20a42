"""The images that a checkpoint was trained on, and fresh ones of the same kind, to ask whether it remembers.

Its ``config.json`` says which data set, which views of each picture and which part of the pictures. Fresh images are
the same views of pictures of the validation part: a check on other crops than those of the training would compare crops
and not images. One view is taken of each picture: several are not independent, and the standard error of a mean over
them would be too small.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from pydantic import BaseModel, Field, ValidationError

from explorer.data.names import dataset_name
from explorer.data.sources import open_dataset
from explorer.data.store import Store
from explorer.data.views import MOST_VIEWS, Views
from explorer.images import ImageShape
from explorer.models.checkpoints import CheckpointConfig
from explorer.progress import Progress, Waiting
from explorer.training.sources import rows_of_part

__all__ = ["MOST", "OwnImages", "TrainedOn", "open_own"]

MOST = 500
"""Images of each kind, as many as the full checks use."""


class OwnImages(NamedTuple):
    """Images that a model was trained on, and others.

    Attributes:
        own: uint8, shape ``(N, C, H, W)``, a view of each of evenly spaced pictures of its training.
        fresh: the same of pictures that it was not trained on, shape ``(M, C, H, W)``.
    """

    own: np.ndarray
    fresh: np.ndarray


class TrainedOn(BaseModel):
    """What ``config.json`` says of the training images; see `explorer.training.config.TrainingConfig`."""

    views: int = Field(default=1, ge=1, le=MOST_VIEWS)
    min_shrink: float = Field(default=1.0, ge=1, le=100)
    part: int = Field(default=0, ge=0)
    parts: int = Field(default=1, ge=1)
    pictures: int | None = Field(default=None, ge=1)

    @classmethod
    def of(cls, config: CheckpointConfig) -> TrainedOn | None:
        """None where the checkpoint says nothing, or nothing that can be."""
        try:
            return cls.model_validate(config.training) if config.training else None
        except ValidationError:
            return None

    @property
    def is_whole(self) -> bool:
        """Whether it is the whole training part of the data set."""
        return self.parts == 1 and self.pictures is None

    @property
    def crops(self) -> Views:
        """The views of each picture."""
        return Views(self.views, self.min_shrink)

    def rows(self, images: Store) -> np.ndarray:
        """Which images of the training part of the data set, opened with `crops`."""
        return rows_of_part(len(images), images.views, self.part, self.parts, self.pictures)


def open_own(
    config: CheckpointConfig,
    dataset: str,
    image_shape: ImageShape,
    most: int = MOST,
    progress: Progress | None = None,
    fetching: Progress | None = None,
    waiting: Waiting | None = None,
) -> OwnImages | None:
    """At most `most` training images of a checkpoint, and as many fresh ones, each of another picture.

    Args:
        config: of the checkpoint.
        dataset: where its data set may be, as `open_dataset` takes it.
        image_shape: ``(C, H, W)`` of the model.
        most: images of each kind.
        progress, fetching, waiting: called while images are prepared; see `open_dataset`.

    Returns:
        None where they are not known: the data set is another one than that of the checkpoint, the checkpoint does not
        say how it was trained, or there are no images that it was not trained on.

    Raises:
        ExplorerError: the data set cannot be opened.
    """
    trained = TrainedOn.of(config)
    if dataset_name(dataset) != config.dataset or trained is None:
        return None
    limit = most if trained.is_whole else None  # a part is told from the others by the numbers of all
    shown = (progress, trained.crops, fetching, waiting)
    own = open_dataset(dataset, image_shape, "train", limit, *shown)
    fresh = open_dataset(dataset, image_shape, "validation", most, *shown)
    if own.division is not None and own.division.how == "shared":
        return None
    of_own, of_fresh = trained.rows(own)[:: own.views], np.arange(0, len(fresh), fresh.views)  # the first views
    found = OwnImages(_some(own, of_own, most), _some(fresh, of_fresh, most))
    return found if min(map(len, found)) > 1 else None


def _some(images: Store, rows: np.ndarray, most: int) -> np.ndarray:
    """Evenly spaced ones."""
    count = min(most, len(rows))
    return np.array(images.pixels[rows[np.arange(count) * len(rows) // max(1, count)]])
