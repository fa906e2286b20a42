import math

import pytest

from explorer.webapp.numbers import format_log_prob, power_of_ten


@pytest.mark.parametrize(
    ("exponent", "text"), [(132.4, "10¹³²"), (-573.0, "10⁻⁵⁷³"), (0.34, "10⁰·³"), (-9.94, "10⁻⁹·⁹"), (9.96, "10¹⁰")]
)
def test_ratios_as_powers_of_ten(exponent: float, text: str) -> None:
    assert power_of_ten(exponent) == text


def test_log_p_has_as_many_digits_as_matter() -> None:
    assert format_log_prob(-2357.7, "nats", 1024) == "−2,358"
    assert format_log_prob(1024 * math.log(10) / 10, "dB/dim", 1024) == "1.00"
    assert format_log_prob(float("nan"), "nats", 4) == "nan"
