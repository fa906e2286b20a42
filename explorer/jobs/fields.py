"""Settings: the fields of a pydantic model that a form or the command line offers, those with a title."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

__all__ = ["Setting", "Suggested", "settings_of"]


class Suggested(NamedTuple):
    """Annotation of a field whose best value depends on the model and the data set.

    Attributes:
        suggested: ``suggested(checkpoint, dataset)``.
    """

    suggested: Callable[[str, str], object]


class Setting(NamedTuple):
    """What a form or the command line needs to know of a field.

    Attributes:
        name: of the field.
        label: its title.
        help: its description.
        type: ``bool``, ``int``, ``float`` or ``str``.
        default: value when nothing is chosen.
        choices: the only values that it may have; empty where it is free.
        least, most: bounds of a number.
        suggested: the better default, where there is one.
    """

    name: str
    label: str
    help: str
    type: Any
    default: Any
    choices: tuple[str, ...]
    least: float | None
    most: float | None
    suggested: Callable[[str, str], object] | None


def settings_of(model: type[BaseModel]) -> list[Setting]:
    """The settings of a model, in their order."""
    return [_setting(name, field) for name, field in model.model_fields.items() if field.title]


def _setting(name: str, field: FieldInfo) -> Setting:
    is_choice = get_origin(field.annotation) is Literal

    def noted(attribute: str) -> Any:
        return next((getattr(note, attribute) for note in field.metadata if hasattr(note, attribute)), None)

    return Setting(
        name=name,
        label=field.title or "",
        help=field.description or "",
        type=str if is_choice else field.annotation,
        default=field.default,
        choices=get_args(field.annotation) if is_choice else (),
        least=noted("ge"),
        most=noted("le"),
        suggested=noted("suggested"),
    )
