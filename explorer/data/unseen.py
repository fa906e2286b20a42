"""Which part of a data set shows a model images that it was not trained on.

A model is shown the validation part of a data set. The built-in photographs are few: a model that was not trained on
any of them is shown all 14. One that was, or that is compared with one that was, is shown the four that are never
trained on.
"""

from __future__ import annotations

from explorer.data.sources import Split

__all__ = ["unseen_split"]


def unseen_split(dataset: str, *trained_on: str) -> Split:
    """The part of a data set whose images are new to the models that look at it.

    Args:
        dataset: what `explorer.data.sources.open_dataset` opens.
        trained_on: name of the training data of each model, as in the configuration of its checkpoint.
    """
    return "all" if dataset == "photos" and "photos" not in trained_on else "validation"
