"""Presets, and what JPEG and the denoiser do to the numbers of the page."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from explorer.perturbations import Perturbation
from explorer.webapp.probe.changes import UNCHANGED, Changes, changes_of, settings_of
from explorer.webapp.probe.presets import presets

LABELS = ["Half contrast", "Denoise", "Sketch", "Night", "JPEG at 10"]


def press(app: AppTest, label: str) -> AppTest:
    return app.button(key=f"preset {label}").click().run()


def log_p(app: AppTest) -> str:
    return app.metric[0].value


def test_every_preset_changes_something_that_may_be_so() -> None:
    found = presets(UNCHANGED, -20.0, 65.0)
    assert [preset.label for preset in found] == LABELS
    for preset in found:
        assert not preset.is_on(UNCHANGED)
        changed = changes_of(settings_of(UNCHANGED) | dict(preset.settings))
        assert changed != UNCHANGED
        assert preset.is_on(changed)


@pytest.mark.parametrize(("noise", "level"), [(0.0, 20.0), (0.1, 20.0), (0.05, 26.0), (0.005, 40.0)])
def test_the_denoiser_removes_the_noise_of_the_slider(noise: float, level: float) -> None:
    denoise = presets(Changes(Perturbation(noise=noise)), 0.0, 40.0)[1]
    assert denoise.settings == {"denoise": level}


@pytest.mark.parametrize(
    ("label", "query"),
    [
        ("Half contrast", {"contrast": "0.5"}),
        ("Denoise", {"denoise": "20"}),
        ("Sketch", {"sparsity": "0.05"}),
        ("Night", {"contrast": "0.4", "brightness": "-0.2", "clip": "true"}),
        ("JPEG at 10", {"jpeg": "10"}),
    ],
)
def test_a_preset_is_one_click_there_and_one_back(probe: AppTest, label: str, query: dict[str, str]) -> None:
    before = log_p(probe)
    press(probe, label)
    assert probe.query_params == query
    assert probe.metric[0].delta != "the original"
    assert log_p(probe) != before
    press(probe, label)
    assert probe.query_params == {}
    assert log_p(probe) == before
    assert not probe.exception


@pytest.mark.parametrize(
    ("label", "key", "value"), [("JPEG at 10", "jpeg", 80), ("Denoise", "denoise", 30.0)], ids=["jpeg", "denoise"]
)
def test_jpeg_and_denoising_can_be_set_and_removed(probe: AppTest, label: str, key: str, value: float) -> None:
    def sliders() -> list[str]:
        return [slider.key for slider in probe.slider]

    before = log_p(probe)
    assert key not in sliders()
    press(probe, label)
    strong = log_p(probe)
    probe.slider(key=key).set_value(value).run()
    assert probe.query_params == {key: f"{value:g}"}
    assert log_p(probe) not in (before, strong)
    probe.button(key=f"no {key}").click().run()
    assert key not in sliders()
    assert log_p(probe) == before
    probe.slider(key="blur").set_value(1.0).run()
    assert probe.query_params == {"blur": "1"}
    press(probe, label)
    next(button for button in probe.button if button.label == "Reset").click().run()
    assert log_p(probe) == before
    assert probe.query_params == {}


def test_presets_add_to_each_other(probe: AppTest) -> None:
    press(press(probe, "Night"), "JPEG at 10")
    assert probe.query_params == {"contrast": "0.4", "brightness": "-0.2", "clip": "true", "jpeg": "10"}
    assert not any("as a file holds it" in each.value for each in probe.caption), "a JPEG image is one already"
