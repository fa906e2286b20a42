"""Checkpoints: what is written is read back, and damage is told in a sentence."""

import json
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

import explorer
from explorer.errors import ExplorerError
from explorer.home import SHIPPED_CHECKPOINTS
from explorer.images import Values
from explorer.measures.shared.scoring import model_input
from explorer.models.checkpoints import (
    CheckpointConfig,
    find_checkpoint,
    list_checkpoints,
    load_checkpoint,
    save_checkpoint,
)
from explorer.models.dual import DualEnergy, DualEnergyConfig, NoiseRange
from explorer.models.unet import UNetConfig

CONFIG = DualEnergyConfig(
    image_shape=(1, 8, 8),
    noise=NoiseRange(t_min=1e-5, t0=1e-4, t_max=100.0),
    unet=UNetConfig(base_width=4, num_scales=1, embedding_dim=8),
    frequencies=2,
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkpoint called `tiny` in the data folder."""
    monkeypatch.setenv("EXPLORER_HOME", str(tmp_path))
    torch.manual_seed(0)
    model = DualEnergy(CONFIG)
    torch.nn.init.normal_(model.unet.output.weight)
    model.fit_statistics(torch.rand(20, 1, 8, 8))
    path = tmp_path / "checkpoints" / "tiny"
    config = CheckpointConfig(model=CONFIG, values=Values(levels=17), dataset="digits", metrics={"images": 3})
    save_checkpoint(path, model, config, "# tiny\n")
    return path


def test_a_checkpoint_is_read_back_as_it_was(folder: Path) -> None:
    loaded = load_checkpoint("tiny", "cpu")
    assert loaded.values == Values(levels=17)
    assert loaded.config.dataset == "digits"
    assert loaded.model.t0 == 1e-4
    assert not any(parameter.requires_grad for parameter in loaded.model.parameters())
    state = load_file(folder / "model.safetensors")
    assert all(torch.equal(state[name], value) for name, value in loaded.model.state_dict().items())
    x = torch.rand(2, 1, 8, 8)
    torch.testing.assert_close(explorer.load("tiny", "cpu").log_prob(x), loaded.model.log_prob(x))
    assert load_checkpoint(folder, "cpu").fingerprint == loaded.fingerprint


def test_the_fingerprint_changes_with_the_weights_and_not_with_the_metrics(folder: Path) -> None:
    before = load_checkpoint("tiny", "cpu").fingerprint
    config = json.loads((folder / "config.json").read_text())
    config["metrics"] = {}
    (folder / "config.json").write_text(json.dumps(config))
    assert load_checkpoint("tiny", "cpu").fingerprint == before
    state = load_file(folder / "model.safetensors")
    state["unet.output.weight"] += 1
    save_file(state, folder / "model.safetensors")
    assert load_checkpoint("tiny", "cpu").fingerprint != before


def test_the_list_names_good_and_damaged_ones(folder: Path) -> None:
    (folder.parent / "broken").mkdir()
    listed = {info.name: info for info in list_checkpoints()}
    assert listed["tiny"].problem is None
    assert "config.json is missing" in str(listed["broken"].problem)
    assert listed["broken"].bits_per_dimension is None


def test_the_five_lines_of_the_readme_score_an_image(folder: Path, tmp_path: Path) -> None:
    Image.effect_noise((40, 30), 50).save(tmp_path / "photo.png")
    image = explorer.read_image((tmp_path / "photo.png").read_bytes())
    checkpoint = explorer.load_checkpoint("tiny", "cpu")
    x = checkpoint.prepare(image)
    assert x.shape == (1, 1, 8, 8)
    assert torch.isfinite(checkpoint.model.log_prob(x)).all()
    pixels = torch.from_numpy(explorer.to_square(image, (1, 8, 8)))[None]
    torch.testing.assert_close(x, model_input(checkpoint.values, pixels))


@pytest.mark.parametrize("name", sorted(path.name for path in SHIPPED_CHECKPOINTS.iterdir()))
def test_what_ships_loads_and_has_a_card(name: str) -> None:
    shipped = load_checkpoint(find_checkpoint(name), "cpu")
    assert (shipped.path / "card.md").read_text().startswith("#")
    assert (shipped.path / "model.safetensors").stat().st_size < 8 * 2**20
    if shipped.model.has_noise_levels:
        assert {"energy", "i_mmse", "gap"} <= shipped.config.metrics["bits_per_dimension"].keys()


def edit_config(**changes: object):
    def damage(folder: Path) -> None:
        config = json.loads((folder / "config.json").read_text()) | changes
        (folder / "config.json").write_text(json.dumps(config))

    return damage


def change_weights(folder: Path, **changes: torch.Tensor) -> None:
    save_file(load_file(folder / "model.safetensors") | changes, folder / "model.safetensors")


DAMAGES = {
    "weights are missing": (lambda f: (f / "model.safetensors").unlink(), "model.safetensors is missing"),
    "weights are cut": (
        lambda f: (f / "model.safetensors").write_bytes((f / "model.safetensors").read_bytes()[:500]),
        "model.safetensors cannot be read",
    ),
    "weights are empty": (lambda f: (f / "model.safetensors").write_bytes(b""), "model.safetensors cannot be read"),
    "weights have NaN": (
        lambda f: change_weights(f, **{"unet.output.weight": torch.full((2, 4, 3, 3), float("nan"))}),
        "NaN",
    ),
    "weights have another shape": (
        lambda f: change_weights(f, **{"unet.output.weight": torch.zeros(1, 4, 3, 3)}),
        r"do not fit.*unet\.output\.weight",
    ),
    "weights have a stranger": (lambda f: change_weights(f, stranger=torch.zeros(1)), "do not fit.*stranger"),
    "weights are whole numbers": (
        lambda f: change_weights(f, **{"unet.output.weight": torch.zeros(2, 4, 3, 3, dtype=torch.int32)}),
        "not floating-point",
    ),
    "weights are of eight bits": (
        lambda f: change_weights(f, **{"unet.output.weight": torch.zeros(2, 4, 3, 3).to(torch.float8_e5m2)}),
        "not floating-point",
    ),
    "config is missing": (lambda f: (f / "config.json").unlink(), "config.json is missing"),
    "config is no JSON": (lambda f: (f / "config.json").write_text("{"), "config.json cannot be read"),
    "config is a list": (lambda f: (f / "config.json").write_text("[]"), "format None"),
    "config is deep": (lambda f: (f / "config.json").write_text("[" * 100_000), "cannot be read"),
    "config is binary": (lambda f: (f / "config.json").write_bytes(b"\xff\xfe\x00"), "cannot be read"),
    "config has a number without end": (
        lambda f: (f / "config.json").write_text("9" * 5000),
        "config.json cannot be read",
    ),
    "version is long": (edit_config(format="x" * 100_000), "^.{0,300}$"),
    "a name is long": (edit_config(**{"x" * 100_000: 1}), "^.{0,300}$"),
    "config is huge": (lambda f: (f / "config.json").write_text(" " * 2_000_000), "too large"),
    "version is unknown": (edit_config(format="image-density-explorer/99"), "does not know"),
    "architecture is impossible": (edit_config(model={"image_shape": [1, 8, 8]}), "noise is wrong"),
    "noise is without end": (
        edit_config(model=CONFIG.model_dump() | {"noise": {"t_min": 1e-6, "t0": 1e-5, "t_max": float("inf")}}),
        "t_max is wrong",
    ),
    "groups are not whole": (
        edit_config(model=CONFIG.model_dump() | {"unet": CONFIG.unet.model_dump() | {"group_size": 3}}),
        "groups of 3",
    ),
    "metrics are words": (edit_config(metrics={"bits_per_dimension": {"i_mmse": "few"}}), "bits_per_dimension"),
    "metrics are too large": (
        edit_config(metrics={"bits_per_dimension": {"i_mmse": 10**400, "energy": 1.0, "gap": 1.0}}),
        "i_mmse",
    ),
    "architecture is another": (
        edit_config(model=CONFIG.model_copy(update={"frequencies": 3}).model_dump()),
        "do not fit",
    ),
    "architecture is enormous": (
        edit_config(model=CONFIG.model_copy(update={"image_shape": (1, 2**20, 2**20)}).model_dump()),
        "1 to 1024 pixels",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_told_in_a_sentence(folder: Path, damage: str) -> None:
    break_it, message = DAMAGES[damage]
    break_it(folder)
    with pytest.raises(ExplorerError, match=message) as caught:
        load_checkpoint("tiny", "cpu")
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("name", ["nothing", "../tiny", "/nowhere/at/all", ""])
def test_a_checkpoint_that_is_not_there_is_told(folder: Path, name: str) -> None:
    with pytest.raises(ExplorerError):
        load_checkpoint(name, "cpu")


def test_a_device_that_is_not_there_is_told(folder: Path) -> None:
    with pytest.raises(ExplorerError, match="no device 'tpu9'"):
        load_checkpoint("tiny", "tpu9")
