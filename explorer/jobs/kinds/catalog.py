"""Catalogs: a model scores every image of a data set."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from explorer.jobs.kinds.base import DatasetTask
from explorer.jobs.progress import Work

__all__ = ["CatalogTask"]

_MOST_SHARDS = 256  # parts that a catalog has at most


class CatalogTask(DatasetTask):
    """Score a data set."""

    plural = "Catalogs"
    action = "Score a data set, for Atlas"

    kind: Literal["catalog"] = "catalog"
    shards: int = Field(
        default=1,
        ge=1,
        le=_MOST_SHARDS,
        title="Shards",
        description="How many jobs share the work; on a cluster they run side by side.",
    )

    @property
    def title(self) -> str:
        return f"Catalog of {self.part} by {self.model_name}"

    def run(self, work: Work) -> None:
        """Score the images that are not scored yet, or every `shards`-th part of them."""
        from explorer.catalog.build import build_catalog
        from explorer.models.checkpoints import load_checkpoint

        checkpoint = load_checkpoint(self.checkpoint)
        images = self.open_images(work, checkpoint.model.image_shape, self.split)
        build_catalog(checkpoint, images, progress=work.counting("scores"), shard=(work.shard, self.shards))
