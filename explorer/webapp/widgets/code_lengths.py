"""What an image takes in each of several codes, as a table with bars."""

from __future__ import annotations

import math
from collections.abc import Mapping

import streamlit as st

from explorer.images import ImageShape
from explorer.units import code_length_unit

__all__ = ["code_length_formula", "show_code_lengths"]


def code_length_formula(levels: int) -> str:
    """The ideal code length in bits of an image whose values have `levels` cells, see `explorer.units`.

    Examples:
        >>> code_length_formula(256)
        '8 d − log₂ p'
        >>> code_length_formula(17)
        'd log₂ 17 − log₂ p'
    """
    bits = math.log2(levels)
    return f"{bits:g} d − log₂ p" if bits.is_integer() else f"d log₂ {levels} − log₂ p"


def show_code_lengths(
    code_lengths: Mapping[str, float], image_shape: ImageShape, levels: int, explanation: str
) -> None:
    """Show the table; its style is in ``assets/app.css``.

    Args:
        code_lengths: name of a code -> bits. The model's ideal code comes first.
        image_shape: ``(C, H, W)``.
        levels: cells per value of the model.
        explanation: of what a code length is, as Markdown.
    """
    dimensions = math.prod(image_shape)
    share = code_length_unit(image_shape[0])
    longest = max((bits for bits in code_lengths.values() if math.isfinite(bits)), default=1.0)
    rows = "".join(
        f'<tr class="{"codec" if place else "model"}"><td>{name}</td>'
        f'<td class="bar"><div style="width:{_percent(bits, longest)}%"></div></td>'
        f"<td>{bits:,.0f}</td><td>{bits / dimensions:.2f}</td></tr>"
        for place, (name, bits) in enumerate(code_lengths.items())
    )
    with st.container(gap="xxsmall"):
        st.markdown(":small[Code length]", help=explanation)
        st.html(
            f'<table class="code-lengths"><tr><th colspan="2">{code_length_formula(levels)}</th><th>bits</th>'
            f"<th>{share}</th></tr>{rows}</table>"
        )


def _percent(bits: float, longest: float) -> int:
    return round(100 * min(max(bits / longest, 0.0), 1.0)) if math.isfinite(bits) else 0
