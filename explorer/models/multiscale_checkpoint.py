"""Checkpoints of multi-scale densities: the same folder as any other, with another `model` in `config.json`.

`model` is a `MultiscaleConfig`; `model.safetensors` holds the weights of the base and of all conditional energies.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from safetensors import SafetensorError
from safetensors.torch import load_file
from safetensors.torch import save as safetensors_bytes

from explorer.errors import ExplorerError
from explorer.home import write_atomically
from explorer.images import Values
from explorer.models.conditional import ConditionalEnergy, ConditionalEnergyConfig
from explorer.models.dual import DualEnergy, DualEnergyConfig, NoiseRange
from explorer.models.multiscale import MultiscaleDensity

__all__ = [
    "MultiscaleCheckpointConfig",
    "MultiscaleConfig",
    "build_multiscale",
    "load_multiscale",
    "save_multiscale",
]

_MAX_CONFIG_BYTES = 1_000_000


class MultiscaleConfig(BaseModel):
    """Everything that decides the architecture of a `MultiscaleDensity`.

    Attributes:
        kind: tells this architecture from others.
        base: energy of small images.
        steps: conditional energies of level 0, 1, ...; the last one serves all levels above.
        t0: noise variance of the pixels at which log p is reported.
        side: of the square images at which the model is used where no size is asked for.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["multiscale"] = "multiscale"
    base: DualEnergyConfig
    steps: tuple[ConditionalEnergyConfig, ...] = Field(min_length=1, max_length=12)
    t0: float = Field(gt=0, allow_inf_nan=False)
    side: int = Field(256, ge=8, le=8192)

    @model_validator(mode="after")
    def _fits(self) -> MultiscaleConfig:
        channels, height, width = self.base.image_shape
        if height != width or any(step.channels != channels for step in self.steps):
            raise ValueError("Base and steps must have the same channels, and the base square images.")
        if self.side % height:
            raise ValueError(f"The side must be a multiple of {height}, not {self.side}.")
        return self

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """``(C, side, side)``."""
        return self.base.image_shape[0], self.side, self.side

    @property
    def noise(self) -> NoiseRange:
        """That of the details of the finest step."""
        return self.steps[0].noise


class MultiscaleCheckpointConfig(BaseModel):
    """What `config.json` says; see `explorer.models.checkpoints.CheckpointConfig` for the fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal["image-density-explorer/1"] = "image-density-explorer/1"
    model: MultiscaleConfig
    values: Values = Values()
    dataset: str = ""
    training: dict[str, Any] = {}
    metrics: dict[str, Any] = {}


def build_multiscale(config: MultiscaleConfig) -> MultiscaleDensity:
    """A model of this architecture with random weights."""
    steps = [ConditionalEnergy(step) for step in config.steps]
    return MultiscaleDensity(DualEnergy(config.base), steps, config.t0, config.side)


def save_multiscale(folder: Path, model: MultiscaleDensity, config: MultiscaleCheckpointConfig, card: str) -> None:
    """Write a checkpoint. Each file is written to a temporary name and renamed, the weights first.

    Raises:
        ExplorerError: the folder cannot be written.
    """
    tensors = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
    for name, data in (
        ("model.safetensors", safetensors_bytes(tensors)),
        ("card.md", card.encode()),
        ("config.json", (config.model_dump_json(indent=2) + "\n").encode()),
    ):
        with write_atomically(folder / name) as path:
            path.write_bytes(data)


def load_multiscale(folder: Path) -> tuple[MultiscaleDensity, MultiscaleCheckpointConfig]:
    """The model of a checkpoint, in evaluation mode and without gradients in its weights, and its `config.json`.

    Raises:
        ExplorerError: a file is missing or damaged, or the weights do not fit the architecture.
    """
    problem = f"The checkpoint {folder.name} is damaged:"
    try:
        if (folder / "config.json").stat().st_size > _MAX_CONFIG_BYTES:
            raise ExplorerError(f"{problem} config.json is too large to be a configuration.")
        config = MultiscaleCheckpointConfig.model_validate_json((folder / "config.json").read_bytes())
    except FileNotFoundError as error:
        raise ExplorerError(f"{folder} is not a checkpoint: config.json is missing.") from error
    except (OSError, ValidationError) as error:
        raise ExplorerError(f"{problem} config.json cannot be read.") from error
    try:
        state = load_file(folder / "model.safetensors")
        model = build_multiscale(config.model)
        model.load_state_dict(state)
    except (OSError, SafetensorError) as error:
        raise ExplorerError(f"{problem} model.safetensors cannot be read.") from error
    except RuntimeError as error:
        raise ExplorerError(f"The weights of the checkpoint {folder.name} do not fit its config.json.") from error
    if not all(torch.isfinite(value).all() for value in state.values()):
        raise ExplorerError(f"{problem} its weights contain NaN or infinity.")
    return model.requires_grad_(False).eval(), config
