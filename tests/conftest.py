"""What tests of several packages share."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from explorer.images import Values
from explorer.models.checkpoints import Checkpoint, CheckpointConfig, load_checkpoint, save_checkpoint
from explorer.models.dual import DualEnergy, DualEnergyConfig, NoiseRange
from explorer.models.unet import UNetConfig

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _denormals() -> None:
    """Models flush denormal numbers to zero, for the thread that loads them; hypothesis draws such numbers."""
    torch.set_flush_denormal(False)


@pytest.fixture(autouse=True)
def _main_module() -> Iterator[None]:
    """Streamlit's AppTest puts the app in the place of ``__main__``, which processes that are spawned import again."""
    before = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = before


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder."""
    monkeypatch.setenv("EXPLORER_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("EXPLORER_DATASETS", raising=False)
    return tmp_path / "home"


_NOISE = NoiseRange(t_min=1e-5, t0=1e-4, t_max=100.0)


def write_tiny_checkpoint(
    folder: Path,
    image_shape: tuple[int, int, int],
    levels: int = 256,
    dataset: str = "digits",
    noise: NoiseRange = _NOISE,
) -> None:
    """A checkpoint of a small network with random weights, fitted to random images; fixed seed."""
    config = DualEnergyConfig(
        image_shape=image_shape,
        noise=noise,
        unet=UNetConfig(base_width=4, num_scales=1, embedding_dim=8),
        frequencies=2,
    )
    generator = torch.Generator().manual_seed(0)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = DualEnergy(config)
    torch.nn.init.normal_(model.unet.output.weight, std=0.1, generator=generator)
    model.fit_statistics(torch.rand(50, *image_shape, generator=generator))
    save_checkpoint(
        folder, model, CheckpointConfig(model=config, values=Values(levels=levels), dataset=dataset), "# tiny\n"
    )


@pytest.fixture
def tiny_checkpoint(home: Path) -> Checkpoint:
    """An 8 x 8 grayscale checkpoint called `tiny` in the data folder."""
    write_tiny_checkpoint(home / "checkpoints" / "tiny", (1, 8, 8), levels=17)
    return load_checkpoint("tiny", "cpu")
