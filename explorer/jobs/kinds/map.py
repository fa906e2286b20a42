"""Maps: the images of a data set, laid out so that those which a model treats alike are near each other."""

from __future__ import annotations

from typing import Literal

from explorer.jobs.kinds.base import DatasetTask
from explorer.jobs.progress import Work

__all__ = ["MapTask"]


class MapTask(DatasetTask):
    """Lay out a data set."""

    plural = "Maps"
    action = "Lay out a data set, for Map"
    needs_noise_levels = True

    kind: Literal["map"] = "map"

    @property
    def title(self) -> str:
        return f"Map of {self.part} by {self.model_name}"

    def run(self, work: Work) -> None:
        """Score the images that are not scored yet, and lay out all of them."""
        from explorer.catalog.build import build_catalog
        from explorer.catalog.map import build_map
        from explorer.models.checkpoints import load_checkpoint

        checkpoint = load_checkpoint(self.checkpoint)
        images = self.open_images(work, checkpoint.model.image_shape, self.split)
        build_catalog(checkpoint, images, progress=work.counting("scores"))
        build_map(checkpoint, images, progress=work.counting("steps of the map"))
