"""The architecture of a `MultiscaleDensity`, as a checkpoint's `config.json` has it, and a model of it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from explorer.models.conditional import ConditionalEnergy, ConditionalEnergyConfig
from explorer.models.dual import DualEnergy, DualEnergyConfig
from explorer.models.multiscale import MultiscaleDensity

__all__ = ["MultiscaleConfig", "build_multiscale"]

_MOST_SIDE = 2048


class MultiscaleConfig(BaseModel):
    """Everything that decides the architecture of a `MultiscaleDensity`.

    Attributes:
        kind: tells this architecture from others.
        base: energy of small square images.
        steps: conditional energies of level 0, 1, ...; the last one serves all levels above.
        t0: noise variance of the pixels at which log p is reported.
        side: of the square images at which the model is used where no size is asked for.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["multiscale"] = "multiscale"
    base: DualEnergyConfig
    steps: tuple[ConditionalEnergyConfig, ...] = Field(min_length=1, max_length=12)
    t0: float = Field(gt=0, allow_inf_nan=False)
    side: int = Field(256, ge=8, le=_MOST_SIDE)

    @model_validator(mode="after")
    def _fits(self) -> MultiscaleConfig:
        channels, height, width = self.base.image_shape
        if height != width or any(step.channels != channels for step in self.steps):
            raise ValueError("Base and steps must have the same channels, and the base square images.")
        if self.side % height:
            raise ValueError(f"The side must be a multiple of {height}, not {self.side}.")
        if not all(step.noise.t_min <= self.t0 < step.noise.t_max for step in self.steps):
            raise ValueError("The noise range of every step must hold t0.")
        return self

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """``(C, side, side)``."""
        return self.base.image_shape[0], self.side, self.side


def build_multiscale(config: MultiscaleConfig) -> MultiscaleDensity:
    """A model of this architecture with random weights."""
    steps = [ConditionalEnergy(step) for step in config.steps]
    return MultiscaleDensity(DualEnergy(config.base), steps, config.t0, config.side)
