"""Which part of a data set shows a model images that it was not trained on, and what a shown part is called.

A model that was not trained on a data set is shown all of it, one that was, or that is compared with one that was, the
validation part. Of images that are drawn from a known distribution, such as dead leaves, any model is shown the
thousand of the validation part: twenty thousand more of the same tell nothing new.
"""

from __future__ import annotations

from explorer.data.names import dataset_name
from explorer.data.sources import Split
from explorer.data.store import Store

__all__ = ["named_part", "part_in_words", "unseen_split"]

_DRAWN = ("leaves", "disks", "c-alpha")
_PARTS = {"train": "the training part", "validation": "the validation part"}


def unseen_split(dataset: str, *trained_on: str) -> Split:
    """The part of a data set whose images are new to the models that look at it.

    Args:
        dataset: what `explorer.data.sources.open_dataset` opens.
        trained_on: name of the training data of each model, as in the configuration of its checkpoint.
    """
    return "validation" if dataset in _DRAWN or dataset_name(dataset) in trained_on else "all"


def part_in_words(images: Store, split: Split) -> str:
    """How many images these are, and which.

    Args:
        images: a part of a data set.
        split: that part.

    Examples:
        "160 images", "16 of 160 images: the validation part"
    """
    division, are_crops = images.division, images.source == "photos"
    if split == "all" or division is None or division.how == "shared":
        of_all = f"crops of {len(images.label_names)} photographs" if are_crops else "images"
        return f"{len(images):,} {of_all}"
    what = "crops of photographs" if are_crops else "images"
    return f"{len(images):,} of {division.total:,} {what}: {_PARTS[split]}"


def named_part(name: str, split: Split) -> str:
    """What a part of the data set `name` is called: "birds", "the validation part of birds"."""
    return name if split == "all" else f"{_PARTS[split]} of {name}"
