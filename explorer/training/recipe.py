"""Recipes: the settings of the checkpoints that ship with the project, to train them again.

A recipe is a TOML file in `explorer/training/recipes`: arguments of `training_config`, with reasons in comments.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from explorer.errors import ExplorerError
from explorer.training.config import TrainingConfig, training_config

__all__ = ["RECIPES", "recipe_config"]

_FOLDER = Path(__file__).with_name("recipes")

RECIPES = tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))
"""Names of all recipes."""


def recipe_config(recipe: str, dataset: str = "", name: str = "", device: str = "auto") -> TrainingConfig:
    """The configuration that a recipe trains.

    Args:
        recipe: one of `RECIPES`.
        dataset: what `explorer.data.sources.open_dataset` opens; the recipe's own when empty.
        name: of the run and the checkpoint; the recipe's own name when empty.
        device: see `TrainingConfig`.

    Raises:
        ExplorerError: there is no such recipe.
    """
    if recipe not in RECIPES:
        raise ExplorerError(f"There is no recipe {recipe!r}. Choose one of {', '.join(RECIPES)}.")
    settings = tomllib.loads((_FOLDER / f"{recipe}.toml").read_text())
    own = settings.pop("dataset")
    return training_config(name or recipe, dataset or own, recipe=recipe, device=device, **settings)
