"""Changes with one click: a preset sets its settings, and a second click takes them back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import streamlit as st

from explorer.webapp.probe.changes import UNCHANGED, Changes, settings_of

__all__ = ["Preset", "preset_buttons", "presets"]

_DENOISED_AT = 20.0


class Preset(NamedTuple):
    """One of them.

    Attributes:
        label: on its button.
        does: what it sets, in words.
        settings: name -> value.
    """

    label: str
    does: str
    settings: Mapping[str, Any]

    def is_on(self, changes: Changes) -> bool:
        """Whether all that it sets is so."""
        return settings_of(changes).items() >= self.settings.items()


def presets(changes: Changes, low: float, high: float) -> list[Preset]:
    """All of them, for an image that is changed already.

    Args:
        changes: of the image; the denoiser removes as much noise as they add.
        low, high: noise levels in dB that the model knows.
    """
    noise = changes.perturbation.noise
    level = -20 * math.log10(noise) if noise else _DENOISED_AT
    level = float(min(max(round(level), low), high))
    amount = "the noise of the slider" if noise else "the noise that there may be"
    return [
        Preset("Half contrast", "Sets contrast to 0.5.", {"contrast": 0.5}),
        Preset("Denoise", f"The model removes {amount}, at {level:g} dB PSNR, after all else.", {"denoise": level}),
        Preset("Sketch", "Keeps 5 % of the wavelet coefficients: sparsity 0.05.", {"sparsity": 0.05}),
        Preset(
            "Night",
            "Darkens: contrast 0.4, brightness −0.2, clipped at black.",
            {"contrast": 0.4, "brightness": -0.2, "clip": True},
        ),
        Preset("JPEG at 10", "The image as a JPEG file of quality 10 (of 100) brings it back.", {"jpeg": 10}),
    ]


def preset_buttons(changes: Changes, low: float, high: float) -> None:
    """Draw a button for each preset, which tells whether it is on; arguments as for `presets`."""
    for preset in presets(changes, low, high):
        is_on = preset.is_on(changes)
        st.button(
            preset.label,
            key=f"preset {preset.label}",
            icon=":material/check:" if is_on else None,
            on_click=_set,
            args=(preset, not is_on),
            help=f"{preset.does} Click again to take it back." if is_on else preset.does,
        )


def _set(preset: Preset, on: bool) -> None:
    neutral = settings_of(UNCHANGED)
    for name, value in preset.settings.items():
        st.session_state[name] = value if on else neutral[name]
