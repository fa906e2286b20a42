"""Runs that train in a moment: digits, 8 x 8 pixels, a network of base width 4."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from explorer.models.dual import DualEnergyConfig, NoiseRange
from explorer.models.unet import UNetConfig
from explorer.training.config import TrainingConfig
from explorer.training.run import create_run
from tests.jobs.waiting import end_all_jobs

NewRun = Callable[..., Path]


@pytest.fixture(scope="session")
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that these tests share, so that the store of digits is built once."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def new_run(shared_home: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[NewRun]:
    """Makes a run; named after the test unless said otherwise."""
    monkeypatch.setenv("EXPLORER_HOME", str(shared_home))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as in the processes that are launched: sums are then equal to the last bit

    def make(name: str = request.node.name, **settings: object) -> Path:
        model = DualEnergyConfig(
            image_shape=(1, 8, 8),
            noise=NoiseRange(t_min=1e-6, t0=1e-5, t_max=100.0),
            unet=UNetConfig(base_width=4, num_scales=1, embedding_dim=8),
            frequencies=4,
        )
        defaults = {"dataset": "digits", "steps": 8, "batch_size": 4, "validate_every": 4, "validation_images": 4}
        return create_run(TrainingConfig(name=name[:60], model=model, **(defaults | settings)))

    yield make
    end_all_jobs()
    torch.set_num_threads(threads)
