"""The Sample page, run without a browser on a tiny model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from explorer.errors import ExplorerError
from explorer.measures.sampling.plan import Plan, follow
from explorer.measures.sampling.sample import sample
from explorer.measures.sampling.state import State
from explorer.models.base import EnergyModel
from explorer.models.checkpoints import Checkpoint, load_checkpoint
from explorer.webapp.sample.drawing import Drawing

ROOT = Path(__file__).parents[3]
DRAWING = "sample-drawing"


@pytest.fixture
def page(tiny_checkpoint: Checkpoint) -> AppTest:
    """Sample with the model `tiny` and the digits, before its first run."""
    app = AppTest.from_file(str(ROOT / "pages" / "sample.py"), default_timeout=120)
    app.query_params.update(model=tiny_checkpoint.name, data="digits", count="4", steps="15")
    return app


def press(page: AppTest, label: str) -> None:
    next(button for button in page.button if button.label == label).click().run()


def captions(page: AppTest) -> str:
    return " ".join(each.value for each in page.main.caption)


def test_it_draws_without_a_click_what_the_library_draws(page: AppTest, tiny_checkpoint: Checkpoint) -> None:
    page.run()
    assert not page.exception
    assert not page.error
    drawing = page.session_state[DRAWING]
    assert drawing.finished
    expected = sample(load_checkpoint(tiny_checkpoint.path).model, 4, sampler="flow", steps=15, seed=0).trace
    assert expected is not None
    np.testing.assert_allclose(np.stack(drawing.energies), expected.energies, rtol=1e-4, atol=1e-2)
    np.testing.assert_allclose(drawing.psnr, expected.psnr)
    assert "4 images" in captions(page)
    assert "31 gradients each" in captions(page)
    assert "training images" in captions(page)  # digits are what it was trained on
    assert "± " in captions(page)
    slider = page.select_slider[0]
    assert len(slider.options) == 16
    assert slider.value == 15  # the images


def test_going_back_along_the_way_draws_nothing_anew(page: AppTest) -> None:
    page.run()
    before = page.session_state[DRAWING]
    page.select_slider[0].set_value(3).run()
    assert not page.exception
    assert page.session_state[DRAWING] is before


def test_new_settings_wait_for_draw(page: AppTest) -> None:
    page.run()
    before = page.session_state[DRAWING]
    page.number_input(key="draw_seed").set_value(1).run()
    assert page.session_state[DRAWING] is before
    assert "Draw again for the new settings" in captions(page)
    press(page, "Draw")
    after = page.session_state[DRAWING]
    assert after.settings.seed == 1
    assert not np.array_equal(after.energies[-1], before.energies[-1])


def test_mala_tells_how_many_moves_were_accepted(page: AppTest) -> None:
    page.query_params["sampler"] = "mala"
    page.run()
    assert not page.exception
    assert "% of the moves accepted" in captions(page)


def test_a_late_start_tells_what_it_saves(page: AppTest) -> None:
    page.query_params["late"] = "true"
    page.run()
    assert not page.exception
    drawing = page.session_state[DRAWING]
    assert drawing.settings.late
    assert ("saved by the late start" in captions(page)) == (drawing.way.saved > 0)


def test_one_image_alone(page: AppTest) -> None:
    page.query_params["count"] = "1"
    page.run()
    assert not page.exception
    assert "1 image," in captions(page)


def test_what_was_stopped_goes_on_where_it_was(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    take = Drawing.take

    def take_and_stop(drawing: Drawing, state: State, checkpoint: Checkpoint) -> None:
        take(drawing, state, checkpoint)
        drawing.stopped = len(drawing.energies) == 6  # as a click on Stop does

    monkeypatch.setattr(Drawing, "take", take_and_stop)
    page.run()
    assert not page.exception
    drawing = page.session_state[DRAWING]
    assert len(drawing.energies) == 6
    assert "stopped at" in captions(page)
    press(page, "Go on")
    assert page.session_state[DRAWING] is drawing
    assert drawing.finished
    assert not any(button.label == "Go on" for button in page.button)


def test_an_energy_that_is_not_finite_is_a_sentence(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(model: EnergyModel, plan: Plan, count: int, seed: int) -> Iterator[State]:
        yield next(iter(follow(model, plan, count, seed)))
        raise ExplorerError("The model gives no finite energy.")

    monkeypatch.setattr("explorer.webapp.sample.drawing.follow", failing)
    page.run()
    assert not page.exception
    assert "no finite energy" in page.error[0].value
    page.run()  # it stays, and nothing is asked of a sampler that failed
    assert "no finite energy" in page.error[0].value
    assert len(page.session_state[DRAWING].energies) == 1
