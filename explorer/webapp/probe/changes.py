"""What is done to Probe's image: a perturbation, then the model's denoiser. Each part is a setting of the URL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from explorer.perturbations import RANGES, Perturbation
from explorer.units import format_number
from explorer.webapp.shell.setting_forms import Form, number, switch, whole_number

__all__ = ["FORMS", "LARGEST_SEED", "UNCHANGED", "Changes", "changes_of", "changes_in_words", "settings_of"]

LARGEST_SEED = 9999


class Changes(NamedTuple):
    """Of an image.

    Attributes:
        perturbation: comes first, and needs no model.
        denoise: PSNR in dB of the noise that the model then takes the image to have, and removes; None when it shall
            not.
    """

    perturbation: Perturbation = Perturbation()
    denoise: float | None = None


UNCHANGED = Changes()

FORMS: Mapping[str, Form[Any]] = {
    **{name: number(limits.low, limits.high) for name, limits in RANGES.items()},
    "seed": whole_number(0, LARGEST_SEED),
    "clip": switch(),
    "jpeg": whole_number(1, 100),
    "denoise": number(-20, 65),
}
"""How each setting is written, in the order in which the changes are made."""


def settings_of(changes: Changes) -> dict[str, Any]:
    """Name -> value of all settings; None for what is not done."""
    return {**changes.perturbation.model_dump(), "denoise": changes.denoise}


def changes_of(settings: Mapping[str, Any]) -> Changes:
    """The changes of settings, of which those that are not there are at their defaults."""
    perturbation = {name: value for name, value in settings.items() if name != "denoise"}
    return Changes(Perturbation(**perturbation), settings.get("denoise"))


def changes_in_words(changes: Changes) -> str:
    """What is done, in the order in which it is; empty for nothing."""
    settings, neutral = settings_of(changes), settings_of(UNCHANGED)
    words = {
        **{name: f"{name} {format_number(settings[name], 'g')}" for name in RANGES},
        "clip": "clipped",
        "jpeg": f"JPEG at {settings['jpeg']}",
        "denoise": f"denoised at {changes.denoise or 0:g} dB",
    }
    return ", ".join(text for name, text in words.items() if settings[name] != neutral[name])
