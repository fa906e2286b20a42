import math

from explorer.webapp.probe.metrics import format_log_prob


def test_log_p_has_as_many_digits_as_matter() -> None:
    assert format_log_prob(-2357.7, "nats", 1024) == "−2,358"
    assert format_log_prob(1024 * math.log(10) / 10, "dB/dim", 1024) == "1.00"
    assert format_log_prob(float("nan"), "nats", 4) == "nan"
