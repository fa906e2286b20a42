"""Training in several processes that really are several, connected by gloo."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import explorer
from explorer.models.dual import DualEnergyConfig, NoiseRange
from explorer.models.unet import UNetConfig
from explorer.training.config import TrainingConfig
from explorer.training.loop import train_on
from explorer.training.processes import ALONE, Processes
from explorer.training.run import Run, create_run

_TRAIN = """
import os, sys, pathlib
import numpy as np
import torch
from explorer.training.loop import train_on
from explorer.training.processes import joined_processes
from explorer.training.run import Run
run = Run.open(pathlib.Path(sys.argv[1]))
pixels = np.load(sys.argv[2])
stop_at = int(sys.argv[3])
asked = iter(range(1000))
with joined_processes("cpu") as processes:
    # Only one of them is asked to stop, and all do.
    should_stop = (lambda: next(asked) >= stop_at) if processes.rank == 1 else None
    print(train_on(run, pixels[20:], pixels[:20], should_stop, processes=processes))
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EXPLORER_HOME", str(tmp_path))
    return tmp_path


def config(name: str, **settings: object) -> TrainingConfig:
    model = DualEnergyConfig(
        image_shape=(1, 8, 8),
        noise=NoiseRange(t_min=1e-6, t0=1e-5, t_max=100.0),
        unet=UNetConfig(base_width=4, num_scales=1, embedding_dim=8),
        frequencies=4,
    )
    # 5 images and 1 point of the heat equation: shares that differ, and an empty one.
    defaults = {"batch_size": 5, "steps": 6, "validate_every": 3, "validation_images": 8, "learning_rate": 1e-2}
    return TrainingConfig(name=name, dataset="random", model=model, device="cpu", **(defaults | settings))


def together(run: Run, pixels: Path, size: int = 2, stop_at: int = 1000) -> list[str]:
    """Train a run in processes of their own; what each printed."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    common = os.environ | {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": str(size)}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _TRAIN, str(run.folder), str(pixels), str(stop_at)],
            cwd=Path(explorer.__file__).parent.parent,
            env=common | {"RANK": str(rank), "LOCAL_RANK": str(rank), "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(size)
    ]
    printed = [process.communicate(timeout=180) for process in processes]
    assert [process.returncode for process in processes] == [0] * size, printed
    return [text.strip() for text, _ in printed]


@pytest.fixture
def pixels(tmp_path: Path) -> Path:
    path = tmp_path / "pixels.npy"
    np.save(path, np.random.default_rng(0).integers(0, 256, (80, 1, 8, 8), np.uint8))
    return path


def weights(run: Run) -> dict[str, torch.Tensor]:
    return load_file(run.training_state)


def test_two_processes_take_the_steps_of_one(pixels: Path) -> None:
    alone, two = (Run.open(create_run(config(name))) for name in ("alone", "two"))
    images = np.load(pixels)
    train_on(alone, images[20:], images[:20])
    assert together(two, pixels) == ["True", "True"]
    expected, found = weights(alone), weights(two)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=1e-3, atol=1e-5, msg=name)
    losses = [
        [e["bits_per_dimension"]["i_mmse"] for e in run.metrics() if e["kind"] == "validation"] for run in (alone, two)
    ]
    assert losses[1] == pytest.approx(losses[0], abs=1e-4)
    assert two.checkpoint.is_dir()


def test_all_stop_when_one_is_asked_and_go_on_in_another_number(pixels: Path) -> None:
    whole, parts = (Run.open(create_run(config(name))) for name in ("whole", "parts"))
    assert together(parts, pixels, stop_at=4) == ["False", "False"]
    assert not parts.finished
    images = np.load(pixels)
    assert train_on(parts, images[20:], images[:20])
    train_on(whole, images[20:], images[:20])
    for name, value in weights(whole).items():
        torch.testing.assert_close(weights(parts)[name], value, rtol=1e-3, atol=1e-5, msg=name)


@pytest.mark.parametrize("count", [0, 1, 7, 64])
def test_shares_are_the_whole_without_overlap(count: int) -> None:
    shares = [Processes(rank, 3).share(count) for rank in range(3)]
    assert [index for share in shares for index in share] == list(range(count))
    assert ALONE.share(count) == range(count)
