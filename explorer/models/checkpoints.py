"""Checkpoints on disk: a folder with `config.json`, `model.safetensors` and `card.md`.

`config.json` holds the architecture, the data set, the value convention and the metrics with how they were measured;
`model.safetensors` the weights, which cannot contain code. A model of another package (`explorer.models.installed`) is
named by its entry point, and may have no weights. Checkpoints are looked for in the data folder first, then
among those that ship with the project.
"""

from __future__ import annotations

import hashlib
import json
import reprlib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import torch
from PIL import Image
from pydantic import BaseModel, ConfigDict, Discriminator, Tag, ValidationError, field_validator
from safetensors import SafetensorError
from safetensors.torch import load_file
from safetensors.torch import save as safetensors_bytes
from torch import Tensor

from explorer.errors import ExplorerError
from explorer.home import SHIPPED_CHECKPOINTS, check_name, data_home, typed_path, write_atomically
from explorer.images import Values, to_square
from explorer.models.base import EnergyModel
from explorer.models.devices import pick_device
from explorer.models.dual import DualEnergy, DualEnergyConfig
from explorer.models.installed import InstalledModelConfig, build_installed, check_installed, installed_version
from explorer.models.metrics import Metrics
from explorer.models.multiscale import MultiscaleDensity
from explorer.models.multiscale_config import MultiscaleConfig, build_multiscale
from explorer.models.released import InnerProductConfig, InnerProductEnergy

__all__ = [
    "FORMAT",
    "Checkpoint",
    "CheckpointConfig",
    "CheckpointInfo",
    "build_model",
    "find_checkpoint",
    "list_checkpoints",
    "load",
    "load_checkpoint",
    "read_config",
    "save_checkpoint",
    "save_description",
    "weights_misfit",
]

FORMAT = "image-density-explorer/1"

_WEIGHTS = "model.safetensors"
_MAX_CONFIG_BYTES = 1_000_000
_LONGEST_NAME = 60
_WEIGHT_TYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


def _kind(model: Any) -> str:
    if isinstance(model, InstalledModelConfig) or (isinstance(model, dict) and "entry_point" in model):
        return "installed"
    kind = model.get("kind") if isinstance(model, dict) else getattr(model, "kind", None)
    return "dual" if kind is None else str(kind)


ModelConfig = Annotated[
    Annotated[DualEnergyConfig, Tag("dual")]
    | Annotated[InnerProductConfig, Tag("inner_product")]
    | Annotated[MultiscaleConfig, Tag("multiscale")]
    | Annotated[InstalledModelConfig, Tag("installed")],
    Discriminator(_kind),
]
"""The architectures that a checkpoint can have, and models of other packages, which have an `entry_point`. Those
without `kind` are `DualEnergyConfig`."""


class CheckpointConfig(BaseModel):
    """What `config.json` says.

    Attributes:
        format: version of this format.
        model: architecture and image shape.
        values: how 8-bit pixels become values in [0, 1].
        dataset: name of the training data, for people; that of a built-in set is also what opens it.
        training: settings of the run that made it.
        metrics: what it reaches, each with how it was measured.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: str = FORMAT
    model: ModelConfig
    values: Values = Values()
    dataset: str = ""
    training: dict[str, Any] = {}
    metrics: dict[str, Any] = {}

    @field_validator("metrics")
    @classmethod
    def _numbers(cls, metrics: dict[str, Any]) -> dict[str, Any]:
        try:
            return Metrics.model_validate(metrics).model_dump(exclude_unset=True)
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(part)[:_LONGEST_NAME] for part in first["loc"])
            raise ValueError(f"{field}: {first['msg']}") from error


@dataclass(frozen=True)
class Checkpoint:
    """A model in memory and where it came from.

    Attributes:
        name: name of the folder.
        path: the folder.
        model: in evaluation mode, without gradients in its weights.
        values: how 8-bit pixels become values in [0, 1].
        config: the whole `config.json`.
        fingerprint: 16 hex digits that change with the weights or the architecture.
    """

    name: str
    path: Path
    model: EnergyModel
    values: Values
    config: CheckpointConfig
    fingerprint: str

    @property
    def reads_any_size(self) -> bool:
        """Whether the model is a density of images of any size, at one noise level."""
        return isinstance(self.model, MultiscaleDensity)

    @property
    def multiscale(self) -> MultiscaleDensity:
        """The model as a density of images of any size.

        Raises:
            ExplorerError: it reads images of one size.
        """
        if isinstance(self.model, MultiscaleDensity):
            return self.model
        _, height, width = self.model.image_shape
        raise ExplorerError(
            f"{self.name} reads images of {height} x {width} pixels alone. Choose a model of images of any size."
        )

    def prepare(self, image: Image.Image) -> Tensor:
        """What the model is given for an image: its largest middle square at the model's size, dequantized with the
        fixed dither; shape ``(1, C, H, W)``, on the model's device."""
        pixels = torch.from_numpy(to_square(image, self.model.image_shape))[None]
        return (self.values.centers(pixels) + self.values.dither(self.model.image_shape)).to(self.model.device)


@dataclass(frozen=True)
class CheckpointInfo:
    """A line in a list of checkpoints.

    Attributes:
        name: name of the folder.
        path: the folder.
        config: the whole `config.json`, None when it cannot be read.
        problem: a sentence when the checkpoint is not usable, else None.
    """

    name: str
    path: Path
    config: CheckpointConfig | None
    problem: str | None = None

    @property
    def any_size(self) -> bool:
        """Whether the model is a density of images of any size, at one noise level."""
        return self.config is not None and isinstance(self.config.model, MultiscaleConfig)

    @property
    def bits_per_dimension(self) -> float | None:
        """NLL by I-MMSE in bits/dimension of the 8-bit (or coarser) image, where `evaluate` measured it."""
        bits = self.config.metrics.get("bits_per_dimension") if self.config else None
        value = bits.get("i_mmse") if isinstance(bits, dict) else None
        return float(value) if isinstance(value, int | float) else None


def read_config(folder: Path) -> CheckpointConfig:
    """The parsed `config.json` of a checkpoint.

    Raises:
        ExplorerError: missing, damaged, or of a version that is not known.
    """
    path = folder / "config.json"
    try:
        is_small = path.stat().st_size <= _MAX_CONFIG_BYTES
        content = json.loads(path.read_text(encoding="utf-8")) if is_small else None
    except FileNotFoundError as error:
        raise ExplorerError(f"{folder} is not a checkpoint: config.json is missing.") from error
    except (OSError, ValueError, RecursionError) as error:  # ValueError: no UTF-8, no JSON, a number without end
        raise ExplorerError(f"The checkpoint {folder.name} is damaged: config.json cannot be read.") from error
    if not is_small:
        raise ExplorerError(f"The checkpoint {folder.name} is damaged: config.json is too large to be a configuration.")
    version = content.get("format") if isinstance(content, dict) else None
    if version != FORMAT:
        raise ExplorerError(
            f"The checkpoint {folder.name} has the format {reprlib.repr(version)}, which this version does not know "
            f"(it reads {FORMAT!r}). Update Image Density Explorer or retrain the model."
        )
    try:
        return CheckpointConfig.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part)[:_LONGEST_NAME] for part in first["loc"])
        raise ExplorerError(
            f"The checkpoint {folder.name} is damaged: in config.json, {field} is wrong ({first['msg']})."
        ) from error


def build_model(
    config: DualEnergyConfig | InnerProductConfig | MultiscaleConfig | InstalledModelConfig,
) -> EnergyModel:
    """A network of this architecture with random weights, or the model of another package.

    Raises:
        ExplorerError: see `explorer.models.installed.build_installed`.
    """
    if isinstance(config, InstalledModelConfig):
        return build_installed(config)
    if isinstance(config, MultiscaleConfig):
        return build_multiscale(config)
    return InnerProductEnergy(config) if isinstance(config, InnerProductConfig) else DualEnergy(config)


def _fingerprint(folder: Path) -> str:
    digest = hashlib.sha256()
    config = read_config(folder)
    if not _lacks_weights(folder, config):
        with open(folder / _WEIGHTS, "rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    if isinstance(config.model, InstalledModelConfig):
        digest.update(installed_version(config.model).encode())
    digest.update(config.model.model_dump_json().encode())
    digest.update(config.values.model_dump_json().encode())
    return digest.hexdigest()[:16]


def _lacks_weights(folder: Path, config: CheckpointConfig) -> bool:
    """Whether there are no weights where none are needed.

    Raises:
        ExplorerError: there are none where they are.
    """
    if (folder / _WEIGHTS).is_file():
        return False
    if isinstance(config.model, InstalledModelConfig):
        return True
    raise ExplorerError(f"The checkpoint {folder.name} is damaged: {_WEIGHTS} is missing.")


def weights_misfit(state: dict[str, Tensor], expected: dict[str, torch.Size]) -> str | None:
    """A sentence when tensors differ in name or shape from those that a network expects, else None."""
    found = {name: value.shape for name, value in state.items()}
    wrong = sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name))
    return f"{len(wrong)} tensors differ in name or shape, the first is {wrong[0][:_LONGEST_NAME]}." if wrong else None


def find_checkpoint(name_or_path: str | Path) -> Path:
    """The folder of a checkpoint, given its name or its path.

    Raises:
        ExplorerError: there is none.
    """
    path = typed_path(name_or_path)
    if path.is_dir() and (path.is_absolute() or len(path.parts) > 1):
        return path
    name = str(name_or_path)
    for root in (data_home() / "checkpoints", SHIPPED_CHECKPOINTS):
        if len(path.parts) == 1 and (root / check_name(name)).is_dir():
            return root / name
    known = ", ".join(info.name for info in list_checkpoints()) or "none yet"
    raise ExplorerError(f"There is no checkpoint {name!r}. There are: {known}.")


def load_checkpoint(name_or_path: str | Path, device: str = "auto") -> Checkpoint:
    """Load a checkpoint by name (data folder first, then those that ship) or from a folder.

    Args:
        name_or_path: for example ``"natural64"``, or the path of a folder.
        device: ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.

    Raises:
        ExplorerError: missing, damaged, of an unknown version, weights that do not fit the architecture, or a model of
            another package that cannot be made (`explorer.models.installed`).
    """
    folder = find_checkpoint(name_or_path)
    config = read_config(folder)
    target = pick_device(device)
    state = {} if _lacks_weights(folder, config) else _read_weights(folder)
    if isinstance(config.model, InstalledModelConfig):
        model = build_installed(config.model)
        if state:
            _check_weights(folder, state, model)
            model.load_state_dict(state)
    else:
        with torch.device("meta"):
            _check_weights(folder, state, build_model(config.model))
        model = build_model(config.model)
        model.load_state_dict(state)
    # Channels last: on a CPU a forward pass takes 10 to 15 % less time, and derivatives 5 to 19 %.
    model.requires_grad_(False).eval().to(target).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return Checkpoint(folder.name, folder, model, config.values, config, _fingerprint(folder))


def _read_weights(folder: Path) -> dict[str, Tensor]:
    try:
        return load_file(folder / _WEIGHTS)
    except (OSError, SafetensorError) as error:
        raise ExplorerError(f"The checkpoint {folder.name} is damaged: {_WEIGHTS} cannot be read.") from error


def _check_weights(folder: Path, state: dict[str, Tensor], model: EnergyModel) -> None:
    expected = {name: value.shape for name, value in model.state_dict().items()}
    misfit = weights_misfit(state, expected)
    if misfit:
        raise ExplorerError(f"The weights of the checkpoint {folder.name} do not fit its config.json: {misfit}")
    if not all(value.dtype in _WEIGHT_TYPES for value in state.values()):
        raise ExplorerError(f"The checkpoint {folder.name} is damaged: its weights are not floating-point numbers.")
    if not all(torch.isfinite(value).all() for value in state.values()):
        raise ExplorerError(f"The checkpoint {folder.name} is damaged: its weights contain NaN or infinity.")


def load(name_or_path: str | Path, device: str = "auto") -> EnergyModel:
    """The energy model of a checkpoint: ``explorer.load("natural64")``. See `load_checkpoint`."""
    return load_checkpoint(name_or_path, device).model


def list_checkpoints() -> list[CheckpointInfo]:
    """All checkpoints: those of the data folder, then those that ship, each by name; damaged ones say why."""
    found: dict[str, CheckpointInfo] = {}
    for root in (data_home() / "checkpoints", SHIPPED_CHECKPOINTS):
        if not root.is_dir():
            continue
        for folder in sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith(".")):
            if folder.name in found:
                continue
            try:
                check_name(folder.name)
                config = read_config(folder)
                found[folder.name] = CheckpointInfo(folder.name, folder, config, _problem(folder, config))
            except ExplorerError as error:
                found[folder.name] = CheckpointInfo(folder.name, folder, None, str(error))
    return list(found.values())


def _problem(folder: Path, config: CheckpointConfig) -> str | None:
    """Why a checkpoint whose configuration is fine cannot be loaded, as far as a list can know."""
    if not isinstance(config.model, InstalledModelConfig):
        return None if (folder / _WEIGHTS).is_file() else f"{_WEIGHTS} is missing."
    try:
        check_installed(config.model)
    except ExplorerError as error:
        return str(error)
    return None


def save_checkpoint(folder: Path, model: EnergyModel, config: CheckpointConfig, card: str) -> None:
    """Write a checkpoint. Each file is written to a temporary name and renamed, the weights first.

    Raises:
        ExplorerError: the folder cannot be written.
    """
    with write_atomically(folder / _WEIGHTS) as path:
        tensors = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
        path.write_bytes(safetensors_bytes(tensors))
    save_description(folder, config, card)


def save_description(folder: Path, config: CheckpointConfig, card: str) -> None:
    """Write `card.md` and `config.json` of a checkpoint, and leave its weights.

    Raises:
        ExplorerError: the folder cannot be written.
    """
    with write_atomically(folder / "card.md") as path:
        path.write_text(card, encoding="utf-8")
    with write_atomically(folder / "config.json") as path:
        path.write_text(config.model_dump_json(indent=2) + "\n", encoding="utf-8")
