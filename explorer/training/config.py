"""Everything that decides a training run, as plain data."""

from __future__ import annotations

import math
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from explorer.data.views import MOST_VIEWS
from explorer.errors import ExplorerError, first_problem
from explorer.home import check_name
from explorer.images import Values
from explorer.models.dual import DualEnergyConfig, NoiseRange
from explorer.models.unet import UNetConfig
from explorer.units import noise_variance_from_psnr

__all__ = ["MAX_STEPS", "MODEL_SIZES", "MODEL_WIDTHS", "ModelSize", "TrainingConfig", "training_config"]

ModelSize = Literal["tiny", "small", "medium", "large"]
MODEL_SIZES: tuple[ModelSize, ...] = get_args(ModelSize)

MAX_STEPS = 100_000_000

MODEL_WIDTHS: dict[ModelSize, int] = {"tiny": 8, "small": 16, "medium": 24, "large": 32}
"""Base width of the U-Net for each size."""


class TrainingConfig(BaseModel):
    """A training run.

    Attributes:
        name: of the run and of the checkpoint that it becomes.
        dataset: what `explorer.data.sources.open_dataset` opens.
        views: of each training picture: one is its middle square, more are random squares.
        min_shrink: least factor by which pictures are shrunk, where they are large enough; see `explorer.data.views`.
        part, parts: train on every `parts`-th picture only, beginning with number `part`: runs on different parts of a
            data set have no picture in common.
        pictures: train on at most this many pictures of the part, evenly spaced; on all when None.
        model: architecture, image shape and noise range.
        values: how 8-bit pixels become values in [0, 1].
        seed: decides initialization, order of images, and noise.
        batch_size: images per step.
        steps: length of the run; the learning rate decays to zero at its end.
        learning_rate: of Adam, after warm-up.
        muon: learning rate of Muon for the convolutions within the network, see `explorer.training.optimizer`; with 0,
            Adam moves these too.
        warmup_steps: steps over which the learning rates rise from zero.
        decay_fraction: last part of the run over which the learning rates fall to zero, linearly.
        gradient_clip: largest norm of the gradient.
        ema_decay: of the exponential moving average of the weights, which is what is validated and kept.
        time_weight: weight of the time loss beside the space loss.
        heat_weight: weight of the heat loss beside the space loss; 0 leaves it out.
        heat_growth: factor by which this weight grows over the second half of the run: a large one from the beginning
            keeps a model near the Gaussian, which obeys the heat equation.
        heat_share: number of points of the heat loss, as a share of the images of a step.
        heat_noisy: share of these points that are images with the full noise of their level; half of the others are
            clean, and half have less noise.
        flip: mirror images left to right at random.
        validate_every: steps between validations.
        validation_images: images in a validation.
        compile: compile the training step. On the CPU this takes a C++ compiler and a minute or two, and then pays.
        bfloat16: compute convolutions in bfloat16 while training: twice as fast where the hardware has it, far slower
            where it does not. The trained model is in float32.
        device: ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.
        recipe: name of the recipe of these settings, see `explorer.training.recipe`; empty when there is none.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    dataset: str
    views: int = Field(1, ge=1, le=MOST_VIEWS)
    min_shrink: float = Field(1.0, ge=1, le=100)
    part: int = Field(0, ge=0)
    parts: int = Field(1, ge=1)
    pictures: int | None = Field(None, ge=2)
    model: DualEnergyConfig
    values: Values = Values()
    seed: int = Field(0, ge=0, le=10**9)
    batch_size: int = Field(64, ge=1, le=4096)
    steps: int = Field(1000, ge=1, le=MAX_STEPS)
    learning_rate: float = Field(1e-3, gt=0, le=1)
    muon: float = Field(0.0, ge=0, le=1)
    warmup_steps: int = Field(100, ge=0)
    decay_fraction: float = Field(0.5, ge=0, le=1)
    gradient_clip: float = Field(1.0, gt=0)
    ema_decay: float = Field(0.999, ge=0, lt=1)
    time_weight: float = Field(1.0, ge=0)
    heat_weight: float = Field(0.1, ge=0)
    heat_growth: float = Field(1.0, ge=1, le=1e6)
    heat_share: float = Field(1 / 16, gt=0, le=1)
    heat_noisy: float = Field(0.0, ge=0, le=1)
    flip: bool = True
    validate_every: int = Field(500, ge=1)
    validation_images: int = Field(128, ge=2)
    compile: bool = False
    bfloat16: bool = False
    device: str = "auto"
    recipe: str = ""

    @field_validator("name")
    @classmethod
    def _safe_name(cls, name: str) -> str:
        return check_name(name)

    @model_validator(mode="after")
    def _part_exists(self) -> TrainingConfig:
        if self.part >= self.parts:
            raise ValueError(
                f"The parts of a data set are numbered from 0 to {self.parts - 1}; there is no {self.part}."
            )
        return self

    def learning_rate_at(self, step: int) -> float:
        """Learning rate of step `step` (from 0): linear warm-up, plateau, linear decay to zero."""
        warmup = min(1.0, (step + 1) / max(1, self.warmup_steps))
        decay_steps = max(1.0, self.decay_fraction * self.steps)
        return self.learning_rate * min(warmup, 1.0, (self.steps - step) / decay_steps)

    def heat_weight_at(self, step: int) -> float:
        """Weight of the heat loss in step `step` (from 0): constant for half of the run, then geometric in the step."""
        return self.heat_weight * math.pow(self.heat_growth, max(0.0, 2 * step / self.steps - 1))


def _unet(size: ModelSize, side: int) -> UNetConfig:
    """The network of a size for square images of `side` pixels: as many scales as leave at least 4 x 4 positions."""
    if side < 8:
        raise ExplorerError(f"Images of {side} pixels are too small to train on; choose a size of at least 8.")
    scales = max(1, min(3, int(math.log2(side / 4))))
    if side % 2**scales:
        raise ExplorerError(f"The size must be a multiple of {2**scales} pixels, not {side}.")
    return UNetConfig(base_width=MODEL_WIDTHS[size], num_scales=scales)


def training_config(
    name: str,
    dataset: str,
    *,
    size: int = 32,
    channels: int = 1,
    model_size: ModelSize = "medium",
    steps: int = 1000,
    anchor: bool = True,
    amplitude: bool = True,
    **settings: Any,
) -> TrainingConfig:
    """A `TrainingConfig` with good defaults for a data set.

    The noise range follows from the spacing of the values: log p is reported where sigma is about a seventh of the
    spacing, and training begins a factor of 5 below.

    Args:
        name: of the run and its checkpoint.
        dataset: what `explorer.data.sources.open_dataset` opens.
        size: height and width in pixels.
        channels: 1 for grayscale, 3 for color.
        model_size: one of `MODEL_SIZES`.
        steps: length of the run.
        anchor, amplitude: see `explorer.models.dual`.
        settings: any other field of `TrainingConfig`.

    Raises:
        ExplorerError: a setting is out of range; the message names it.
    """
    values = Values(levels=17) if dataset == "digits" else Values()
    spacing_psnr = 20 * math.log10(values.levels)
    noise = NoiseRange(
        t_min=float(noise_variance_from_psnr(round(spacing_psnr + 24))),
        t0=float(noise_variance_from_psnr(round(spacing_psnr + 17))),
        t_max=100.0,
    )
    if model_size not in MODEL_SIZES:
        raise ExplorerError(f"There is no model size {model_size!r}. Choose one of {', '.join(MODEL_SIZES)}.")
    settings.setdefault("flip", dataset != "digits")
    try:
        model = DualEnergyConfig(
            image_shape=(channels, size, size),
            noise=noise,
            unet=_unet(model_size, size),
            anchor=anchor,
            amplitude=amplitude,
        )
        return TrainingConfig(name=name, dataset=dataset, model=model, values=values, steps=steps, **settings)
    except ValidationError as error:
        problem = first_problem(error)
        raise ExplorerError(f"{problem.field}: {problem.message}.".removeprefix(": ")) from error
