"""What tests of several packages share."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from explorer.images import Values
from explorer.models.checkpoints import Checkpoint, CheckpointConfig, load_checkpoint, save_checkpoint
from explorer.models.conditional import ConditionalEnergyConfig
from explorer.models.dual import DualEnergy, DualEnergyConfig, NoiseRange
from explorer.models.multiscale import MultiscaleDensity
from explorer.models.multiscale_config import MultiscaleConfig, build_multiscale
from explorer.models.unet import UNetConfig

torch.set_num_threads(1)

_NOISE = NoiseRange(t_min=1e-5, t0=1e-4, t_max=100.0)


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


def tiny_multiscale_config(channels: int = 1) -> MultiscaleConfig:
    """The architecture of a small multi-scale density, for 32 x 32 images where no size is asked for."""
    t0 = 3e-7
    unet = UNetConfig(base_width=4, num_scales=1, embedding_dim=8)
    noise = NoiseRange(t_min=1e-7, t0=t0, t_max=1.0)
    return MultiscaleConfig(
        base=DualEnergyConfig(
            image_shape=(channels, 8, 8), noise=NoiseRange(t_min=1e-10, t0=1e-9, t_max=10.0), unet=unet, frequencies=4
        ),
        steps=(ConditionalEnergyConfig(channels=channels, noise=noise, width=8, dilations=(1,), embedding_dim=8),),
        t0=t0,
        side=32,
    )


def tiny_multiscale(channels: int = 1) -> MultiscaleDensity:
    """A small multi-scale density with random weights; fixed seed."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = build_multiscale(tiny_multiscale_config(channels))
        for parameter in (model.steps[0].output.weight, model.steps[0].offset.weight):
            torch.nn.init.normal_(parameter, std=0.1)
    return model.requires_grad_(False).eval()


def write_tiny_multiscale(folder: Path, dataset: str = "photos", channels: int = 1) -> None:
    """A checkpoint of `tiny_multiscale`."""
    config = CheckpointConfig(model=tiny_multiscale_config(channels), dataset=dataset)
    save_checkpoint(folder, tiny_multiscale(channels), config, f"# {folder.name}\n")


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


@pytest.fixture
def photo(home: Path) -> Checkpoint:
    """A small multi-scale checkpoint called `photo` in the data folder."""
    write_tiny_multiscale(home / "checkpoints" / "photo")
    return load_checkpoint("photo", "cpu")
