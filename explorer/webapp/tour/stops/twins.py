"""Pairs of models that were trained alike on different images."""

from __future__ import annotations

from typing import NamedTuple

from explorer.models.checkpoints import Checkpoint, list_checkpoints
from explorer.webapp.shell.loaders import checkpoint

__all__ = ["Twins", "twins_of"]


class Twins(NamedTuple):
    """Two models of the same kind that share no training image, and how many pictures each was trained on."""

    first: Checkpoint
    second: Checkpoint
    pictures: int

    @property
    def size(self) -> str:
        """How many pictures, in words."""
        return f"{self.pictures:,} pictures each"


def twins_of(model: Checkpoint) -> list[Twins]:
    """Pairs named after the model, ``NAME-a`` and ``NAME-b``, ``NAME-n100-a`` ..., the most pictures first."""
    usable = {info.name: info for info in list_checkpoints() if info.problem is None}
    pairs = []
    for name, info in usable.items():
        other = f"{name[:-2]}-b"
        if name.startswith(f"{model.name}-") and name.endswith("-a") and other in usable and info.config is not None:
            pictures = int(info.config.training.get("training_pictures", 0))
            pairs.append(Twins(checkpoint(info.path), checkpoint(usable[other].path), pictures))
    return sorted(pairs, key=lambda pair: -pair.pictures)
