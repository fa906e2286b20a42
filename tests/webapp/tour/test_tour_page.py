"""The tour, run without a browser: on a tiny model, and on one that ships."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from explorer.models.checkpoints import Checkpoint
from explorer.webapp.tour.stops import STOPS

ROOT = Path(__file__).parents[3]


def tour(**query: str) -> AppTest:
    """The tour before its first run."""
    app = AppTest.from_file(str(ROOT / "pages" / "tour.py"), default_timeout=120)
    app.query_params.update(data="digits", **query)
    return app


def options(page: AppTest) -> list[str]:
    return [button.label for button in page.button if (button.key or "").startswith("tour_option")]


def press(page: AppTest, key: str) -> None:
    next(button for button in page.button if button.key == key).click().run()
    assert not page.exception
    assert not page.error


def where(page: AppTest) -> str:
    text: str = page.get("progress")[0].proto.text
    return text


def verdict(page: AppTest) -> str:
    return next(box.value for box in (*page.main.success, *page.main.info) if "The model says" in box.value)


@pytest.mark.usefixtures("home")
def test_from_the_first_stop_to_the_last() -> None:
    page = tour(model="digits").run()
    assert not page.exception
    for number, stop in enumerate(STOPS):
        assert where(page) == f"Stop {number + 1} of {len(STOPS)}: {stop.title}"
        assert 2 <= len(options(page)) <= 4
        assert not any(stop.why == each.value for each in page.main.markdown)  # first the prediction
        press(page, f"tour_option_{number}_0")
        assert options(page) == []
        assert "You predicted" in verdict(page)
        assert any(stop.why == each.value for each in page.main.markdown)
        if number + 1 < len(STOPS):
            press(page, "tour_on")
    assert "You made 9 of 9 predictions" in page.main.success[-1].value
    assert page.session_state["stop"] == 9
    assert page.session_state["guesses"] == "0" * 9


def test_a_link_opens_the_stop_with_its_predictions(tiny_checkpoint: Checkpoint) -> None:
    page = tour(model=tiny_checkpoint.name, stop="3", guesses="1-2").run()
    assert not page.exception
    assert where(page).startswith("Stop 3 of 9")
    assert "It hardly matters" in verdict(page)
    press(page, "tour_back")
    assert len(options(page)) == 3  # no prediction there
    press(page, "tour_back")
    assert "The right one" in verdict(page)


@pytest.mark.parametrize(
    ("query", "stop"),
    [
        ({"stop": "99"}, 9),
        ({"stop": "-1"}, 1),
        ({"stop": "x"}, 1),
        ({"guesses": "9²x"}, 1),
        ({"guesses": "9" * 5000}, 1),
    ],
)
def test_a_wrong_address_is_a_stop_that_there_is(tiny_checkpoint: Checkpoint, query: dict[str, str], stop: int) -> None:
    page = tour(model=tiny_checkpoint.name, **query).run()
    assert not page.exception
    assert where(page).startswith(f"Stop {stop} of 9")
    assert len(options(page)) >= 2


def test_a_prediction_can_be_taken_back(tiny_checkpoint: Checkpoint) -> None:
    page = tour(model=tiny_checkpoint.name, stop="2", guesses="-1").run()
    assert "Less probable" in verdict(page)
    press(page, "tour_again_1")
    assert len(options(page)) == 3


def test_a_model_that_was_not_checked_is_sent_to_trust(tiny_checkpoint: Checkpoint) -> None:
    page = tour(model=tiny_checkpoint.name, stop="9", guesses="--------0").run()
    assert not page.exception
    assert any("was not checked yet" in box.value for box in page.main.info)
    assert any(button.label == "Check it in Trust" for button in page.button)
