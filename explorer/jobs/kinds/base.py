"""What a kind of job declares: its settings, its title, how many shards and processes share it, how it runs.

A job's settings are plain data, ``task.json`` in its folder. Those that have a title are offered by the form of the
Jobs page and by the command line. What a kind needs for its work, it imports in `run`: torch takes seconds, and
listing jobs does without.
"""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from explorer.data.names import dataset_name
from explorer.jobs.fields import Suggested
from explorer.jobs.progress import JobProgress, Work, read_progress, together

if TYPE_CHECKING:
    from explorer.data.sources import Split
    from explorer.data.store import Store
    from explorer.images import ImageShape

__all__ = ["DatasetTask", "ModelTask", "Task"]


class Task(BaseModel):
    """What a job does.

    Attributes:
        kind: name of the kind.
        shards: number of jobs that share the work, each with a folder of its own.
        processes: number of processes that share each step of a shard.
        plural: heading of such jobs in a list.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    plural: ClassVar[str]

    kind: str
    shards: int = Field(default=1, ge=1, le=1)
    processes: int = Field(default=1, ge=1, le=1)

    @property
    @abstractmethod
    def title(self) -> str:
        """What it does, in words."""

    @abstractmethod
    def run(self, work: Work) -> None:
        """Do the work, or a shard of it.

        Args:
            work: which shard to do, and where to report.

        Raises:
            Stopped: the job should stop, and what is done so far is saved.
            ExplorerError: it cannot be done.
        """

    def members(self, folder: Path) -> list[Path]:
        """The folders of the shards of the job in `folder`; its own alone, where it is in one piece."""
        return [folder] if self.shards == 1 else [folder / f"shard-{k}" for k in range(self.shards)]

    def progress(self, folder: Path) -> JobProgress:
        """How far the job in `folder` is, all its shards together.

        Raises:
            ExplorerError: it is damaged.
        """
        return together([read_progress(member) for member in self.members(folder)])


class ModelTask(Task):
    """Work of a model on a data set. The form of the Jobs page and the command line offer all such kinds.

    Attributes:
        checkpoint: name or folder.
        dataset: what `explorer.data.sources.open_dataset` opens.
        action: what it does, and for which page.
        needs_noise_levels: whether it asks a model for its energy at many noise levels.
    """

    action: ClassVar[str]
    needs_noise_levels: ClassVar[bool] = False

    checkpoint: str
    dataset: str

    @property
    def stem(self) -> str:
        """What the name of such a job begins with."""
        return f"{self.kind}-{self.model_name}-{Path(self.dataset).stem}"

    @property
    def model_name(self) -> str:
        """Name of the checkpoint, without the folders that it is in."""
        return Path(self.checkpoint).name

    def open_images(self, work: Work, image_shape: ImageShape, split: Split) -> Store:
        """A part of the data set. The log says what was guessed and what is left out.

        Args:
            work: where to report how far it is.
            image_shape: ``(C, H, W)`` of the model.
            split: the part.

        Raises:
            Stopped: the job should stop.
            ExplorerError: as `explorer.data.sources.open_dataset`.
        """
        from explorer.data.sources import open_dataset

        images = open_dataset(self.dataset, image_shape, split, **work.opening())
        work.tell(*images.remarks)
        return images


def _unseen(checkpoint: str, dataset: str) -> object:
    from explorer.data.unseen import unseen_split
    from explorer.models.checkpoints import find_checkpoint, read_config

    return unseen_split(dataset, read_config(find_checkpoint(checkpoint)).dataset)


class DatasetTask(ModelTask):
    """Work on every image of a part of a data set.

    Attributes:
        split: the part.
    """

    split: Annotated[Literal["validation", "train", "all"], Suggested(_unseen)] = Field(
        "validation",
        title="Images",
        description="Which part of the data set. By default, images that the model was not trained on.",
    )

    @property
    def part(self) -> str:
        """The images, in words."""
        return f"{dataset_name(self.dataset)} ({self.split})"
