"""The tour, run without a browser: on a tiny model, and on one that ships."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from streamlit.testing.v1 import AppTest

from explorer.models.checkpoints import Checkpoint, CheckpointConfig, save_checkpoint
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
    return next(box.value for box in (*page.main.success, *page.main.info) if "The answer is" in box.value)


def answered(page: AppTest) -> str:
    """Which option the model gave."""
    return verdict(page).split("**The answer is** “")[1].split("”")[0]


def explanation(page: AppTest) -> str:
    return " ".join(each.value for each in page.main.markdown)


@pytest.mark.usefixtures("home")
def test_from_the_first_stop_to_the_last() -> None:
    page = tour(model="digits").run()
    assert not page.exception
    for number, stop in enumerate(STOPS):
        assert where(page) == f"Stop {number + 1} of {len(STOPS)}: {stop.title}"
        assert 2 <= len(options(page)) <= 4
        assert not page.main.success  # first the prediction
        assert not page.main.info
        press(page, f"tour_option_{number}_0")
        assert options(page) == []
        assert "You predicted" in verdict(page)
        if number + 1 < len(STOPS):
            press(page, "tour_on")
    assert re.search(r"\d of 9 predictions agreed with the model\.$", page.main.success[-1].value)
    assert page.session_state["stop"] == 9
    assert page.session_state["guesses"] == "0" * 9


def test_a_link_opens_the_stop_with_its_predictions(tiny_checkpoint: Checkpoint) -> None:
    page = tour(model=tiny_checkpoint.name, stop="3", guesses="1-2").run()
    assert not page.exception
    assert where(page).startswith("Stop 3 of 9")
    assert "You predicted** “It hardly matters”" in verdict(page)
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


_EXPLAINED = {
    2: {
        "More probable": "It is not that gray pictures are taken more often",
        "Less probable": "a pale one is unusual",
        "It hardly matters": "the two cancel",
    },
    3: {
        "More probable": "more like the images that it has learned",
        "Less probable": "unlike the images that it has learned",
        "It hardly matters": "Photographs are taken in all lights",
    },
    4: {
        "The one with fewer details": "Noise is what images do not have",
        "The one with noise": "no small details to spare",
    },
    7: {
        "Under 25 %": "only a few large shapes are left undecided",
        "25 % to 75 %": "of the directions are left undecided",
        "Over 75 %": "of the directions are left undecided",
    },
    8: {
        "A code made from the model": "A good density is a good compressor",
        "PNG": "PNG needs fewer here",
        "JPEG XL": "JPEG XL needs fewer here",
    },
}
"""Stop -> answer -> what is said of this answer, and of no other."""


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(("model", "data"), [("digits", "digits"), ("natural32", "digits")])
def test_what_is_explained_is_the_answer_that_was_given(model: str, data: str) -> None:
    page = tour(model=model, guesses="0" * 9).run()
    for number, texts in _EXPLAINED.items():
        page.session_state["stop"] = number
        page.run()
        said, answer = explanation(page), answered(page)
        assert texts[answer] in said
        others = {text for other, text in texts.items() if other != answer} - {texts[answer]}
        assert not any(text in said for text in others)


@pytest.mark.usefixtures("home")
def test_the_code_length_is_that_of_the_levels() -> None:
    page = tour(model="digits", stop="8", guesses="-------0").run()
    bits = float(re.search(r"The model needs ([\d,]+) bits", verdict(page))[1].replace(",", ""))  # type: ignore[index]
    whole, sign, rest = re.search(r"bits: ([\d,]+) ([−+]) ([\d,]+)", explanation(page)).groups()  # type: ignore[union-attr]
    whole, rest = (float(number.replace(",", "")) for number in (whole, rest))
    assert bits == pytest.approx(whole - rest if sign == "−" else whole + rest, abs=1)
    assert "log₂ 17 · 64" in explanation(page)


def test_twins_are_asked_about_the_same_images(tiny_checkpoint: Checkpoint) -> None:
    config = tiny_checkpoint.config
    for name, pictures, change in (("a", 900, 0.0), ("b", 900, 1e-3), ("n100-a", 100, 0.0), ("n100-b", 100, 0.1)):
        with torch.no_grad():
            for weights in tiny_checkpoint.model.parameters():
                weights.mul_(1 + change)
        described = config.model_copy(update={"training": {"training_pictures": pictures}})
        folder = tiny_checkpoint.path.with_name(f"tiny-{name}")
        assert isinstance(described, CheckpointConfig)
        save_checkpoint(folder, tiny_checkpoint.model, described, "# twin\n")
    page = tour(model="tiny", stop="9", guesses="--------0").run()
    assert not page.exception
    assert re.search(r"over 32 images: .* with 900 pictures each; .* with 100 pictures each", verdict(page))
    assert "is not memorized images" in explanation(page)
    assert "further apart" in explanation(page)
    assert any(button.label == "Compare the two on all 179 in Atlas" for button in page.button)
