"""Checkpoints of multi-scale densities: as any other, and refused in a sentence where they are damaged."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

import explorer
from explorer.errors import ExplorerError
from explorer.jobs.checkpoints import delete_checkpoint, rename_checkpoint
from explorer.models.checkpoints import list_checkpoints, load_checkpoint
from explorer.models.multiscale_config import MultiscaleConfig
from explorer.training.card import checkpoint_card
from tests.conftest import tiny_multiscale, tiny_multiscale_config, write_tiny_checkpoint, write_tiny_multiscale


@pytest.fixture
def folder(home: Path) -> Path:
    path = home / "checkpoints" / "photo"
    write_tiny_multiscale(path)
    return path


def test_a_checkpoint_is_read_back_as_it_was(folder: Path) -> None:
    x = torch.rand(1, 1, 48, 32, generator=torch.Generator().manual_seed(0))
    found, expected = explorer.load("photo", "cpu").log_prob(x), tiny_multiscale().log_prob(x)
    torch.testing.assert_close(found, expected, rtol=1e-7, atol=0)
    loaded = load_checkpoint("photo", "cpu")
    assert loaded.config.model == tiny_multiscale_config()
    assert loaded.multiscale is loaded.model
    assert loaded.model.image_shape == loaded.config.model.image_shape == (1, 32, 32)
    (listed,) = [info for info in list_checkpoints() if info.name == "photo"]
    assert listed.problem is None
    assert listed.any_size
    assert "photographs of any size, 32 x 32 pixels" in checkpoint_card("photo", loaded.config)


def test_only_some_models_take_any_size(home: Path) -> None:
    write_tiny_checkpoint(home / "checkpoints" / "tiny", (1, 8, 8))
    with pytest.raises(ExplorerError, match="tiny reads images of 8 x 8 pixels alone"):
        _ = load_checkpoint("tiny", "cpu").multiscale
    assert not next(info for info in list_checkpoints() if info.name == "tiny").any_size


@pytest.mark.usefixtures("folder")
def test_it_is_renamed_and_deleted(home: Path) -> None:
    rename_checkpoint("photo", "mine")
    assert (home / "checkpoints" / "mine" / "card.md").read_text() == "# mine\n"
    assert load_checkpoint("mine", "cpu").name == "mine"
    delete_checkpoint("mine")
    assert not (home / "checkpoints" / "mine").exists()


HOSTILE: list[tuple[str, Any]] = [
    ("side", 10**9),
    ("side", 36),
    ("t0", 0.0),
    ("t0", 2.0),
    ("steps", []),
    ("steps.0.dilations", [1] * 10**5),
    ("steps.0.dilations", [-1]),
    ("steps.0.dilations", [10**9]),
    ("steps.0.width", 10**9),
    ("steps.0.channels", 3),
    ("steps.0.channels", 2),
    ("steps.0.most_levels", 10**6),
    ("steps.0.noise.t_min", -1.0),
    ("base.image_shape", [1, 10**6, 10**6]),
    ("base.image_shape", [1, 8, 16]),
    ("base.image_shape", [1, 0, 0]),
    ("kind", "multiscale/../.."),
]


@pytest.mark.parametrize(("field", "value"), HOSTILE)
def test_hostile_configurations_are_refused_in_a_sentence(folder: Path, field: str, value: object) -> None:
    config = json.loads((folder / "config.json").read_text())
    place = config["model"]
    *parents, last = field.split(".")
    for name in parents:
        place = place[int(name)] if name.isdigit() else place[name]
    place[last] = value
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ExplorerError, match="The checkpoint photo is damaged") as refused:
        load_checkpoint("photo", "cpu")
    assert len(str(refused.value)) < 500


def test_as_many_steps_as_there_may_be_do_not_fit_the_weights(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    step = config["model"]["steps"][0] | {"width": 512, "dilations": [1] * 64, "embedding_dim": 1024}
    config["model"]["steps"] = [step] * 12
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ExplorerError, match="do not fit its config"):
        load_checkpoint("photo", "cpu")


def test_damaged_weights_are_refused(folder: Path) -> None:
    state = load_file(folder / "model.safetensors")
    state["steps.0.first.weight"].fill_(float("nan"))
    save_file(state, folder / "model.safetensors")
    with pytest.raises(ExplorerError, match="NaN"):
        load_checkpoint("photo", "cpu")
    (folder / "model.safetensors").write_bytes(b"nothing")
    with pytest.raises(ExplorerError, match=r"model\.safetensors cannot be read"):
        load_checkpoint("photo", "cpu")


def test_channels_are_those_of_the_base() -> None:
    color, gray = tiny_multiscale_config(3), tiny_multiscale_config(1)
    with pytest.raises(ValueError, match="same channels"):
        MultiscaleConfig(base=color.base, steps=gray.steps, t0=gray.t0, side=32)
