"""Recipes: each is a valid configuration, and what ships says which one made it."""

from pathlib import Path

import pytest

from explorer.errors import ExplorerError
from explorer.home import SHIPPED_CHECKPOINTS
from explorer.models.checkpoints import read_config
from explorer.training.multiscale import MULTISCALE_RECIPES, multiscale_recipe
from explorer.training.recipe import RECIPES, recipe_config

SHIPPED = sorted(path.name for path in SHIPPED_CHECKPOINTS.iterdir())


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_is_a_configuration(recipe: str, tmp_path: Path) -> None:
    config = recipe_config(recipe)
    assert config.name == config.recipe == recipe
    other = recipe_config(recipe, str(tmp_path), "mine", "cpu")
    assert (other.dataset, other.name, other.device) == (str(tmp_path), "mine", "cpu")
    assert other.model.image_shape == config.model.image_shape
    assert other.steps == config.steps


@pytest.mark.parametrize("name", [name for name in SHIPPED if name not in MULTISCALE_RECIPES])
def test_what_ships_was_made_by_its_recipe(name: str) -> None:
    shipped = read_config(SHIPPED_CHECKPOINTS / name)
    config = recipe_config(name)
    assert shipped.model == config.model
    assert shipped.values == config.values
    made = {key: shipped.training[key] for key in ("steps", "batch_size", "learning_rate", "seed", "recipe")}
    assert made == {key: getattr(config, key) for key in made}


@pytest.mark.parametrize("name", [name for name in SHIPPED if name in MULTISCALE_RECIPES])
def test_a_multiscale_density_that_ships_has_the_architecture_of_its_recipe(name: str) -> None:
    shipped = read_config(SHIPPED_CHECKPOINTS / name)
    config = multiscale_recipe(name)
    assert shipped.model == config.model
    assert shipped.values == config.conditional.values
    assert shipped.training["base"]["recipe"] == config.base.recipe  # its steps are those that its card tells


def test_a_recipe_that_is_not_there_is_told() -> None:
    with pytest.raises(ExplorerError, match=r"Choose one of .*natural32"):
        recipe_config("nothing")
