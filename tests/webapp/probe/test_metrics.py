import math

import numpy as np
from streamlit.testing.v1 import AppTest

from explorer.measures.image.probe import Probed
from explorer.units import format_log_prob


def test_log_p_has_as_many_digits_as_matter() -> None:
    assert format_log_prob(-2357.7, "nats", 1024) == "−2,358"
    assert format_log_prob(1024 * math.log(10) / 10, "dB/dim", 1024) == "1.00"
    assert format_log_prob(float("nan"), "nats", 4) == "nan"


def test_a_change_is_told_against_the_spread_of_the_data_set() -> None:
    """A brightness change of 361 nats is a density 10^157 times as high, and next to nothing beside the spread."""
    pixels = np.zeros((1, 32, 32))
    probed = Probed(pixels, pixels, pixels, pixels, log_prob=1361.5, original_log_prob=1000.0, coded_log_prob=1361.5)
    app = AppTest.from_function(_show, kwargs={"probed": probed, "spread": 3615.0}).run()
    (metric,) = app.metric
    assert metric.delta == "+1.53 dB/dimension"
    assert metric.proto.delta_description == "0.1 × the spread"
    assert "10¹⁵⁷" in metric.help
    (metric,) = AppTest.from_function(_show, kwargs={"probed": probed, "spread": None}).run().metric
    assert metric.proto.delta_description == "from the original"


def _show(probed: object, spread: object) -> None:
    from explorer.webapp.probe.metrics import show_log_prob

    show_log_prob(probed, "dB/dim", 1024, spread)
