"""Photographs that a model was not trained on: for checks that set a second data set beside its own."""

from __future__ import annotations

from collections.abc import Collection

from explorer.data.sources import absolute_spec, open_dataset
from explorer.data.store import Store
from explorer.data.unseen import unseen_split
from explorer.errors import ExplorerError
from explorer.images import ImageShape, Values
from explorer.progress import Progress, Waiting

__all__ = ["OTHER", "open_other"]

OTHER = "photos"
"""The default: the built-in photographs."""

_MOST = 500  # images, as many as the full checks use: of a large data set no more is decoded
_ALL_LEVELS = 256


def open_other(
    image_shape: ImageShape,
    values: Values,
    own: Collection[str],
    spec: str = "",
    progress: Progress | None = None,
    fetching: Progress | None = None,
    waiting: Waiting | None = None,
) -> Store | None:
    """Images of another data set that are new to the model, at most 500, evenly spaced over it.

    Args:
        image_shape: ``(C, H, W)`` of the model.
        values: how the model reads pixels. Photographs mean nothing to one that tells fewer than 256 levels apart.
        own: what is not another data set: that which the model was trained on, and that which it is checked on; as
            `open_dataset` takes them, or by the name in a checkpoint's `config.json`.
        spec: the other data set, as `open_dataset` takes it; `OTHER` when empty.
        progress: called with the number of images done and their total.
        fetching: called with the bytes fetched and their total, for a data set of the Hub.
        waiting: called in place of `progress` while another process prepares the same images.

    Returns:
        None when photographs mean nothing to the model, or when `spec` is empty and `OTHER` is its own data set.

    Raises:
        ExplorerError: the requested data set is the model's own, or cannot be opened.
    """
    if values.dequantize and values.levels < _ALL_LEVELS:
        return None
    if absolute_spec(spec or OTHER) in {absolute_spec(name) for name in own if name}:
        if not spec:
            return None
        raise ExplorerError(
            f"{spec} is the data set that the model was trained on or is checked on. Choose another one with --other."
        )
    split = unseen_split(spec or OTHER, *own)
    return open_dataset(spec or OTHER, image_shape, split, _MOST, progress, fetching=fetching, waiting=waiting)
