"""Checks: whether the probabilities of a model can be trusted."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from explorer.data.names import dataset_name
from explorer.jobs.kinds.base import ModelTask
from explorer.jobs.progress import PERCENT, Work

__all__ = ["EvaluateTask"]


class EvaluateTask(ModelTask):
    """Run every check of a model."""

    plural = "Checks"
    action = "Run every check of a model, for Trust"
    needs_noise_levels = True

    kind: Literal["evaluate"] = "evaluate"
    quick: bool = Field(default=False, title="Quick", description="On few images: about a minute.")

    @property
    def title(self) -> str:
        return f"{'Quick' if self.quick else 'Full'} checks of {self.model_name} on {dataset_name(self.dataset)}"

    def run(self, work: Work) -> None:
        """Run the checks, and keep the report with the checkpoint."""
        from explorer.data.other import open_other
        from explorer.data.unseen import unseen_split
        from explorer.measures.consistency.checks import FULL, QUICK
        from explorer.measures.consistency.storage import check_and_keep
        from explorer.models.checkpoints import load_checkpoint
        from explorer.training.own_images import open_own

        checkpoint = load_checkpoint(self.checkpoint)
        split = unseen_split(self.dataset, checkpoint.config.dataset)
        images = self.open_images(work, checkpoint.model.image_shape, split)
        own = (checkpoint.config.dataset, self.dataset)
        other = open_other(checkpoint.model.image_shape, checkpoint.values, own, **work.opening())
        trained_on = open_own(checkpoint.config, self.dataset, checkpoint.model.image_shape, **work.opening())

        def progress(_what: str, share: float) -> None:
            work.report(round(100 * min(share, 1.0)), 100, PERCENT)

        check_and_keep(checkpoint, images, QUICK if self.quick else FULL, progress, other, split, trained_on)
