"""Energy models of other packages: a checkpoint names a class that an installed package offers.

A package offers its class as an entry point of the group `GROUP`, in its ``pyproject.toml``:

    [project.entry-points."image_density_explorer.models"]
    my-gaussian = "my_package:MyGaussian"

and a checkpoint says in its ``config.json``:

    "model": {"entry_point": "my-gaussian", "image_shape": [1, 8, 8], "settings": {"variance": 0.05}}

The name is looked up among the packages that are installed, and nowhere else: no path, no module and no code comes from
a checkpoint. Whoever installs a package trusts it.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from explorer.errors import ExplorerError, in_brief
from explorer.models.base import EnergyModel

__all__ = ["GROUP", "InstalledModelConfig", "build_installed", "check_installed", "installed_version"]

GROUP = "image_density_explorer.models"

_Side = Annotated[int, Field(ge=1, le=2**20)]


class InstalledModelConfig(BaseModel):
    """A model of another package.

    Attributes:
        entry_point: name in the group `GROUP`.
        image_shape: ``(C, H, W)``, so that lists need not load the model; it must be that of the model.
        settings: keyword arguments of its class.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    entry_point: str = Field(min_length=1, max_length=100)
    image_shape: tuple[_Side, _Side, _Side]
    settings: dict[str, Any] = {}


def check_installed(config: InstalledModelConfig) -> None:
    """Whether the class of a model is there; nothing is imported.

    Raises:
        ExplorerError: it is not installed, or two packages offer it.
    """
    _find(config.entry_point)


def installed_version(config: InstalledModelConfig) -> str:
    """Name and version of the package of a model: another version may give another energy.

    Raises:
        ExplorerError: as `check_installed`.
    """
    package = _find(config.entry_point).dist
    return "" if package is None else f"{package.name} {package.version}"


def build_installed(config: InstalledModelConfig) -> EnergyModel:
    """The model, made with its settings.

    Raises:
        ExplorerError: as `check_installed`; its package fails, its class is no `EnergyModel`, or does not accept the
            settings or the image shape.
    """
    name = config.entry_point
    found = _find(name)
    try:
        kind = found.load()
    except Exception as error:  # whatever the package does when it is imported
        raise ExplorerError(
            f"The model {name!r} cannot be imported: {_brief(error)}. Check the package that it comes with."
        ) from error
    if not (isinstance(kind, type) and issubclass(kind, EnergyModel)):
        raise ExplorerError(f"The entry point {name!r} ({found.value}) is not a subclass of explorer.EnergyModel.")
    try:
        model = kind(**config.settings)
    except Exception as error:  # whatever its class does with settings of the wrong names, types or values
        raise ExplorerError(
            f"The model {name!r} does not accept the settings of this checkpoint: {_brief(error)}. Change them in "
            "config.json."
        ) from error
    shape = getattr(model, "image_shape", None)
    if shape is None or tuple(shape) != config.image_shape:
        raise ExplorerError(
            f"The model {name!r} reads images of shape {shape}, but config.json says {config.image_shape}. Change one."
        )
    return model


def _find(name: str) -> EntryPoint:
    found = tuple(entry_points(group=GROUP, name=name))
    if not found:
        offered = ", ".join(sorted(each.name for each in entry_points(group=GROUP))) or "none"
        raise ExplorerError(
            f"Its model {name!r} is not installed. Install the Python package that offers this entry point of the "
            f"group {GROUP} (installed: {offered})."
        )
    if len({each.value for each in found}) > 1:
        raise ExplorerError(f"Several installed packages offer a model {name!r}. Uninstall all but one of them.")
    return found[0]


def _brief(error: Exception) -> str:
    return f"{type(error).__name__}: {in_brief(error).rstrip('.')}"
