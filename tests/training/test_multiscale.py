"""A run that trains a multi-scale density: resumable, and a checkpoint at its end."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from typer.testing import CliRunner

from explorer.cli import app
from explorer.errors import ExplorerError
from explorer.models.checkpoints import load_checkpoint
from explorer.training.conditional import ConditionalTrainer
from explorer.training.multiscale import (
    MULTISCALE_RECIPES,
    MultiscaleTrainingConfig,
    ShrunkSource,
    multiscale_recipe,
    train_multiscale,
)


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    folder = tmp_path / "photographs"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(6):
        small = Image.fromarray(rng.integers(0, 256, (5, 5), np.uint8))
        small.resize((70, 70), Image.Resampling.BICUBIC).save(folder / f"{number}.png")
    return folder


class _Noise:
    def sample(self, count: int, generator: torch.Generator) -> torch.Tensor:
        return torch.rand(count, 1, 32, 32, generator=generator)

    statistics = sample


def config(dataset: Path, steps: int = 3, direct_steps: int = 0) -> MultiscaleTrainingConfig:
    noise = {"t_min": 1e-7, "t0": 3e-7, "t_max": 1.0}
    run = {"name": "tiny", "dataset": str(dataset), "steps": steps, "batch_size": 2}
    conditional = {"noise": noise, "image_shape": (1, 32, 32), "width": 4, "dilations": (1,), "embedding_dim": 8}
    base = {"noise": noise, "image_shape": (1, 8, 8), "unet": {"base_width": 4, "num_scales": 1, "embedding_dim": 8}}
    return MultiscaleTrainingConfig(
        name="tiny",
        dataset=str(dataset),
        views=2,
        min_shrink=2.0,
        direct_steps=direct_steps,
        side=64,
        conditional=run | {"model": conditional},
        base=run | {"model": base},
    )


def test_a_run_ends_as_a_checkpoint(home: Path, photographs: Path, tmp_path: Path) -> None:
    told = []
    assert train_multiscale(tmp_path / "run", config(photographs), progress=lambda *step: told.append(step))
    assert told[-1] == (6, 6)
    loaded = load_checkpoint("tiny", "cpu")
    model, description = loaded.multiscale, loaded.config
    assert description.dataset == "photographs"
    assert str(tmp_path) not in (home / "checkpoints" / "tiny" / "config.json").read_text()
    assert torch.isfinite(model.log_prob(torch.rand(1, 1, 64, 64))).all()
    assert "64 x 64" in (home / "checkpoints" / "tiny" / "card.md").read_text()


@pytest.mark.parametrize(("direct_steps", "stopped_at"), [(0, 2), (3, 2), (3, 5)])
def test_a_stopped_run_takes_the_steps_that_it_would_have_taken(
    home: Path, photographs: Path, tmp_path: Path, direct_steps: int, stopped_at: int
) -> None:
    settings = config(photographs, direct_steps=direct_steps)
    train_multiscale(tmp_path / "whole", settings)
    whole = load_checkpoint("tiny", "cpu").model
    asked = iter([*[False] * stopped_at, True])
    assert not train_multiscale(tmp_path / "stopped", settings, lambda: next(asked))
    assert train_multiscale(tmp_path / "stopped")
    resumed = load_checkpoint("tiny", "cpu").model
    for one, other in zip(whole.parameters(), resumed.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)


def test_the_energy_begins_as_the_network_of_the_direct_score(home: Path, photographs: Path, tmp_path: Path) -> None:
    settings = config(photographs, steps=1, direct_steps=40).model_dump(mode="json")
    settings["conditional"] |= {"learning_rate": 1e-3, "warmup_steps": 0}  # a step of Adam moves a weight by that
    whole = MultiscaleTrainingConfig(**settings)
    assert train_multiscale(tmp_path / "run", whole)
    name = "first.weight"
    direct = load_file(tmp_path / "run" / "direct" / "training.safetensors")[f"averaged.conditional.{name}"]
    energy = load_checkpoint("tiny", "cpu").multiscale.step(0).state_dict()[name]
    untrained = ConditionalTrainer(whole.conditional, _Noise()).conditional.state_dict()[name]
    assert (energy - direct).abs().max() < 2e-3
    assert (untrained - direct).abs().max() > 5e-3
    assert "a direct score, for 40 steps" in (home / "checkpoints" / "tiny" / "card.md").read_text()


def test_a_run_begins_as_a_checkpoint_and_sees_sharp_pictures_too(
    home: Path, photographs: Path, tmp_path: Path
) -> None:
    assert train_multiscale(tmp_path / "first", config(photographs, steps=20))
    first = load_checkpoint("tiny", "cpu").multiscale
    settings = config(photographs, steps=1).model_dump(mode="json")
    settings["conditional"]["model"] |= {"width": 6, "dilations": (1, 1)}
    for part in ("conditional", "base"):
        settings[part]["learning_rate"] = 1e-9  # one step that changes nothing: the function is the checkpoint's
    again = MultiscaleTrainingConfig(
        **settings | {"name": "again", "start": "tiny", "sharp": str(photographs), "sharp_views": 2, "sharp_share": 0.5}
    )
    assert train_multiscale(tmp_path / "again", again)
    loaded = load_checkpoint("again", "cpu")
    x = torch.rand(2, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(loaded.multiscale.log_prob(x), first.log_prob(x), rtol=1e-5, atol=0.01)
    assert loaded.multiscale.step(0).config.width == 6
    text = (home / "checkpoints" / "again" / "card.md").read_text()
    assert "began as `tiny`" in text
    assert "50 % of the images of a step" in text
    assert str(tmp_path) not in (home / "checkpoints" / "again" / "config.json").read_text()


def test_a_run_cannot_begin_as_another_base(home: Path, photographs: Path, tmp_path: Path) -> None:
    assert train_multiscale(tmp_path / "first", config(photographs, steps=1))
    settings = config(photographs).model_dump(mode="json") | {"name": "again", "start": "tiny"}
    settings["base"]["model"]["unet"]["base_width"] = 8
    with pytest.raises(ExplorerError, match="base of tiny"):
        train_multiscale(tmp_path / "again", MultiscaleTrainingConfig(**settings))


def test_the_command_resumes_a_run(home: Path, photographs: Path, tmp_path: Path) -> None:
    assert not train_multiscale(tmp_path / "run", config(photographs), lambda: True)
    done = CliRunner().invoke(app, ["train-multiscale", "--run", str(tmp_path / "run")])
    assert done.exit_code == 0
    assert (home / "checkpoints" / "tiny" / "config.json").exists()
    refused = CliRunner().invoke(app, ["train-multiscale", "--recipe", "nothing"])
    assert isinstance(refused.exception, ExplorerError)


def test_recipes_are_whole() -> None:
    assert "photo" in MULTISCALE_RECIPES
    for recipe in MULTISCALE_RECIPES:
        found = multiscale_recipe(recipe, "somewhere", "mine")
        assert (found.name, found.dataset, found.conditional.recipe) == ("mine", "somewhere", recipe)
        assert found.model.image_shape[1] == found.side
    with pytest.raises(ExplorerError, match="There is no recipe"):
        multiscale_recipe("nothing")


def test_a_run_needs_its_configuration(home: Path, tmp_path: Path) -> None:
    with pytest.raises(ExplorerError, match="is not a training run"):
        train_multiscale(tmp_path / "nothing")
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ExplorerError, match="damaged"):
        train_multiscale(tmp_path)


def test_shrunk_images_are_means() -> None:
    class Images:
        def sample(self, count: int, _generator: torch.Generator) -> torch.Tensor:
            return torch.arange(count * 144.0).view(count, 1, 12, 12)

        statistics = sample

    source = ShrunkSource(Images(), 4)
    x = source.sample(2, torch.Generator())
    assert x.shape == source.statistics(2, torch.Generator()).shape == (2, 1, 4, 4)
    assert float(x[0, 0, 0, 0]) == 13.0
