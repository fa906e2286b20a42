"""Training settings: defaults that fit, and sentences for those that do not."""

import pytest

from explorer.errors import ExplorerError
from explorer.training.config import TrainingConfig, training_config
from explorer.units import psnr_from_noise_variance


def test_defaults_follow_the_spacing_of_the_values() -> None:
    natural = training_config("a", "photos", size=32)
    digits = training_config("b", "digits", size=8)
    assert natural.values.levels == 256
    assert psnr_from_noise_variance(natural.model.noise.t0) == pytest.approx(65)
    assert psnr_from_noise_variance(natural.model.noise.t_min) == pytest.approx(72)
    assert natural.flip
    assert digits.values.levels == 17
    assert psnr_from_noise_variance(digits.model.noise.t0) == pytest.approx(42)
    assert not digits.flip


def test_a_config_survives_json() -> None:
    config = training_config("a", "photos", size=64, channels=3, model_size="large")
    assert TrainingConfig.model_validate_json(config.model_dump_json()) == config


def test_learning_rate_warms_up_stays_and_decays_to_zero() -> None:
    config = training_config("a", "digits", size=8, steps=1000, warmup_steps=100, learning_rate=1e-2)
    assert config.learning_rate_at(0) == pytest.approx(1e-4)
    assert config.learning_rate_at(99) == config.learning_rate_at(499) == pytest.approx(1e-2)
    assert config.learning_rate_at(750) == pytest.approx(5e-3)
    assert config.learning_rate_at(999) == pytest.approx(2e-5)


def test_the_weight_of_the_heat_loss_stays_or_grows_in_the_second_half() -> None:
    steady = training_config("a", "digits", size=8, steps=1000, heat_weight=2.0)
    growing = training_config("a", "digits", size=8, steps=1000, heat_weight=2.0, heat_growth=100.0)
    assert steady.heat_weight_at(0) == steady.heat_weight_at(999) == 2.0
    assert growing.heat_weight_at(0) == growing.heat_weight_at(500) == 2.0
    assert growing.heat_weight_at(750) == pytest.approx(20)
    assert growing.heat_weight_at(1000) == pytest.approx(200)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"size": 4}, "at least 8"),
        ({"size": 30}, "multiple of 4"),
        ({"name": "../x"}, "cannot be a name"),
        ({"name": ""}, "cannot be a name"),
        ({"model_size": "huge"}, "tiny, small, medium, large"),
        ({"steps": 0}, "steps"),
        ({"batch_size": 0}, "batch_size"),
        ({"learning_rate": -1.0}, "learning_rate"),
        ({"heat_growth": 0.5}, "heat_growth"),
        ({"heat_share": 0.0}, "heat_share"),
        ({"heat_noisy": 1.5}, "heat_noisy"),
        ({"channels": 2}, "1 or 3 channels"),
        ({"no_such_setting": 1}, "no_such_setting"),
    ],
)
def test_impossible_settings_are_refused_with_a_sentence(settings: dict, message: str) -> None:
    with pytest.raises(ExplorerError, match=message) as caught:
        training_config(**({"name": "a", "dataset": "photos", "size": 32} | settings))
    assert str(caught.value).endswith(".")
