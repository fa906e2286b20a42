"""Units: conversions against their definitions, and each other."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from explorer.units import (
    LOG_PROB_UNITS,
    code_length_bits,
    convert_log_prob,
    format_gray_levels,
    format_number,
    format_percent,
    format_power_of_ten,
    noise_variance_from_psnr,
    psnr_from_noise_variance,
    short_unit,
    unit_label,
    with_unit,
)


@given(st.floats(-1e6, 1e6), st.integers(1, 100_000))
def test_units_agree_with_their_definitions(nats: float, d: int) -> None:
    assert convert_log_prob(nats, "nats", d) == nats
    assert convert_log_prob(nats, "bits", d) == pytest.approx(nats * math.log2(math.e))
    assert convert_log_prob(nats, "bits/dim", d) == pytest.approx(nats * math.log2(math.e) / d)
    assert convert_log_prob(nats, "dB/dim", d) == pytest.approx(10 * nats * math.log10(math.e) / d)


def test_arrays_keep_their_kind() -> None:
    assert isinstance(convert_log_prob(np.ones(3), "dB/dim", 4), np.ndarray)
    assert isinstance(convert_log_prob(torch.ones(3), "dB/dim", 4), torch.Tensor)


def test_the_paper_s_mean_in_other_units() -> None:
    """11.43 dB/dim of 64 x 64 images is 3.80 bits/dim, hence 4.20 bits a pixel of code length."""
    nats = 11.43 * math.log(10) / 10 * 4096
    assert convert_log_prob(nats, "bits/dim", 4096) == pytest.approx(3.797, abs=1e-3)
    assert code_length_bits(nats, 256, 4096) / 4096 == pytest.approx(4.203, abs=1e-3)


def test_uniform_images_need_all_their_bits() -> None:
    assert code_length_bits(0.0, 256, 64) == 8 * 64


@given(st.floats(-60, 120))
def test_psnr_is_the_inverse_of_noise_variance(psnr: float) -> None:
    assert psnr_from_noise_variance(noise_variance_from_psnr(psnr)) == pytest.approx(psnr, abs=1e-9)


def test_no_noise_is_infinite_psnr() -> None:
    assert psnr_from_noise_variance(0.0) == math.inf
    assert psnr_from_noise_variance(torch.zeros(1)).item() == math.inf


def test_every_unit_has_a_label_and_others_are_refused() -> None:
    assert all(unit_label(unit) for unit in LOG_PROB_UNITS)
    with pytest.raises(ValueError, match="Choose one of"):
        unit_label("decibel")  # type: ignore[arg-type]


def test_a_unit_is_written_out_and_short_in_narrow_places_alone() -> None:
    labels = [unit_label(unit) for unit in LOG_PROB_UNITS]
    assert labels == ["dB/dimension", "nats", "bits", "bits/dimension"]
    assert [short_unit(label) for label in labels] == list(LOG_PROB_UNITS)
    assert short_unit("nats/dimension/e-fold") == "nats/dim/e-fold"
    assert with_unit("log p", labels[0]) == "log p [dB/dimension]"
    assert with_unit("contrast", "") == "contrast"


@pytest.mark.parametrize(
    ("nats", "text"),
    [
        (0.0, "10⁰·⁰"),
        (-0.001, "10⁰·⁰"),
        (2.302585, "10¹·⁰"),
        (-2302.585, "10⁻¹⁰⁰⁰"),
        (math.inf, "10^∞"),
        (-math.inf, "10^−∞"),
    ],
)
def test_ratios_read_as_powers_of_ten(nats: float, text: str) -> None:
    assert format_power_of_ten(nats) == text


def test_negative_numbers_have_a_true_minus_sign() -> None:
    assert format_number(-1234.56, ",.1f") == "−1,234.6"
    assert format_number(0.5, "+.2f") == "+0.50"


@pytest.mark.parametrize("value", [-0.004, -0.0, 0.0, 0.004])
@pytest.mark.parametrize("spec", [".2f", "+.2f", ",.2f", "+,.2f"])
def test_zero_has_no_sign(value: float, spec: str) -> None:
    assert format_number(value, spec) == "0.00"


def test_infinity_keeps_its_sign() -> None:
    assert format_number(-math.inf, ".2f") == "−inf"


def test_noise_in_gray_levels_has_no_powers_of_ten() -> None:
    assert [format_gray_levels(psnr) for psnr in (-20.0, 0.0, 20.0, 60.0)] == ["2,550", "255", "25.5", "0.255"]


def test_a_share_as_percent() -> None:
    assert format_percent(0.53) == "53 %"
    assert format_percent(-0.125, "+.1f") == "−12.5 %"
