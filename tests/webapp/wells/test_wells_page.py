"""The page Wells, run without a browser on a tiny model."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from explorer.models.checkpoints import Checkpoint
from explorer.webapp.shell.setting_forms import Unfit
from explorer.webapp.wells.memories import _numbers
from explorer.webapp.wells.remember import _evenly, _why_unknown

ROOT = Path(__file__).parents[3]


@pytest.fixture
def page(tiny_checkpoint: Checkpoint) -> AppTest:
    """Wells with the model `tiny` and the digits, before its first run."""
    app = AppTest.from_file(str(ROOT / "pages" / "wells.py"), default_timeout=300)
    app.query_params.update(model=tiny_checkpoint.name, data="digits")
    return app


def words(page: AppTest) -> str:
    return " ".join(each.value for each in (*page.main.caption, *page.main.markdown))


def test_two_images_split_where_half_their_distance_says(page: AppTest) -> None:
    page.run()
    assert not page.exception
    assert not page.error
    (table,) = page.table
    noise = table.value["Noise"]
    assert noise.iloc[0] == noise.iloc[1]  # by the eigenvalue, and by h^2
    assert "dB" in noise.iloc[2]
    assert "Store a third image" in words(page)
    assert page.session_state["work line"].finished  # the model is small: without a click
    assert page.session_state["work paths"].finished
    assert not page.session_state["work memory"].wanted


def test_three_images_span_a_plane(page: AppTest) -> None:
    page.query_params["memories"] = "0.1.2"
    page.query_params["psnr"] = "20"
    page.run()
    assert not page.exception
    assert not page.error
    energies = page.session_state["work plane"].result
    assert energies.shape == (21 * 21,)
    assert np.isfinite(energies).all()


def test_a_whole_set_can_be_stored(page: AppTest) -> None:
    page.query_params["stored"] = "all"
    page.run()
    assert not page.exception
    assert not page.error
    assert "side of 1" not in words(page)


def test_one_image_is_too_few(page: AppTest, home: Path) -> None:
    (home / "datasets" / "single").mkdir(parents=True)
    Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save(home / "datasets" / "single" / "only.png")
    page.query_params["data"] = "single"
    page.run()
    assert not page.exception
    assert "There is only one image here" in page.error[0].value


def test_a_model_that_does_not_say_how_it_was_trained_is_told(page: AppTest) -> None:
    page.run()
    next(button for button in page.button if button.key == "button memory").click().run()
    assert not page.exception
    assert "does not say how it was trained" in page.error[0].value


@pytest.mark.parametrize(
    ("own", "training", "chosen", "said"),
    [
        ("", {}, "digits", "does not say"),
        ("birds", {"views": 1}, "digits", "Choose birds in the sidebar"),
        ("digits", {"views": 1}, "digits", "All images of digits"),
    ],
)
def test_why_own_images_are_not_known(
    tiny_checkpoint: Checkpoint, own: str, training: dict[str, Any], chosen: str, said: str
) -> None:
    config = tiny_checkpoint.config.model_copy(update={"dataset": own, "training": training})
    assert said in _why_unknown(dataclasses.replace(tiny_checkpoint, config=config), chosen)


def test_of_few_images_each_is_taken_once() -> None:
    assert _evenly(np.zeros(5), 12) == [0, 1, 2, 3, 4]
    assert _evenly(np.zeros(6), 3) == [0, 2, 4]


def test_a_noise_level_between_two_is_the_nearest(page: AppTest) -> None:
    page.query_params["psnr"] = "6.9"
    page.run()
    assert not page.exception
    level = page.slider(key="psnr").value
    assert abs(level - 6.9) <= 1
    assert level % 2 == 0


def test_the_noise_level_stays_where_other_images_have_other_levels(page: AppTest) -> None:
    page.query_params.update(memories="0.1.19", psnr="10")
    page.run()
    lowest = page.slider(key="psnr").min
    page.session_state["memories"] = (1, 19)  # as a click on the first one does
    page.run()
    assert not page.exception
    assert page.slider(key="psnr").min != lowest
    assert page.slider(key="psnr").value == 10


def test_numbers_of_images_are_read_from_the_url() -> None:
    form = _numbers(100)
    assert form.read(form.write((3, 99, 7))) == (3, 99, 7)
    for text, nearest in (("1.2.500", (1, 2)), ("1", None), ("a.b", None), ("", None), ("1.1", None)):
        with pytest.raises(Unfit) as unfit:
            form.read(text)
        assert unfit.value.nearest == nearest
    with pytest.raises(Unfit) as unfit:
        form.read("1.2.3.4.5.6")
    assert unfit.value.nearest == (1, 2, 3, 4, 5)
