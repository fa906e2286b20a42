"""Training a multi-scale density: the conditional energy and the base, one after the other, each resumable to the step.

The run is a folder:

    config.json                     `MultiscaleTrainingConfig`
    direct/, conditional/, base/    `training.safetensors` (what a run resumes from) and `metrics.jsonl`

It ends as a checkpoint in the data folder under the run's name.
"""

from __future__ import annotations

import time
import tomllib
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from torch import Tensor

from explorer.data.names import dataset_name
from explorer.data.sources import open_dataset
from explorer.data.views import MOST_VIEWS, Views
from explorer.errors import ExplorerError
from explorer.home import check_name, data_home, write_atomically
from explorer.models.checkpoints import CheckpointConfig, load_checkpoint, save_checkpoint
from explorer.models.conditional import ConditionalEnergy
from explorer.models.growing import begin_as
from explorer.models.multiscale import MultiscaleDensity
from explorer.models.multiscale_config import MultiscaleConfig, build_multiscale
from explorer.progress import Progress
from explorer.training.card import checkpoint_card
from explorer.training.compiling import Interrupted, compiling
from explorer.training.conditional import ConditionalConfig, ConditionalTrainer
from explorer.training.config import MAX_STEPS, TrainingConfig
from explorer.training.run import append_metrics
from explorer.training.sources import ImageSource, MixedSource, PixelSource
from explorer.training.trainer import Trainer

__all__ = [
    "MULTISCALE_RECIPES",
    "MultiscaleTrainingConfig",
    "ShrunkSource",
    "assembled",
    "multiscale_recipe",
    "train_multiscale",
]

_RECIPES = Path(__file__).with_name("recipes") / "multiscale"
_SAVE_SECONDS = 60.0

MULTISCALE_RECIPES = tuple(sorted(path.stem for path in _RECIPES.glob("*.toml")))
"""Names of the recipes of multi-scale densities."""


class MultiscaleTrainingConfig(BaseModel):
    """A run that trains a multi-scale density.

    Attributes:
        name: of the run and of the checkpoint that it becomes.
        dataset: what `explorer.data.sources.open_dataset` opens.
        views, min_shrink: see `explorer.data.views`.
        sharp: another data set, of pictures that never were compressed with loss; its views are not shrunk more than
            their size asks for. None when empty.
        sharp_views: of each picture of `sharp`.
        sharp_share: of the images of a step that are of `sharp`.
        direct_steps: steps in which the network of the details learns the direct score, before those of the energy; see
            `explorer.training.conditional`.
        start: multi-scale checkpoint that the run begins as, see `explorer.models.growing`; random weights when empty.
        side: at which the model is used where no size is asked for.
        conditional: training of the conditional energy; its `model.image_shape` is that of the stored images.
        base: training of the base; its side divides that of the stored images.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    dataset: str
    views: int = Field(1, ge=1, le=MOST_VIEWS)
    min_shrink: float = Field(1.0, ge=1, le=100)
    sharp: str = ""
    sharp_views: int = Field(20, ge=1, le=MOST_VIEWS)
    sharp_share: float = Field(0.25, gt=0, lt=1)
    direct_steps: int = Field(0, ge=0, le=MAX_STEPS)
    start: str = ""
    side: int = 256
    conditional: ConditionalConfig
    base: TrainingConfig

    @field_validator("name")
    @classmethod
    def _safe_name(cls, name: str) -> str:
        return check_name(name)

    @property
    def model(self) -> MultiscaleConfig:
        """The architecture of the whole."""
        conditional = self.conditional.model.architecture
        return MultiscaleConfig(base=self.base.model, steps=(conditional,), t0=conditional.noise.t0, side=self.side)


@dataclass(frozen=True, eq=False)
class ShrunkSource:
    """Images shrunk to a base's side by their mean over squares of pixels, not rounded to 8 bits again.

    Attributes:
        images: the images; their side is a multiple of `side`.
        side: of what comes out.
    """

    images: ImageSource
    side: int

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """Independent images for a training step."""
        return self._shrunk(self.images.sample(count, generator))

    def statistics(self, most: int, generator: torch.Generator) -> Tensor:
        """Images for mean and variances, at most `most`."""
        return self._shrunk(self.images.statistics(most, generator))

    def _shrunk(self, x: Tensor) -> Tensor:
        return torch.nn.functional.avg_pool2d(x, x.shape[-1] // self.side)


def multiscale_recipe(
    recipe: str, dataset: str = "", name: str = "", sharp: str = "", start: str = ""
) -> MultiscaleTrainingConfig:
    """What a recipe in `explorer/training/recipes/multiscale` trains.

    Args:
        recipe: one of `MULTISCALE_RECIPES`.
        dataset: what `open_dataset` opens; the recipe's own when empty.
        name: of the run and the checkpoint; the recipe's own name when empty.
        sharp, start: see `MultiscaleTrainingConfig`.

    Raises:
        ExplorerError: there is no such recipe.
    """
    if recipe not in MULTISCALE_RECIPES:
        raise ExplorerError(f"There is no recipe {recipe!r}. Choose one of {', '.join(MULTISCALE_RECIPES)}.")
    settings = tomllib.loads((_RECIPES / f"{recipe}.toml").read_text(encoding="utf-8"))
    settings["dataset"] = dataset or settings["dataset"]
    named = {"name": name or recipe, "dataset": settings["dataset"], "recipe": recipe}
    for part in ("conditional", "base"):
        settings[part] |= named
    return MultiscaleTrainingConfig(**settings | {"name": named["name"], "sharp": sharp, "start": start})


def train_multiscale(
    folder: Path,
    config: MultiscaleTrainingConfig | None = None,
    should_stop: Callable[[], bool] | None = None,
    progress: Progress | None = None,
) -> bool:
    """Train a run to its end, or resume it; returns whether it finished.

    The state is saved every minute and when the run stops.

    Args:
        folder: of the run; it is made when missing.
        config: what to train, for a new run; that of a run that exists is read from its folder.
        should_stop: asked before each step; when it answers True, the state is saved.
        progress: called with the steps done, those of the base included, and their total.

    Raises:
        ExplorerError: the run or its data set cannot be read, or the folder cannot be written.
    """
    config = _opened(folder, config)
    source = _source(config)
    direct_config = config.conditional.model_copy(update={"steps": config.direct_steps})
    conditional = ConditionalTrainer(config.conditional, source)
    first = ConditionalTrainer(direct_config, source, direct=True) if config.direct_steps else conditional
    base = Trainer(config.base, ShrunkSource(source, config.base.model.image_shape[1]))
    if config.start:
        _begin(first, base, config.start)
    trainers = [("conditional", conditional), ("base", base)]
    if config.direct_steps:
        trainers.insert(0, ("direct", first))
    total = sum(trainer.config.steps for _, trainer in trainers)
    done = 0
    for part, trainer in trainers:

        def report(step: int, before: int = done) -> None:
            if progress is not None:
                progress(before + step, total)

        if trainer.config.steps and not _train(trainer, folder / part, should_stop, report):
            return False
        if part == "direct":
            begin_as(conditional.in_training, first.conditional)
        done += trainer.config.steps
    model = assembled(config, conditional, base)
    description = CheckpointConfig(
        model=config.model,
        values=config.conditional.values,
        dataset=dataset_name(config.dataset),
        training=config.model_dump(
            mode="json", exclude={"dataset": True, "conditional": {"dataset"}, "base": {"dataset"}}
        )
        | {"sharp": dataset_name(config.sharp) if config.sharp else ""},
    )
    card = checkpoint_card(config.name, description)
    save_checkpoint(data_home() / "checkpoints" / config.name, model, description, card)
    return True


def assembled(config: MultiscaleTrainingConfig, conditional: ConditionalTrainer, base: Trainer) -> MultiscaleDensity:
    """The model of a run, with the averaged weights of its two trainers."""
    model = build_multiscale(config.model)
    model.steps[0].load_state_dict(conditional.conditional.state_dict())
    model.base.load_state_dict(base.averaged.state_dict())
    return model.requires_grad_(False).eval()


def _source(config: MultiscaleTrainingConfig) -> ImageSource:
    """Training images of one or two data sets."""

    def opened(dataset: str, views: Views) -> PixelSource:
        images = open_dataset(dataset, config.conditional.model.image_shape, "train", views=views)
        return PixelSource(images.pixels, config.conditional.values, config.conditional.flip)

    main = opened(config.dataset, Views(config.views, config.min_shrink))
    if not config.sharp:
        return main
    return MixedSource(main, opened(config.sharp, Views(config.sharp_views)), config.sharp_share)


def _begin(first: ConditionalTrainer, base: Trainer, name: str) -> None:
    """Give both trainers the weights of a checkpoint, before their first step."""
    model = load_checkpoint(name, "cpu").multiscale
    start = model.step(0)
    if len(model.steps) != 1 or not isinstance(start, ConditionalEnergy):
        raise ExplorerError(f"{name} has several networks of details: a run has one and cannot start from it.")
    begin_as(first.in_training, start)
    try:
        base.model.load_state_dict(model.base.state_dict())
    except RuntimeError as error:
        raise ExplorerError(f"The base of {name} has another architecture: the run cannot start from it.") from error


def _opened(folder: Path, config: MultiscaleTrainingConfig | None) -> MultiscaleTrainingConfig:
    path = folder / "config.json"
    if path.exists():
        try:
            return MultiscaleTrainingConfig.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            raise ExplorerError(f"The training run {folder.name} is damaged: config.json cannot be read.") from error
    if config is None:
        raise ExplorerError(f"{folder} is not a training run: config.json is missing.")
    with write_atomically(path) as temporary:
        temporary.write_text(config.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return config


def _train(
    trainer: Trainer, folder: Path, should_stop: Callable[[], bool] | None, report: Callable[[int], None]
) -> bool:
    """Take all steps that are left; returns whether it came to the end."""
    state = folder / "training.safetensors"
    if state.exists():
        trainer.restore(state)
    folder.mkdir(parents=True, exist_ok=True)
    saved_at = time.monotonic()
    losses: list[Tensor] = []
    began = trainer.step
    while trainer.step < trainer.config.steps:
        if should_stop is not None and should_stop():
            if trainer.step:  # there is no state of the optimizer before
                trainer.save(state)
            return False
        try:
            with compiling(should_stop) if trainer.compiles and trainer.step == began else nullcontext():
                losses.append(trainer.take_step())
        except Interrupted:
            return False
        report(trainer.step)
        last = trainer.step == trainer.config.steps
        if time.monotonic() - saved_at >= _SAVE_SECONDS or last:
            trainer.save(state)
            space, time_loss = torch.stack(losses).mean(0).tolist()
            seconds = time.monotonic() - saved_at
            append_metrics(
                folder,
                {"kind": "progress", "step": trainer.step, "space_loss": space, "time_loss": time_loss}
                | {"seconds": seconds, "images_per_second": len(losses) * trainer.config.batch_size / seconds},
            )
            losses.clear()
            saved_at = time.monotonic()
    return True
