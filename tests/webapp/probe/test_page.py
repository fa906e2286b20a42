from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from explorer.models.dual import NoiseRange
from tests.conftest import write_tiny_checkpoint

ROOT = Path(__file__).parents[3]


def log_p(app: AppTest) -> float:
    metric = next(metric for metric in app.metric if metric.label == "log p")
    return float(metric.value.split()[0].replace("−", "-").replace(",", ""))


def test_numbers_are_there_at_once(probe: AppTest) -> None:
    assert [metric.label for metric in probe.metric] == ["log p", "Percentile", "Local dimensionality"]
    assert probe.metric[0].value.endswith("dB/dimension")
    assert not probe.error


def test_sliders_change_log_p_and_reset_brings_it_back(probe: AppTest) -> None:
    before = log_p(probe)
    probe.slider(key="contrast").set_value(0.2).run()
    assert log_p(probe) != before
    assert probe.metric[0].delta.endswith(" dB/dimension")
    assert float(probe.metric[0].delta.split()[0].replace("−", "-")) == pytest.approx(log_p(probe) - before, abs=0.011)
    probe.toggle(key="clip").set_value(True)
    next(button for button in probe.button if button.label == "Reset").click().run()
    assert log_p(probe) == before
    assert probe.metric[0].delta == "the original"
    assert not probe.toggle(key="clip").value
    assert not probe.exception


def test_units_of_log_p(probe: AppTest) -> None:
    decibel = log_p(probe)
    probe.selectbox(key="unit").set_value("nats").run()
    assert probe.metric[0].value.endswith(" nats")
    assert log_p(probe) == pytest.approx(decibel * 64 * 0.2302585, abs=1.0)


@pytest.mark.parametrize("name", ["constant", "gradient", "uniform noise", "disk", "checkerboard"])
def test_synthetic_images(probe: AppTest, name: str) -> None:
    probe.button_group(key="source").set_value("synthetic").run()
    probe.selectbox(key="synthetic").set_value(name).run()
    assert not probe.exception
    assert not probe.error


def test_an_image_of_the_data_set(probe: AppTest) -> None:
    probe.button_group(key="source").set_value("dataset").run()
    first = log_p(probe)
    probe.number_input(key="item").set_value(5).run()
    assert log_p(probe) != first
    assert not probe.exception


def test_an_address_reproduces_the_view(probe: AppTest) -> None:
    probe.button_group(key="source").set_value("synthetic").run()
    probe.selectbox(key="synthetic").set_value("disk").run()
    probe.slider(key="noise").set_value(0.1).run()
    wanted = log_p(probe)
    again = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    for key, value in {"source": "synthetic", "synthetic": "disk", "noise": "0.1"}.items():
        again.query_params[key] = value
    again.run()
    assert log_p(again) == wanted


@pytest.mark.usefixtures("tiny_checkpoint")
@pytest.mark.parametrize(
    "query", [{"source": "nowhere"}, {"item": "-3", "source": "dataset"}, {"contrast": "nan"}, {"crop": "9-x"}]
)
def test_a_wrong_address_is_no_error(app: AppTest, query: dict[str, str]) -> None:
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception
    assert not app.error
    assert app.metric


def test_color_models_work_too(app: AppTest, home: Path) -> None:
    write_tiny_checkpoint(home / "checkpoints" / "color", (3, 8, 8))
    app.run()
    assert not app.exception
    assert app.metric


def test_noise_levels_stay_with_a_model_of_another_range(app: AppTest, home: Path) -> None:
    write_tiny_checkpoint(home / "checkpoints" / "a", (1, 8, 8))
    write_tiny_checkpoint(home / "checkpoints" / "b", (1, 8, 8), noise=NoiseRange(t_min=1e-4, t0=1e-3, t_max=10.0))
    app.query_params.update({"model": "a", "denoise": "25"})
    app.run()
    app.selectbox(key="model").set_value("b").run()
    assert app.slider(key="psnr").max < 40
    assert (app.slider(key="psnr").value, app.slider(key="denoise").value) == (20, 25)
    assert not app.exception


def test_what_the_code_lengths_are_of_is_said_where_it_is_not_the_image_above(probe: AppTest) -> None:
    def said() -> list[str]:
        return [each.value for each in probe.caption if "as a file holds it" in each.value]

    assert not said()
    probe.slider(key="contrast").set_value(2.0).run()
    assert "values were out of range" in said()[0]
    probe.toggle(key="clip").set_value(True).run()
    assert "out of range" not in said()[0]
