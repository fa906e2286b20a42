"""A tiny model and forty tiny images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from explorer.data.building import write_store
from explorer.data.store import Sample, Store
from explorer.images import Values
from explorer.models.checkpoints import Checkpoint, CheckpointConfig
from explorer.models.dual import DualEnergy, DualEnergyConfig, NoiseRange
from explorer.models.unet import UNetConfig

SHAPE = (1, 8, 8)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder of a test."""
    folder = tmp_path / "home"
    monkeypatch.setenv("EXPLORER_HOME", str(folder))
    monkeypatch.setattr("explorer.catalog.layout._SMALLEST_PART", 8)
    return folder


@pytest.fixture(scope="session")
def pixels() -> np.ndarray:
    """Smooth random images at many contrasts, uint8 ``(40, 1, 8, 8)``."""
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(40, *SHAPE)).cumsum(2).cumsum(3)
    noise -= noise.mean((1, 2, 3), keepdims=True)
    noise /= noise.std((1, 2, 3), keepdims=True)
    contrasts = np.linspace(2, 60, 40).reshape(-1, 1, 1, 1)
    return np.clip(128 + contrasts * noise, 0, 255).astype(np.uint8)


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory, pixels: np.ndarray) -> Checkpoint:
    """A model that was never trained: its anchor alone, a Gaussian, which knows the images' covariance."""
    torch.manual_seed(0)
    noise = NoiseRange(t_min=1e-6, t0=1e-5, t_max=10.0)
    config = DualEnergyConfig(image_shape=SHAPE, noise=noise, unet=UNetConfig(base_width=4, num_scales=1))
    model = DualEnergy(config)
    model.fit_statistics(torch.from_numpy(pixels).float() / 255)
    model.requires_grad_(False).eval()
    folder = tmp_path_factory.mktemp("checkpoints") / "tiny"
    folder.mkdir()
    return Checkpoint("tiny", folder, model, Values(), CheckpointConfig(model=config), "0123456789abcdef")


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory, pixels: np.ndarray) -> Store:
    """The images, with labels 0, 1, 2 in turn."""
    samples = [Sample(image, index % 3, f"{index}.png") for index, image in enumerate(pixels)]
    folder = tmp_path_factory.mktemp("stores") / "tiny"
    return write_store(folder, "tiny images", lambda done: samples[done:], SHAPE, label_names="abc")
