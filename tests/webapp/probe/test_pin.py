"""An image that is pinned: in the URL, beside the next one, and with another model."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from streamlit.testing.v1 import AppTest

from explorer.images import Crop
from explorer.perturbations import Perturbation
from explorer.webapp.probe.changes import UNCHANGED, Changes, changes_in_words
from explorer.webapp.probe.comparison import verdict
from explorer.webapp.probe.pin import PIN, Pin
from explorer.webapp.shell.origin import Origin
from explorer.webapp.shell.setting_forms import Unfit
from explorer.webapp.shell.subject import subject_of
from tests.conftest import write_tiny_checkpoint
from tests.webapp.shell.test_origin import origins

APP = Path(__file__).parents[3] / "app.py"
CHANGES = st.builds(
    Changes,
    st.builds(
        Perturbation,
        contrast=st.sampled_from([0.0, 0.5, 1.0]),
        brightness=st.sampled_from([-0.5, 0.0, 0.01]),
        noise=st.sampled_from([0.0, 0.005]),
        seed=st.integers(0, 9999),
        clip=st.booleans(),
        jpeg=st.none() | st.integers(1, 100),
    ),
    st.none() | st.integers(-20, 65).map(float),
)


@pytest.mark.usefixtures("home")
@given(origins(["digits"]), CHANGES)
def test_an_address_brings_a_pin_back(origin: Origin, changes: Changes) -> None:
    assert PIN.read(PIN.write(Pin(origin, changes))) == Pin(origin, changes)


def test_an_address_is_short_and_readable() -> None:
    crop = Crop(left=0.3, top=0.5, size=0.9)
    changes = Changes(Perturbation(contrast=0.5, jpeg=10), 20.0)
    pin = Pin(Origin("photograph", "china", crop), changes)
    assert PIN.write(pin) == "photo.china.300-500-900~contrast_0.5~jpeg_10~denoise_20"
    assert PIN.write(Pin(Origin("synthetic", "disk"), UNCHANGED)) == "synthetic.disk"


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    "text",
    [
        *("", "~", "photo.nowhere", "photo.china~", "photo.china~contrast", "photo.china~contrast_9"),
        *("photo.china~contrast_nan", "photo.china~psnr_20", "photo.china~synthetic.disk", "item.1.train./etc"),
        "https://example.org/image.png",
    ],
)
def test_a_wrong_address_is_named(text: str) -> None:
    with pytest.raises(Unfit, match="is no image that can be pinned"):
        PIN.read(text)


def test_an_upload_of_another_visit_is_named() -> None:
    with pytest.raises(Unfit, match="is an upload that this visit does not have"):
        PIN.read("upload.0123456789abcdef")


def test_what_was_done_is_said_in_its_order() -> None:
    changes = Changes(Perturbation(noise=0.1, brightness=-0.2, clip=True, jpeg=10), 20.0)
    assert changes_in_words(changes) == "brightness −0.2, noise 0.1, clipped, JPEG at 10, denoised at 20 dB"
    assert changes_in_words(UNCHANGED) == ""


def test_the_verdict_says_which_is_more_probable() -> None:
    assert verdict(230.2585) == "This image is 10¹⁰⁰ times as probable as the pinned one."
    assert verdict(-230.2585) == "The pinned image is 10¹⁰⁰ times as probable as this one."
    assert verdict(0.0) == "Both are equally probable."
    assert "no ratio" in verdict(float("nan"))


def pin(app: AppTest) -> AppTest:
    return app.button(key="pin_button").click().run()


def table(app: AppTest) -> str:
    return next((each.proto.body for each in app.get("html") if 'class="comparison"' in each.proto.body), "")


def log_p(app: AppTest) -> str:
    return app.metric[0].value.split()[0]


def test_a_pinned_image_stands_beside_the_next(probe: AppTest) -> None:
    assert not table(probe)
    before = log_p(probe)
    probe.slider(key="contrast").set_value(0.5).run()
    pinned = log_p(probe)
    pin(probe)
    assert probe.query_params["pin"] == "photo.china~contrast_0.5"
    assert any(each.value == "**Both are equally probable.**" for each in probe.markdown)
    probe.slider(key="contrast").set_value(1.0).run()
    row = f"<tr><td>log p [dB/dimension]</td><td>{pinned}</td><td>{before}</td>"
    assert row in table(probe)
    probe.selectbox(key="photo").set_value("flower").run()
    assert row not in table(probe)
    assert f"<td>{pinned}</td><td>{log_p(probe)}</td>" in table(probe)
    probe.button(key="unpin_button").click().run()
    assert not table(probe)
    assert "pin" not in probe.query_params
    assert not probe.exception


def test_an_address_pins(probe: AppTest) -> None:
    pin(probe.slider(key="noise").set_value(0.1).run())
    probe.button_group(key="source").set_value("synthetic").run()
    wanted = table(probe)
    again = AppTest.from_file(str(APP), default_timeout=60)
    again.query_params = dict(probe.query_params)
    again.run()
    assert table(again) == wanted != ""


def test_a_pin_is_computed_anew_with_another_model(app: AppTest, home: Path) -> None:
    for name, side in (("small", 8), ("wide", 16)):
        write_tiny_checkpoint(home / "checkpoints" / name, (1, side, side))
    app.query_params.update({"model": "small", "source": "dataset", "item": "3", "data": "digits"})
    pin(app.run())
    text = app.query_params["pin"]
    assert text.startswith("item.3.")
    assert text.endswith(".digits")
    small = table(app)
    app.selectbox(key="model").set_value("wide").run()
    assert not app.exception
    assert not app.error
    assert app.query_params["pin"] == text
    assert table(app) not in ("", small)


@pytest.mark.usefixtures("tiny_checkpoint")
def test_a_pin_beyond_the_end_of_a_data_set_is_told_and_can_be_given_up(app: AppTest) -> None:
    app.query_params["pin"] = "item.999999.all.digits"
    app.run()
    assert "There is no image 999,999 in this part of digits" in app.error[0].value
    assert app.metric
    app.button(key="unpin_button").click().run()
    assert not app.error


def test_an_upload_stays_pinned_in_the_session(probe: AppTest) -> None:
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (30, 20), np.uint8)).save(file, "PNG")
    probe.button_group(key="source").set_value("upload").run()
    probe.file_uploader[0].set_value(("a <b>.png", file.getvalue(), "image/png")).run()
    uploaded = log_p(probe)
    pin(probe)
    assert probe.query_params["pin"].startswith("upload.")
    probe.button_group(key="source").set_value("photograph").run()
    assert f"<td>{uploaded}</td><td>{log_p(probe)}</td>" in table(probe)
    assert any("Pinned: a &lt;b&gt;.png" in each.proto.body for each in probe.get("html"))
    another_visit = AppTest.from_file(str(APP), default_timeout=60)
    another_visit.query_params["pin"] = probe.query_params["pin"]
    another_visit.run()
    assert "is an upload that this visit does not have" in another_visit.main.warning[0].value
    assert not table(another_visit)


def test_the_same_origin_is_cut_anew_at_another_size() -> None:
    origin = Origin("photograph", "china", Crop(left=0.2, top=0.4, size=0.5))
    small, large = (subject_of(origin, (1, side, side)).pixels for side in (8, 64))
    coarse = large.reshape(1, 8, 8, 8, 8).mean((2, 4))
    np.testing.assert_allclose(small, coarse, atol=8)
