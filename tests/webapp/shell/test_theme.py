"""Contrasts of the two themes, by the formula of WCAG 2.2: 4.5 for text, 3 for curves and frames (level AA)."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from explorer.figures import style

THEMES = tomllib.loads((Path(__file__).parents[3] / ".streamlit" / "config.toml").read_text())["theme"]
CURVES = (style.BLUE, style.VERMILLION, style.GREEN, style.PURPLE, style.GRAY)


def contrast(first: str, second: str) -> float:
    def luminance(color: str) -> float:
        shares = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


def mixed(front: str, back: str, share: float) -> str:
    pairs = ((int(front[i : i + 2], 16), int(back[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(share * a + (1 - share) * b):02X}" for a, b in pairs)


def test_the_formula() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#808080", "#808080") == 1


@pytest.mark.parametrize("name", ["light", "dark"])
def test_text_and_curves_are_seen_on_every_background(name: str) -> None:
    theme = THEMES[name]
    backgrounds = {part["backgroundColor"] for part in (theme, theme["sidebar"])}
    backgrounds |= {part["secondaryBackgroundColor"] for part in (theme, theme["sidebar"])}
    for background in backgrounds:
        assert contrast(theme["textColor"], background) > 7
        caption = mixed(theme["textColor"], background, 0.6)  # as Streamlit does
        assert contrast(caption, background) >= 4.5
        assert contrast(theme["linkColor"], background) >= 4.5
        assert contrast(theme["primaryColor"], background) >= 4.5, "it is the color of chosen words"
    for color in CURVES:
        assert contrast(color, theme["backgroundColor"]) >= 3, color
    assert contrast(style.BLUE, theme["backgroundColor"]) >= 4, "of most curves"


def test_letters_on_buttons() -> None:
    assert contrast(THEMES["light"]["primaryColor"], "#FFFFFF") >= 4.5
    assert contrast(THEMES["dark"]["primaryColor"], "#0D1015") >= 4.5  # assets/app.css
