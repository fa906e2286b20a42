"""Units of probability and of noise.

All densities inside the project are natural-log densities of a whole image ("nats"); all noise levels are variances
``t`` per pixel value, for values in [0, 1]. This module converts both into the units that people read.

With ``d`` the number of pixel values, ``log p`` in nats is

    dB/dimension     10 log10(p) / d
    bits             log2(p)
    bits/dimension   log2(p) / d

and a noise variance ``t`` has standard deviation ``sigma = sqrt(t)`` and PSNR ``-10 log10(t)`` dB.
"""

from __future__ import annotations

import math
from typing import Literal, TypeVar, get_args

import numpy as np
import torch

__all__ = [
    "LOG_PROB_UNITS",
    "LogProbUnit",
    "code_length_bits",
    "code_length_unit",
    "convert_log_prob",
    "format_gray_levels",
    "format_log_prob",
    "format_number",
    "format_percent",
    "format_power_of_ten",
    "noise_variance_from_psnr",
    "psnr_from_noise_variance",
    "raised",
    "short_unit",
    "unit_label",
    "with_unit",
]

LogProbUnit = Literal["dB/dim", "nats", "bits", "bits/dim"]
LOG_PROB_UNITS: tuple[LogProbUnit, ...] = get_args(LogProbUnit)

Number = TypeVar("Number", float, np.ndarray, torch.Tensor)

_RAISED = str.maketrans("0123456789-.", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻·")

_LABELS: dict[LogProbUnit, str] = {
    "dB/dim": "dB/dimension",
    "nats": "nats",
    "bits": "bits",
    "bits/dim": "bits/dimension",
}


def unit_label(unit: LogProbUnit) -> str:
    """The unit as people read it: in texts, on axes, in boxes and beside numbers.

    Raises:
        ValueError: the unit is not one of `LOG_PROB_UNITS`.
    """
    if unit not in _LABELS:
        raise ValueError(f"Unknown unit of log p {unit!r}. Choose one of {', '.join(LOG_PROB_UNITS)}.")
    return _LABELS[unit]


def short_unit(unit: str) -> str:
    """A unit that `unit_label` or a column gives, for narrow places: below thumbnails, in the titles of key numbers, in
    tables.

    Examples:
        >>> short_unit("dB/dimension"), short_unit("dimensions"), short_unit("bits")
        ('dB/dim', 'dim', 'bits')
    """
    return unit.replace("dimensions", "dim").replace("dimension", "dim")


def with_unit(name: str, unit: str) -> str:
    """A quantity with its unit in brackets, for an axis, a box or a column; by itself where it has none.

    Examples:
        >>> with_unit("log p", "dB/dimension"), with_unit("contrast", "")
        ('log p [dB/dimension]', 'contrast')
    """
    return f"{name} [{unit}]" if unit else name


def convert_log_prob(nats: Number, unit: LogProbUnit, dimensions: int) -> Number:
    """Convert log p, or a difference of two, from nats per image to `unit`.

    Args:
        nats: log p in nats, a number or an array of any shape.
        unit: one of `LOG_PROB_UNITS`.
        dimensions: ``d``, the number of pixel values of an image.

    Raises:
        ValueError: the unit is not one of `LOG_PROB_UNITS`.
    """
    unit_label(unit)
    factor = {
        "dB/dim": 10.0 / math.log(10.0) / dimensions,
        "nats": 1.0,
        "bits": 1.0 / math.log(2.0),
        "bits/dim": 1.0 / math.log(2.0) / dimensions,
    }[unit]
    return nats * factor


def code_length_unit(channels: int) -> str:
    """The unit of a code length by pixel value: the values of a gray image are its pixels."""
    return "bits/pixel" if channels == 1 else "bits/dimension"


def code_length_bits(nats: Number, levels: int, dimensions: int) -> Number:
    """Ideal code length, in bits, of an image whose values have `levels` equal cells in [0, 1].

    A density over cells of width ``1/levels`` gives the cell of an image the probability ``p levels^-d``, hence
    ``-log2 p + d log2(levels)`` bits: ``-log2 p + 8 d`` for 8-bit images.

    Args:
        nats: log p in nats of the dequantized image.
        levels: number of cells per value, 256 for 8-bit images.
        dimensions: ``d``.
    """
    return -nats / math.log(2.0) + dimensions * math.log2(levels)


def noise_variance_from_psnr(psnr: Number) -> Number:
    """``t = 10^(-psnr / 10)`` for a noise PSNR in dB."""
    t: Number = 10.0 ** (-psnr / 10.0)
    return t


def psnr_from_noise_variance(t: Number) -> Number:
    """``-10 log10 t``, the PSNR in dB of noise of variance `t` (values in [0, 1]); infinite at ``t = 0``."""
    if isinstance(t, torch.Tensor):
        return -10.0 * torch.log10(t)
    with np.errstate(divide="ignore"):
        psnr: Number = -10.0 * np.log10(t)
    return psnr


def format_number(value: float, spec: str) -> str:
    """A number as Python's format specification `spec` writes it, with a true minus sign (U+2212). One that rounds to
    zero has no sign.

    Examples:
        >>> format_number(-1234.5, ",.0f")
        '−1,234'
        >>> format_number(-0.001, "+.2f")
        '0.00'
    """
    text = f"{value:{spec}}"
    return text.lstrip("+-") if text.strip("+-0.,") == "" else text.replace("-", "−")


def format_percent(share: float, spec: str = ".0f") -> str:
    """A share in [0, 1] as percent, with the space that SI asks for (SI brochure 2019, 5.4.7).

    Examples:
        >>> format_percent(0.57), format_percent(0.0123, ".1f")
        ('57 %', '1.2 %')
    """
    return f"{format_number(100 * share, spec)} %"


def format_gray_levels(psnr: float) -> str:
    """The standard deviation of noise of `psnr` dB, in gray levels of 255, to three digits.

    Examples:
        >>> format_gray_levels(20.0), format_gray_levels(-20.0)
        ('25.5', '2,550')
    """
    sigma = 255 * math.sqrt(noise_variance_from_psnr(psnr))
    return f"{sigma:,.0f}" if sigma >= 100 else f"{sigma:.3g}"


def format_log_prob(nats: float, unit: LogProbUnit, dimensions: int, sign: str = "") -> str:
    """log p in `unit`: two decimals per dimension, whole numbers per image; with the `sign` ``"+"`` a difference."""
    value = convert_log_prob(nats, unit, dimensions)
    return format_number(value, f"{sign},.0f" if unit in ("nats", "bits") else f"{sign},.2f")


def format_power_of_ten(nats: float) -> str:
    """A probability ratio ``exp(nats)`` in raised digits, with one decimal below ten, where it matters.

    Examples:
        >>> format_power_of_ten(230.2585)
        '10¹⁰⁰'
        >>> format_power_of_ten(-2.302585)
        '10⁻¹·⁰'
    """
    exponent = nats / math.log(10.0)
    if not math.isfinite(exponent):
        return "10^∞" if exponent > 0 else "10^−∞"
    text = f"{exponent:z.1f}" if abs(exponent) < 9.95 else f"{exponent:.0f}"
    return f"10{raised(text)}"


def raised(number: str) -> str:
    """Digits, points and signs as an exponent.

    Examples:
        >>> f"2{raised('4095')}"
        '2⁴⁰⁹⁵'
    """
    return number.translate(_RAISED)
