"""What is refused before a training starts, and how long it is expected to take."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from explorer.data.building import write_store
from explorer.data.store import Sample
from explorer.errors import ExplorerError
from explorer.training.plan import check_images, check_new_name, free_name, plan, seconds_of, seconds_per_step, steps_in


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EXPLORER_HOME", str(tmp_path))
    return tmp_path


def test_a_name_is_new_and_safe(home: Path) -> None:
    assert check_new_name("mine") == "mine"
    (home / "runs" / "mine").mkdir(parents=True)
    (home / "checkpoints" / "yours").mkdir(parents=True)
    with pytest.raises(ExplorerError, match="training run called mine"):
        check_new_name("mine")
    with pytest.raises(ExplorerError, match="checkpoint called yours"):
        check_new_name("yours")
    with pytest.raises(ExplorerError, match="checkpoint called natural32"):
        check_new_name("natural32")
    for name in ("", "../up", "a b", ".hidden"):
        with pytest.raises(ExplorerError, match="cannot be a name"):
            check_new_name(name)


@pytest.mark.parametrize(
    ("stem", "first"), [("digits", "digits-1"), ("my photos (old)/", "my-photos-old-1"), ("é", "run-1")]
)
def test_a_free_name_is_offered(home: Path, stem: str, first: str) -> None:
    assert free_name(stem) == check_new_name(first)
    (home / "runs" / first).mkdir(parents=True)
    assert free_name(stem) == first[:-1] + "2"


@pytest.mark.parametrize(("training", "validation", "refused"), [(20, 2, False), (19, 2, True), (20, 1, True)])
def test_a_data_set_with_too_few_images_is_refused(
    tmp_path: Path, training: int, validation: int, refused: bool
) -> None:
    def store(count: int):
        images = (Sample(np.zeros((1, 8, 8), np.uint8), -1, str(i)) for i in range(count))
        return write_store(tmp_path / str(count), "mine", lambda _: images, (1, 8, 8), count)

    if refused:
        with pytest.raises(ExplorerError, match=f"{training} images for training and {validation} for validation"):
            check_images(store(training), store(validation))
    else:
        check_images(store(training), store(validation))


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"size": 30}, "multiple of 4"),
        ({"size": 4}, "too small"),
        ({"size": 8, "learning_rate": 0.0}, "learning_rate"),
        ({"size": 8, "batch_size": 0}, "batch_size"),
        ({"size": 8, "steps": 0}, "steps"),
        ({"size": 8, "model_size": "huge"}, "huge"),
    ],
)
def test_invalid_settings_are_refused_with_a_sentence(settings: dict[str, object], sentence: str) -> None:
    with pytest.raises(ExplorerError, match=sentence):
        plan("mine", "photos", **({"steps": 100} | settings))


def test_a_plan_validates_often_enough_to_watch_but_not_more() -> None:
    assert plan("a", "digits", 10, size=8).validate_every >= 10
    long = plan("a", "digits", 48_000, size=8)
    assert 20 <= long.steps / long.validate_every <= 30


def test_steps_fill_the_budget() -> None:
    assert steps_in(2.0, 0.05) == 2160
    assert seconds_of(2160, 0.05) == pytest.approx(120)
    assert steps_in(0.001, 10.0) == 1


def test_a_step_takes_a_measurable_time(home: Path) -> None:
    config = plan("a", "digits", 1, size=8, model_size="tiny", batch_size=2)
    assert 1e-4 < seconds_per_step(config) < 60
    assert not any(home.iterdir()), "nothing is written"
